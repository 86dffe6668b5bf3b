//go:build integration

package rabbitmq_test

import (
	"net/url"
	"testing"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealPolicyWithANegativeLookaheadApplies(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, name := range []string{"orders", "graveyard"} {
			b.declare(name, nil)
		}
		b.call("PUT", "/api/policies/"+url.PathEscape(b.vhost)+"/dead-letters",
			`{"pattern":"^(?!amq\\.|graveyard).*","apply-to":"queues","definition":{"dead-letter-exchange":"","dead-letter-routing-key":"graveyard"}}`)
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool { return len(r.Queues) == 2 && len(r.DeadLetters) == 1 })
		if route := queueOf(r, b.name("orders")).Setup.DeadLettering.Route; route != signal.RouteSet {
			t.Errorf("orders: route %d", route)
		}
		if route := queueOf(r, b.name("graveyard")).Setup.DeadLettering.Route; route != signal.RouteNone {
			t.Errorf("graveyard: route %d", route)
		}
	})
}
