package sqs_test

import (
	"maps"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestMessagesThatBecomeTooOldAreLost plays hours in no time on the embedded server,
// which removes what is older than a queue keeps it. The server that is not ours cannot
// play it: moto counts a message that is too old forever, and measures no ages.
func TestMessagesThatBecomeTooOldAreLost(t *testing.T) {
	const keeps = 120 // minutes
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		shop := newServices(t, v.client(), nil, redrive)
		shop.make = func(name string, attributes ...string) string { return create(t, shop.client, name, attributes...) }
		retention := []string{"MessageRetentionPeriod", "7200"}
		for name, n := range map[string]int{"unread": 5, "slow": 60, "purged": 5, "worked-off": 8, "kept-up": 2} {
			shop.queue(name, retention...)
			shop.send(name, n)
		}
		shop.queue("given-up-dead", "MessageRetentionPeriod", "1209600")
		shop.queue("short-dead", retention...) // which counts from when a message was sent first
		for _, name := range []string{"given-up", "short"} {
			shop.queue(name, append(retention, "VisibilityTimeout", "0", "RedrivePolicy", redrive(name+"-dead", 1))...)
			shop.send(name, 4)
		}
		giveUp := func(name string) {
			shop.receive(name, 10, 0, false)
			shop.receive(name, 10, 0, false) // moves them
		}

		detector, reader := detect.New(), v.watch()
		lost, expiring := map[string]int64{}, map[string][]int{}
		v.minutes(reader, keeps+20, func(minute int, r signal.Report, took time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
			r.At, r.Duration, r.Interval = time.Now(), took, time.Minute
			for _, change := range detector.Observe(&r) {
				switch f := change.Finding; {
				case f.Mode == signal.MessageLost:
					lost[f.Subject.Destination] = f.Count
				case f.Mode == signal.MessageExpiring && change.Kind == detect.Opened:
					expiring[f.Subject.Destination] = append(expiring[f.Subject.Destination], minute)
				}
			}
			shop.send("kept-up", 1)
			shop.receive("kept-up", 1, 60, true)
			if minute%5 == 0 {
				shop.receive("slow", 1, 60, true)
			}
			switch minute {
			case keeps / 2:
				shop.purge("purged")
				giveUp("short")
			case keeps - 2: // CloudWatch reports it when they would be gone
				shop.receive("worked-off", 10, 60, true)
				giveUp("given-up")
			}
		})
		// CloudWatch reports the last deletes of "slow" when the rest has expired. What it
		// counted as sent and deleted until then is compared with the depth of that moment.
		if want := map[string]int64{"unread": 5, "slow": 60 - keeps/5, "short-dead": 4}; !maps.Equal(lost, want) {
			t.Errorf("lost %v, want %v", lost, want)
		}
		// message_expiring was reported earlier for the slow queue, and for dead letters as
		// soon as they arrived. For the queue without a consumer, consumer_absent was.
		if slow, short := expiring["slow"], expiring["short-dead"]; len(expiring) != 2 || len(slow) != 1 || slow[0] > keeps-30 || len(short) != 1 || short[0] > keeps/2+5 {
			t.Errorf("told at minute %v that they would be", expiring)
		}
	})
}
