package config_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

func TestPlacesHoldNoValueOfTheFile(t *testing.T) {
	_, err := config.Parse("test.yml", []byte("kafka: [{name: a, brokers: [b], interval: hunter2}]\n"), "", sections)
	problems, ok := err.(config.Errors) //nolint:errorlint // it is what Parse returns
	if !ok {
		t.Fatalf("got %v", err)
	}
	text := problems.Places().Error()
	if strings.Contains(text, "hunter2") || !strings.HasPrefix(text, "test.yml:1:") {
		t.Errorf("places are %q", text)
	}
}
