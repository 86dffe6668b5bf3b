package sqs

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

func TestSemanticsAreThoseThatDecisionsAreTestedWith(t *testing.T) {
	if want := *signaltest.Semantics(signal.SQS); semantics != want {
		t.Errorf("got %+v, want %+v", semantics, want)
	}
}
