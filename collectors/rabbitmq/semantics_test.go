package rabbitmq

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

func TestSemanticsAreThoseThatDecisionsAreTestedWith(t *testing.T) {
	if want := *signaltest.Semantics(signal.RabbitMQ); semantics != want {
		t.Errorf("got %+v, want %+v", semantics, want)
	}
}
