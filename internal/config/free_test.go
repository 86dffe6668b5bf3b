package config_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

func TestFreeKeysOfTheTopLevelHoldAnchors(t *testing.T) {
	const text = `
x-brokers: &brokers [kafka-1:9092, kafka-2:9092]
x-anything: {at: all}
kafka:
  - {name: main, brokers: *brokers}
`
	if _, err := config.ParseWith(text, ".", sections, nil); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := config.ParseWith("kafka: [{name: a, brokers: [b], x-own: 1}]", ".", sections, nil); err == nil {
		t.Error("a key that begins with x- is accepted below the top level")
	}
}
