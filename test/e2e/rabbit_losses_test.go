//go:build integration

package e2e_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// The tests of losses run alone: a node counts them for all its queues together, and
// every lostorder that watches it tells of them.

// TestRealRabbitDroppedMessagesAreLost: of the queue that dropped them, beside one that
// an operator purges at the same time.
func TestRealRabbitDroppedMessagesAreLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("too-old", "classic", "x-message-ttl", 2000)
		b.declare("too-many", "classic", "x-max-length", 3)
		b.declare("purged", "classic")
		p := start(t, b.watch(within(time.Hour)))
		p.lenient = true // that messages will expire is said, too
		p.cycles(12)
		b.send("too-old", orders(5)...)
		b.send("too-many", orders(7)...)
		b.send("purged", orders(9)...)
		p.cycles(2)
		if _, err := b.channel.QueuePurge("purged", false); err != nil {
			t.Fatal(err)
		}
		for queue, reason := range map[string]string{"too-old": "expired (5)", "too-many": "maxlen (4)"} {
			f := p.find(signal.MessageLost, b.subject(queue))
			eventually(t, "it says how many and why", func() (bool, string) {
				f = p.byID(f.ID)
				return evidence(f, "reason") == reason, inJSON(f)
			})
		}
		p.cycles(12)
		for _, f := range p.findings() {
			if f.Mode == signal.MessageLost && !p.expected[f.ID] {
				t.Errorf("a false word: %s", inJSON(f))
			}
		}
	})
}

func TestRealRabbitUnroutableMessagesAreLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("orders", "classic")
		p := start(t, b.watch(within(time.Minute)))
		p.cycles(12)
		b.send("nobody", orders(4)...)
		f := p.find(signal.MessageLost, signal.Subject{System: signal.RabbitMQ, Cluster: "main"})
		p.counts(f, 4)
		p.says(p.byID(f.ID), "reason", "unroutable_dropped (4)")
	})
}

// TestRealRabbitWhatIsKeptOrRemovedOnPurposeIsNotLost: an operator purges and deletes,
// and what a queue gives up goes to another.
func TestRealRabbitWhatIsKeptOrRemovedOnPurposeIsNotLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("bin", "classic")
		kept := []any{"x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin"}
		b.declare("too-many", "classic", append([]any{"x-max-length", 2}, kept...)...)
		b.declare("too-old", "quorum", append([]any{"x-message-ttl", 1000}, kept...)...)
		b.declare("purged", "quorum", "x-max-length", 1000)
		b.declare("deleted", "classic", "x-message-ttl", 600_000)
		b.send("purged", orders(50)...)
		b.send("deleted", orders(50)...)
		b.shows("purged", `"messages_ready":50`)
		p := start(t, b.watch(within(time.Minute)))
		p.cycles(12)
		b.send("too-many", orders(6)...)
		b.send("too-old", orders(6)...)
		if _, err := b.channel.QueuePurge("purged", false); err != nil {
			t.Fatal(err)
		}
		b.call("DELETE", "/api/queues/"+url.PathEscape(b.vhost)+"/deleted", "")
		f := p.find(signal.DLQFilling, b.subject("bin"))
		p.counts(f, 10)
		p.silent(2 * rabbitAge)
	})
}
