//go:build integration

package rabbitmq_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealQueuesThatDisappearWithTheirMessagesLoseThem: one expires by its argument, one by
// a policy, an operator deletes one; an empty queue and one for replies are benign twins.
func TestRealQueuesThatDisappearWithTheirMessagesLoseThem(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		const after = 20_000
		b.call("PUT", "/api/policies/"+url.PathEscape(b.vhost)+"/short", fmt.Sprintf(`{"pattern":"^by-policy$","apply-to":"queues","definition":{"expires":%d}}`, after))
		b.declare("by-argument", amqp.Table{"x-expires": after})
		b.declare("by-policy", nil)
		b.declare("by-operator", nil)
		b.declare("stays", nil)
		b.declare("empty", amqp.Table{"x-expires": after})
		b.declare("celery@w.celery.pidbox", amqp.Table{"x-expires": after, "x-message-ttl": 300_000})
		for name, n := range map[string]int{"by-argument": 5, "by-policy": 3, "by-operator": 2, "celery@w.celery.pidbox": 1, "stays": 1} {
			b.publish("", name, n)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		detector := detect.New()
		var expiring []string
		take := func(so func(r signal.Report) bool) {
			r := b.await(reader, so)
			r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), 5*time.Second
			for _, c := range detector.Observe(&r) {
				if c.Kind == detect.Opened && c.Finding.Mode == signal.MessageExpiring {
					expiring = append(expiring, strings.TrimPrefix(c.Finding.Subject.Destination, b.vhost+"/"))
				}
			}
		}
		all := func(r signal.Report) bool {
			held := signal.Count(0)
			for i := range r.Queues {
				held += max(0, r.Queues[i].Ready)
			}
			return held == 12 && queueOf(r, b.name("by-policy")).Setup != nil && queueOf(r, b.name("by-policy")).Setup.ExpiresUnused > 0
		}
		gone := func(r signal.Report) bool { return len(r.Queues) == 1 }
		take(all)
		for range 6 { // until more than half of the time is over
			time.Sleep(2 * time.Second)
			take(func(signal.Report) bool { return true })
		}
		if _, err := b.channel.QueueDelete("by-operator", false, false, false); err != nil {
			t.Fatal(err)
		}
		ended := false
		for deadline := time.Now().Add(time.Minute); !ended && time.Now().Before(deadline); time.Sleep(2 * time.Second) {
			take(func(r signal.Report) bool { ended = gone(r); return true })
		}
		take(gone)
		var lost []string
		for _, f := range detector.Open() {
			if f.Mode == signal.MessageLost {
				reason, _ := f.Evidence.Find("reason")
				lost = append(lost, fmt.Sprintf("%s: %d %s", strings.TrimPrefix(f.Subject.Destination, b.vhost+"/"), f.Count, reason.Value))
			}
		}
		slices.Sort(lost)
		slices.Sort(expiring)
		if want := []string{"by-argument: 5 queue_expired", "by-operator: 2 queue_deleted", "by-policy: 3 queue_expired"}; !slices.Equal(lost, want) {
			t.Errorf("lost %q, want %q", lost, want)
		}
		if want := []string{"by-argument", "by-policy"}; !slices.Equal(expiring, want) {
			t.Errorf("expiring %q, want %q", expiring, want)
		}
	})
}
