//go:build integration

package rabbitmq_test

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealAgeOfABacklogDoesNotFallWhileMessagesArrive: the messages have no timestamps, some
// arrive before each reading, and none is processed. The broker samples what was published and
// the depth at different moments, up to 5 s apart; fewer arrive in that time than wait.
func TestRealAgeOfABacklogDoesNotFallWhileMessagesArrive(t *testing.T) {
	const backlog = 200
	const arrivals = 4 // times that the broker shows more published messages
	eachBroker(t, func(t *testing.T, b *broker) {
		kinds := []string{"classic", "quorum"}
		for _, kind := range kinds {
			b.declare(kind, amqp.Table{"x-queue-type": kind})
			b.publish("", kind, backlog)
			b.take(kind, 1)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		since, published, seen := map[string]signal.Instant{}, map[string]int64{}, map[string]int{}
		b.await(reader, func(r signal.Report) bool {
			done := true
			for _, kind := range kinds {
				q := queueOf(r, b.name(kind))
				if since[kind] != 0 && (q == nil || !q.Oldest.Known()) {
					t.Fatalf("the age of %s was known, and is not any more", kind)
				}
				if q == nil || q.Published < backlog || !q.Oldest.Known() {
					done = false
					continue
				}
				if before, known := since[kind]; known && q.Oldest.Since > before {
					t.Fatalf("the backlog of %s is younger by %s, and nothing left it", kind, time.Duration(q.Oldest.Since-before)*time.Millisecond)
				}
				if since[kind] = q.Oldest.Since; int64(q.Published) > published[kind] {
					published[kind] = int64(q.Published)
					seen[kind]++
				}
				b.publish("", kind, 1)
				done = done && seen[kind] > arrivals
			}
			return done
		})
	})
}
