package detect_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDecisionsNameNoBroker keeps decisions and exports free of what is special about one
// broker: a source declares its signal.Semantics instead.
func TestDecisionsNameNoBroker(t *testing.T) {
	brand := regexp.MustCompile(`(?i)kafka|rabbit|sqs`)
	constant := regexp.MustCompile(`signal\.(Kafka|RabbitMQ|SQS)\b`)
	for folder, forbidden := range map[string]*regexp.Regexp{
		".": brand, "../phrase": brand, "../checkup": brand, "../telemetry": constant, "../web": constant,
	} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if found := forbidden.FindString(line); found != "" {
					t.Errorf("%s:%d names %s: let the source say it by signal.Semantics", path, i+1, found)
				}
			}
		}
	}
}
