package rabbitmq_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestUnroutableMessagesNameTheirExchangeAndTheRemovedBinding: the node counts them for all
// exchanges together.
func TestUnroutableMessagesNameTheirExchangeAndTheRemovedBinding(t *testing.T) {
	f := serve(t)
	f.set("/api/exchanges", `[{"vhost":"/","name":"","type":"direct"},{"vhost":"/","name":"shop","type":"topic"}]`)
	bound := `[{"vhost":"/","source":"shop","destination":"orders","destination_type":"queue","routing_key":"ord.new"},{"vhost":"/","source":"shop","destination":"mail","destination_type":"queue","routing_key":"ord.paid"}]`
	f.set("/api/bindings", bound)
	reader := rabbitmq.NewReader(settings(t, f.URL, "interval: 100ms", "timeout: 5s"))
	defer func() { _ = reader.Close() }()
	// from reads until it is so: node metrics are read at their own interval.
	from := func(so func(from string) bool) string {
		got := ""
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			var r signal.Report
			if err := reader.Read(t.Context(), &r); err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Losses {
				if l.Reason == "unroutable_dropped" {
					got = l.From
				}
			}
			if so(got) {
				break
			}
		}
		return got
	}
	if got := from(func(string) bool { return true }); got != "" {
		t.Errorf("got %q before anything was lost", got)
	}
	f.set("/api/bindings", strings.ReplaceAll(bound, `,{"vhost":"/","source":"shop","destination":"mail","destination_type":"queue","routing_key":"ord.paid"}`, ""))
	f.set("/metrics", strings.ReplaceAll(f.answers["/metrics"], `unroutable_dropped_total{protocol="amqp091"} 5`, `unroutable_dropped_total{protocol="amqp091"} 12`))
	f.set("/metrics/detailed", detailed+`rabbitmq_detailed_exchange_messages_unroutable_dropped_total{vhost="/",exchange="shop"} 7
`)
	got := from(func(from string) bool {
		return strings.Contains(from, "removed") && strings.Contains(from, "published")
	})
	for _, want := range []string{"7 messages published to exchange shop", `the binding of exchange shop to queue mail with routing key "ord.paid" was removed`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	f.set("/api/bindings", bound)
	if got := from(func(from string) bool { return !strings.Contains(from, "removed") }); strings.Contains(got, "removed") {
		t.Errorf("got %q, and the binding is back", got)
	}
}
