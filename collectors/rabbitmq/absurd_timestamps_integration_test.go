//go:build integration

package rabbitmq_test

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealAbsurdTimestampsAreNoAges: publishers set the timestamp of a message, which the
// broker reports of the head of a classic queue, dead letter queues included.
func TestRealAbsurdTimestampsAreNoAges(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		now := time.Now().Truncate(time.Second)
		cases := map[string]struct {
			at   time.Time
			want time.Duration // 0: none
		}{
			"none":            {time.Time{}, 0},
			"zero":            {time.Unix(0, 0), 0},
			"negative":        {time.Unix(-600, 0), 0},
			"in milliseconds": {time.Unix(now.UnixMilli(), 0), 0},
			"in minutes":      {time.Unix(now.Unix()/60, 0), 0},
			"of 1990":         {time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), 0},
			"far ahead":       {now.Add(100 * 365 * 24 * time.Hour), 0},
			"an hour ahead":   {now.Add(time.Hour), 0},
			"of yesterday":    {now.Add(-24 * time.Hour), 24 * time.Hour}, // which is none of them
		}
		for name, c := range cases {
			b.declare(name+".dead", nil)
			b.declare(name, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name + ".dead"})
			for range 2 {
				if err := b.channel.PublishWithContext(t.Context(), "", name, false, false, amqp.Publishing{Timestamp: c.at, Body: []byte("order")}); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range b.take(name, 1) { // a dead letter with the same timestamp
				if err := d.Reject(false); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.channel.Cancel(name, false); err != nil {
				t.Fatal(err)
			}
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		yesterday := func(r signal.Report) bool {
			q, d := queueOf(r, b.name("of yesterday")), deadOf(r, b.name("of yesterday.dead"))
			return q != nil && d != nil && q.Oldest.Bound == signal.Measured && d.Oldest.Bound == signal.Measured && d.Messages == 1
		}
		b.await(reader, yesterday)
		r := b.await(reader, yesterday) // the heads are read of queues that had a backlog before
		for name, c := range cases {
			for what, age := range map[string]signal.Age{"the head": queueOf(r, b.name(name)).Oldest, "the dead letter": deadOf(r, b.name(name+".dead")).Oldest} {
				old := age.At(signal.InstantOf(time.Now()))
				if c.want == 0 && (age.Bound == signal.Measured || old < 0 || old > 3*time.Minute) {
					t.Errorf("%s, %s: the age is %s (%s)", name, what, old, age.Bound)
				}
				if c.want > 0 && (age.Bound != signal.Measured || old < c.want || old > c.want+3*time.Minute) {
					t.Errorf("%s, %s: the age is %s (%s), want %s", name, what, old, age.Bound, c.want)
				}
			}
		}
	})
}

func deadOf(r signal.Report, name string) *signal.DeadLetterQueue {
	for i := range r.DeadLetters {
		if r.DeadLetters[i].Destination == name {
			return &r.DeadLetters[i]
		}
	}
	return nil
}
