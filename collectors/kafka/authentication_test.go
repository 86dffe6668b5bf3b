package kafka_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
)

func TestExamplesOfAuthenticationLoad(t *testing.T) {
	t.Setenv("KAFKA_PASSWORD", password)
	text, err := os.ReadFile("authentication.md")
	if err != nil {
		t.Fatal(err)
	}
	var mechanisms []string
	for _, example := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		f, err := config.Parse("authentication.md", example[1], ".", []config.Section{kafka.Source().Section})
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
			continue
		}
		mechanism := "mTLS"
		if c := config.Items[kafka.Config](f, "kafka")[0]; c.SASL != nil {
			mechanism = c.SASL.Mechanism
		}
		mechanisms = append(mechanisms, mechanism)
	}
	if want := []string{"SCRAM-SHA-512", "OAUTHBEARER", "OAUTHBEARER", "OAUTHBEARER", "mTLS", "AWS_MSK_IAM", "GSSAPI", "GSSAPI"}; !slices.Equal(mechanisms, want) {
		t.Errorf("the examples have %q, want %q", mechanisms, want)
	}
}
