package sqs_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// quick is CloudWatch as a stand-in has it: a period is a second, and nothing is
// late.
var quick = []string{fast, "interval: 100ms", "config_interval: 100ms", "cloudwatch: {interval: 1s, delay: 0}"}

// until reads until a reading is as it should be.
func until(t *testing.T, what string, read func() signal.Queue, is func(q signal.Queue) bool) signal.Queue {
	t.Helper()
	var last signal.Queue
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if last = read(); is(last) {
			return last
		}
	}
	t.Fatalf("%s: not within a minute; the last reading was %+v", what, last)
	return last
}

func measured(t *testing.T) *shop {
	s := open(t)
	s.Resolution = time.Second
	return s
}

func TestCloudWatchTellsAgesAndCounters(t *testing.T) {
	s := measured(t)
	url := s.queue("orders")
	reader := watch(t, settings(t, s.URL(), quick...))
	now := func() signal.Queue { return queueIn(t, whole(t, reader), "orders") }
	now() // from here on it counts
	send(t, s.client, url, 5)
	taken := receive(t, s.client, url, 2, 60)
	remove(t, s.client, url, taken)

	q := until(t, "counters", now, func(q signal.Queue) bool { return q.Published == 5 && q.Acknowledged == 2 && q.Received == 2 })
	if len(q.Partitions) != 1 || q.Partitions[0].Committed != 2 || q.Partitions[0].End != 5 || q.Partitions[0].Start != signal.Unknown {
		t.Errorf("progress %+v, want 2 of 5", q.Partitions)
	}
	q = until(t, "age", now, func(q signal.Queue) bool { return q.Oldest.Bound == signal.AtLeast })
	if age := q.Oldest.At(signal.InstantOf(time.Now())); age <= 0 || age > 15*time.Second {
		t.Errorf("the oldest message is %s old", age)
	}
	if again := until(t, "the same later", now, func(signal.Queue) bool { return true }); again.Published != 5 {
		t.Errorf("counted twice: %d published", again.Published)
	}
	remove(t, s.client, url, receive(t, s.client, url, 3, 60))
	if q := now(); q.Oldest.Known() {
		t.Errorf("an empty queue has the oldest message %+v", q.Oldest)
	}
}

func TestWhoReadsIsToldByWhatIsReceived(t *testing.T) {
	s := measured(t)
	url := s.queue("orders")
	send(t, s.client, url, 1)
	reader := watch(t, settings(t, s.URL(), quick...))
	now := func() signal.Queue { return queueIn(t, whole(t, reader), "orders") }
	until(t, "nobody", now, func(q signal.Queue) bool { return q.Consumers == 0 })

	taken := receive(t, s.client, url, 1, 60)
	if q := now(); q.Consumers != 1 {
		t.Errorf("a message is in flight and consumers are %d", q.Consumers)
	}
	remove(t, s.client, url, taken)
	if q := now(); q.Consumers == 0 {
		t.Error("nobody is said to read right after somebody did")
	}
	send(t, s.client, url, 1)
	until(t, "nobody again", now, func(q signal.Queue) bool { return q.Consumers == 0 })
}

func TestWithoutMetricsTheRestIsRead(t *testing.T) {
	s := measured(t)
	send(t, s.client, s.queue("orders"), 1)
	s.Fail(func(action, _ string) error {
		if action == "GetMetricData" {
			return &fakesqs.Error{Code: "AccessDenied", Message: "no"}
		}
		return nil
	})
	reader := watch(t, settings(t, s.URL(), quick...))
	for range 3 {
		r, err := read(t, reader)
		if err == nil || !strings.Contains(err.Error(), "CloudWatch: not authorized; grant cloudwatch:GetMetricData, or set cloudwatch.enabled to false") {
			t.Errorf("the error is %v", err)
		}
		if q := queueIn(t, r, "orders"); q.Ready != 1 || q.Published != signal.Unknown || len(q.Partitions) != 0 {
			t.Errorf("got %+v", q)
		}
	}
	if n := s.Requests()["GetMetricData"]; n != 1 {
		t.Errorf("CloudWatch, which refuses, was asked %d times within a second", n)
	}
	s.Fail(nil)
	now := func() signal.Queue { r, _ := read(t, reader); return queueIn(t, r, "orders") }
	until(t, "metrics once they are allowed", now, func(q signal.Queue) bool { return q.Received == 0 && len(q.Partitions) == 1 })
}

// TestFailureOfCloudWatchIsNoLackOfPermission: only who is not allowed is advised to do without.
func TestFailureOfCloudWatchIsNoLackOfPermission(t *testing.T) {
	s := measured(t)
	send(t, s.client, s.queue("orders"), 1)
	s.Fail(func(action, _ string) error {
		if action == "GetMetricData" {
			return &fakesqs.Error{Code: "InternalFailure", Message: "no"}
		}
		return nil
	})
	_, err := read(t, watch(t, settings(t, s.URL(), quick...)))
	if err == nil || !strings.Contains(err.Error(), "CloudWatch: AWS refused cloudwatch:GetMetricData with InternalFailure") || strings.Contains(err.Error(), "enabled") {
		t.Errorf("the error is %v", err)
	}
}

func TestCloudWatchTellsNothingOfAQueueThatItDoesNotKnow(t *testing.T) {
	s := open(t)
	s.Resolution = 1000 * time.Hour // so that no period is over
	s.queue("orders")
	r := whole(t, watch(t, settings(t, s.URL(), fast)))
	if q := queueIn(t, r, "orders"); q.Published != signal.Unknown || q.Acknowledged != signal.Unknown || q.Received != signal.Unknown || len(q.Partitions) != 0 {
		t.Errorf("what is missing became zero: %+v", q)
	}
}

func TestWhatItCostsIsSaidOnce(t *testing.T) {
	s := measured(t)
	s.queue("orders")
	s.queue("payments")
	var said bytes.Buffer
	c := settings(t, s.URL(), fast)
	reader := sqs.NewReader(c, slog.New(slog.NewTextHandler(&said, nil)))
	t.Cleanup(func() { _ = reader.Close() })
	whole(t, reader)
	whole(t, reader)
	if n := strings.Count(said.String(), "us_dollars_per_month_at_most=0.88"); n != 1 || !strings.Contains(said.String(), "level=INFO") {
		t.Errorf("it was said %d times:\n%s", n, said.String())
	}
}
