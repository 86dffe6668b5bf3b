//go:build integration

package fakesqs_test

import (
	"os"
	"testing"
)

// TestRealSQSBehavesTheSame holds the embedded server against one that is not ours.
func TestRealSQSBehavesTheSame(t *testing.T) {
	endpoint := os.Getenv("SQS_ENDPOINT")
	if endpoint == "" {
		t.Fatal("SQS_ENDPOINT is not set; run: test/parts/run --parts=sqs go test -tags=integration ./internal/fakesqs/")
	}
	behaves(t, endpoint)
}
