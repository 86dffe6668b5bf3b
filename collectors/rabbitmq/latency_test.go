package rabbitmq_test

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

var update = flag.Bool("update", false, "write the table of docs/latency.md")

// counted shows the queue "new" with so many messages, consumers and deliveries of the same message.
func counted(messages, consumers, again int) string {
	text := detailed
	for name, value := range map[string]int{
		"messages_ready": messages, "messages_unacked": consumers, "consumers": consumers,
		"messages_acked_total": 0, "messages_delivered_ack_total": again, "messages_redelivered_total": again,
	} {
		text += fmt.Sprintf("rabbitmq_detailed_queue_%s{vhost=\"/\",queue=\"new\"} %d\n", name, value)
	}
	return text
}

// TestFindingsComeWithinOneIntervalOfWhenTheyCouldBeDecided changes a broker at different moments between two readings,
// with the default config_interval, and compares the table with the page.
func TestFindingsComeWithinOneIntervalOfWhenTheyCouldBeDecided(t *testing.T) {
	const (
		declared = `[{"vhost":"/","name":"new","type":"classic","arguments":{}},`
		policy   = `[{"vhost":"/","pattern":"^new$","apply-to":"all","priority":9,"definition":{"dead-letter-exchange":"dlx","dead-letter-routing-key":"ord.x"}}]`
		ofOrders = "/api/exchanges/%2F/dlx/bindings/source"
	)
	declare := func(v *virtual) { v.set("/api/queues", declared+strings.TrimPrefix(v.queues, "[")) }
	table := collectortest.Latency{Source: "rabbitmq", Interval: interval}
	for _, story := range []struct {
		happened string
		mode     signal.Mode
		queue    string
		before   func(v *virtual)
		change   func(v *virtual)
		goOn     func(v *virtual, reading int)
		after    time.Duration // from when it can be decided
		when     string
	}{
		{
			happened: "a queue without a dead letter queue is declared", mode: signal.DLQMissing, queue: "new", after: 5 * time.Minute, when: "`max_age` later",
			change: func(v *virtual) { declare(v); v.set("/metrics/detailed", counted(0, 0, 0)) },
		},
		{
			happened: "the policy that gives a queue its dead letter exchange is removed", mode: signal.DLQMissing, queue: "new", after: 5 * time.Minute, when: "`max_age` later",
			before: func(v *virtual) {
				declare(v)
				v.set("/metrics/detailed", counted(0, 0, 0))
				v.set("/api/policies", policy)
			},
			change: func(v *virtual) { v.set("/api/policies", `[]`) },
		},
		{
			happened: "the last binding of a dead letter exchange is removed", mode: signal.DLQMissing, queue: "orders", after: 5 * time.Minute, when: "`max_age` later",
			change: func(v *virtual) { v.set("/api/bindings", `[]`); v.set(ofOrders, `[]`) },
		},
		{
			happened: "a dead letter exchange is deleted", mode: signal.DLQMissing, queue: "orders", after: 5 * time.Minute, when: "`max_age` later",
			change: func(v *virtual) {
				v.set("/api/bindings", `[]`)
				v.set("/api/exchanges", `[]`)
				v.fail(ofOrders, http.StatusNotFound)
			},
		},
		{
			happened: "a message in a new queue is delivered again and again", mode: signal.RetryLoop, queue: "new", after: 5 * time.Minute, when: "`max_age` later",
			change: declare,
			goOn:   func(v *virtual, reading int) { v.set("/metrics/detailed", counted(1, 1, 50*reading)) },
		},
		{
			happened: "a message is delivered again and again in a queue that was idle", mode: signal.RetryLoop, queue: "new", after: 5 * time.Minute, when: "`max_age` later",
			before: func(v *virtual) { declare(v); v.set("/metrics/detailed", counted(0, 0, 0)) },
			goOn:   func(v *virtual, reading int) { v.set("/metrics/detailed", counted(1, 1, 50*reading)) },
		},
		{
			happened: "messages arrive in a new queue without consumers", mode: signal.ConsumerAbsent, queue: "new", after: 5 * time.Minute, when: "`absent_after` later",
			change: func(v *virtual) {
				declare(v)
				v.set("/metrics/detailed", counted(5, 0, 0))
			},
		},
	} {
		var late []time.Duration
		for readings := 2; readings < 24; readings += 3 {
			inVirtualTime(t, 0, func(v *virtual) {
				v.set(ofOrders, boundToFailed)
				v.set("/api/queues/%2F/new", `{"consumers":0}`)
				if story.before != nil {
					story.before(v)
				}
				detector := detect.New()
				found := func() bool {
					r := v.next()
					r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), interval
					for _, c := range detector.Observe(&r) {
						if c.Kind == detect.Opened && c.Finding.Mode == story.mode && c.Finding.Subject.Destination == story.queue {
							return true
						}
					}
					return false
				}
				for range readings {
					if found() {
						v.t.Fatalf("%s: found before it happened", story.happened)
					}
				}
				began := time.Now()
				if story.change != nil {
					story.change(v)
				}
				for i := 1; ; i++ {
					if story.goOn != nil {
						story.goOn(v, i)
					}
					if found() {
						late = append(late, time.Since(began)-story.after)
						return
					}
					if time.Since(began) > story.after+time.Hour {
						v.t.Fatalf("%s: not found", story.happened)
					}
				}
			})
		}
		table.Add(t, story.mode, story.happened, story.when, interval, late...)
	}
	table.Check(t, "../../docs/latency.md", *update)
}
