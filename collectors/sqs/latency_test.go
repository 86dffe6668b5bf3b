package sqs_test

import (
	"flag"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

var update = flag.Bool("update", false, "write the table of docs/latency.md")

// TestFindingsComeWithinOneIntervalOfWhenTheyCouldBeDecided changes queues just after a reading, with the default
// intervals, and compares the table with the page. What is decided from CloudWatch may also wait for
// its metrics.
func TestFindingsComeWithinOneIntervalOfWhenTheyCouldBeDecided(t *testing.T) {
	const (
		interval   = time.Minute
		next       = interval + time.Second // a reading takes its time besides
		cloudWatch = next + 8*time.Minute   // cloudwatch.interval and cloudwatch.delay
	)
	loops := func(s *services) { s.receive("orders", 1, 0, false) }
	table := collectortest.Latency{Source: "sqs", Interval: interval}
	for _, story := range []struct {
		happened string
		mode     signal.Mode
		queue    string
		before   func(s *services)
		change   func(s *services)
		goOn     func(s *services)
		after    time.Duration // from when it can be decided
		when     string
		most     time.Duration // after that
	}{
		{
			happened: "a queue without a redrive policy is created", mode: signal.DLQMissing, queue: "orders", after: 10 * time.Minute, when: "10 minutes later, or `max_age`", most: next,
			change: func(s *services) { s.queue("orders") },
		},
		{
			happened: "the redrive policy of a queue is removed", mode: signal.DLQMissing, queue: "orders", after: 10 * time.Minute, when: "10 minutes later, or `max_age`", most: next,
			before: func(s *services) { s.queue("orders", "RedrivePolicy", redrive("kept-dead", 3)) },
			change: func(s *services) { s.set("orders", "") },
		},
		{
			happened: "a queue that is not watched gets a redrive policy, and then the first dead letter arrives", mode: signal.DLQFilling, queue: "orders", when: "at once", most: next,
			before: func(s *services) { s.queue("orders") },
			change: func(s *services) { s.set("unwatched", redrive("orders", 3)); s.send("orders", 1) },
		},
		{
			happened: "a message is received again and again", mode: signal.RetryLoop, queue: "orders", after: 32 * time.Minute, when: "after 4 × (`cloudwatch.interval` + `cloudwatch.delay`), or `max_age`", most: cloudWatch,
			before: func(s *services) { s.queue("orders", "VisibilityTimeout", "0") },
			change: func(s *services) { s.send("orders", 1) },
			goOn:   loops,
		},
		{
			happened: "messages arrive in a queue without consumers", mode: signal.ConsumerAbsent, queue: "orders", after: 15 * time.Minute, when: "`absent_after` later", most: cloudWatch,
			before: func(s *services) { s.queue("orders") },
			change: func(s *services) { s.send("orders", 5) },
		},
	} {
		var late []time.Duration
		for readings := 2; readings < 12; readings++ {
			inVirtualTime(t, func(t *testing.T, v *virtual) {
				shop := newServices(t, v.client(), nil, redrive)
				shop.make = func(name string, attributes ...string) string { return create(t, shop.client, name, attributes...) }
				shop.queue("kept-dead")
				shop.queue("unwatched")
				if story.before != nil {
					story.before(shop)
				}
				detector, reader, began, done := detect.New(), v.watch("queues: {exclude: unwatched}"), time.Time{}, false
				v.minutes(reader, readings+120, func(i int, r signal.Report, took time.Duration, err error) {
					if err != nil {
						t.Fatal(err)
					}
					r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
					r.At, r.Duration, r.Interval = time.Now(), took, interval
					for _, c := range detector.Observe(&r) {
						if done || c.Kind != detect.Opened || c.Finding.Mode != story.mode || c.Finding.Subject.Destination != story.queue {
							continue
						}
						if done = true; began.IsZero() {
							t.Fatalf("%s: found before it happened", story.happened)
						}
						late = append(late, time.Since(began)-story.after)
					}
					if i == readings {
						began = time.Now()
						story.change(shop)
					}
					if i >= readings && story.goOn != nil {
						story.goOn(shop)
					}
				})
			})
		}
		if len(late) != 10 {
			t.Errorf("%s: found %d times in 10", story.happened, len(late))
		}
		table.Add(t, story.mode, story.happened, story.when, story.most, late...)
	}
	table.Check(t, "../../docs/latency.md", *update)
}
