package sqs_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestMessagesThatAreLostUnderSteadyInflowAreCounted: ten messages arrive a minute, consumers
// process two, and the retention removes the rest. The depth stays the same. Beside it a
// queue with the same traffic whose consumers keep up, and one that gives up what fails.
func TestMessagesThatAreLostUnderSteadyInflowAreCounted(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		shop := newServices(t, v.client(), nil, redrive)
		shop.make = func(name string, attributes ...string) string { return create(t, shop.client, name, attributes...) }
		shop.queue("orders", "MessageRetentionPeriod", "3600")
		shop.queue("kept-up", "MessageRetentionPeriod", "3600")
		shop.queue("failing-dead", "MessageRetentionPeriod", "1209600")
		shop.queue("failing", "MessageRetentionPeriod", "3600", "VisibilityTimeout", "0", "RedrivePolicy", redrive("failing-dead", 2))
		detector, reader := detect.New(), v.watch("objectives: [{dlq: none}]")
		sent, deleted := 0, 0
		var found *signal.Finding
		v.minutes(reader, 151, func(minute int, r signal.Report, took time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
			r.At, r.Duration, r.Interval = time.Now(), took, time.Minute
			detector.Observe(&r)
			found = nil
			for _, f := range detector.Open() {
				if f.Mode != signal.MessageLost {
					continue
				}
				if f.Subject.Destination != "orders" {
					t.Fatalf("minute %d: %s lost: %s", minute, f.Subject.Destination, f.Summary)
				}
				found = &f
			}
			if found != nil {
				// What is gone by now: SQS counts neither sent nor deleted messages at once.
				gone := int64(sent-deleted) - int64(queueIn(t, r, "orders").Ready)
				least, most := bounds(t, found)
				if least > gone {
					t.Errorf("minute %d: at least %d lost, %d are gone", minute, least, gone)
				}
				if late := gone - most; late > 80 { // CloudWatch is up to eight minutes late
					t.Errorf("minute %d: at most %d lost, %d are gone", minute, most, gone)
				}
			}
			process := func(n int32) {
				messages := receive(t, shop.client, shop.urls["orders"], n, 60)
				remove(t, shop.client, shop.urls["orders"], messages)
				deleted += len(messages)
			}
			switch {
			case minute < 130:
				shop.send("orders", 10)
				sent += 10
				process(2)
				shop.send("kept-up", 10)
				shop.receive("kept-up", 10, 60, true)
				shop.send("failing", 2)
				shop.receive("failing", 10, 0, false)
				shop.receive("failing", 10, 0, false)
			case minute == 130: // consumers process the rest, and the counts catch up
				for range 60 {
					process(10)
				}
			}
		})
		if found == nil {
			t.Fatal("nothing was found")
		}
		least, most := bounds(t, found)
		q := v.watch()
		var r signal.Report
		if err := q.Read(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		gone := int64(sent-deleted) - int64(queueIn(t, r, "orders").Ready)
		if least > gone || most < gone || most-least > 30 {
			t.Errorf("lost between %d and %d, want %d within at most 30", least, most, gone)
		}
	})
}

// bounds returns how many messages a finding says were lost, at least and at most.
func bounds(t *testing.T, f *signal.Finding) (least, most int64) {
	t.Helper()
	for name, to := range map[string]*int64{"lost_messages": &least, "lost_messages_at_most": &most} {
		fact, ok := f.Evidence.Find(name)
		if !ok {
			most = max(least, most)
			continue
		}
		fields := strings.Fields(fact.Value.String())
		n, err := strconv.ParseInt(fields[len(fields)-1], 10, 64)
		if err != nil {
			t.Fatalf("%s is %q", name, fact.Value)
		}
		*to = n
	}
	return least, max(least, most)
}
