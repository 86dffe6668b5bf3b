//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealRabbitDeadConsumerIsAbsent(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		for _, kind := range []string{"classic", "quorum"} {
			b.declare(kind, kind)
			b.send(kind, "o-1")
		}
		classic, quorum := b.work("classic", 10, ack(0)), b.work("quorum", 10, ack(0))
		b.shows("classic", `"consumers":1`, `"messages_ready":0`)
		b.shows("quorum", `"consumers":1`, `"messages_ready":0`)
		p := start(t, b.watchQueues())
		b.sees(p, "lostorder_queue_consumers", 1, "classic")
		b.sees(p, "lostorder_queue_consumers", 1, "quorum")
		b.sees(p, "lostorder_queue_acknowledged_messages_total", 1, "quorum")
		p.silent(rabbitAge)

		classic.stop()
		quorum.stop()
		for _, kind := range []string{"classic", "quorum"} {
			b.send(kind, "o-2", "o-3")
			f := p.find(signal.ConsumerAbsent, b.subject(kind))
			p.says(f, "consumers", "0", "waiting_messages", "2")
			if f.Count != 2 || f.Severity != signal.Critical {
				t.Errorf("got %s", inJSON(f))
			}
			b.work(kind, 10, ack(0))
			p.closes(f)
		}
	})
}

func TestRealRabbitHangingConsumerIsStalled(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		for _, kind := range []string{"classic", "quorum"} {
			b.declare(kind, kind)
			b.send(kind, orders(5)...)
			b.work(kind, 2, hold)
		}
		p := start(t, b.watchQueues())
		for _, kind := range []string{"classic", "quorum"} {
			f := p.find(signal.ConsumerStalled, b.subject(kind))
			p.says(f, "position", "0 processed, 5 wait", "waiting_messages", "5", "consumers", "1")
			if f.Severity != signal.Critical {
				t.Errorf("got %s", inJSON(f))
			}
			b.sees(p, "lostorder_queue_messages", 2, kind, "messaging_message_state=in_flight")
			b.sees(p, "lostorder_queue_messages", 3, kind, "messaging_message_state=ready")
		}
		p.silent(rabbitAge)
	})
}

// TestRealRabbitBenignQueuesOpenNoFinding has every benign twin side by side in one virtual
// host.
func TestRealRabbitBenignQueuesOpenNoFinding(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("idle", "quorum")
		b.declare("idle-with-consumer", "classic")
		b.work("idle-with-consumer", 1, ack(0))
		b.declare("slow", "classic")
		b.send("slow", orders(60)...)
		b.work("slow", 1, ack(rabbitAge/6))
		b.declare("slow-quorum", "quorum")
		b.send("slow-quorum", orders(60)...)
		b.work("slow-quorum", 1, ack(rabbitAge/6))
		b.declare("burst", "classic")
		b.work("burst", 5, ack(20*time.Millisecond))
		b.declare("purged", "classic")
		b.work("purged", 1, ack(rabbitAge/6))
		b.declare("deployed", "quorum")
		b.declare("log", "stream")
		b.send("log", orders(20)...)
		p := start(t, b.watch(within(4*rabbitAge)))

		n := 0
		repeat(t, 200*time.Millisecond, func() error { n++; return b.write("deployed", fmt.Sprint("o-", n)) })
		deployed := b.work("deployed", 10, ack(0))
		for round := range 3 {
			b.send("burst", orders(150)...)
			b.send("purged", orders(30)...)
			p.silent(rabbitAge / 3)
			deployed.stop()
			if _, err := b.channel.QueuePurge("purged", false); err != nil {
				t.Fatal(err)
			}
			p.silent(rabbitAge / 2)
			deployed = b.work("deployed", 10, ack(0))
			fresh := fmt.Sprint("declared-a-moment-ago-", round)
			b.declare(fresh, "classic")
			b.send(fresh, "o-1")
			b.work(fresh, 1, ack(0))
			p.silent(rabbitAge / 2)
		}
		p.silent(2 * rabbitAge)
		b.sees(p, "lostorder_queue_messages", 0, "idle", "messaging_message_state=ready")
	})
}
