package telemetry_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestScrapeOfKeptBytesIsThatOfANewExporter compares a scrape of an exporter that has kept
// bytes of every earlier snapshot with one that has kept none.
func TestScrapeOfKeptBytesIsThatOfANewExporter(t *testing.T) {
	first := full()
	for _, one := range clusters(10).Targets {
		one.Reading.Queues = one.Reading.Queues[:60]
		first.Targets = append(first.Targets, one)
	}
	change := func(i int, what func(r *signal.Report)) func(*watch.Snapshot) {
		return func(s *watch.Snapshot) {
			r := s.Targets[i].Reading
			r.Queues, r.DeadLetters, r.Outboxes = slices.Clone(r.Queues), slices.Clone(r.DeadLetters), slices.Clone(r.Outboxes)
			what(r)
		}
	}
	steps := []struct {
		name     string
		reported []int
		change   func(s *watch.Snapshot)
	}{
		{"nothing is kept", nil, func(*watch.Snapshot) {}},
		{"no target reports", nil, func(*watch.Snapshot) {}},
		{"one target reports the same", []int{7}, func(*watch.Snapshot) {}},
		{"one target reports another number", []int{8}, change(8, func(r *signal.Report) { r.Queues[3].Ready = 12345 })},
		{"one target reports a queue less", []int{9}, change(9, func(r *signal.Report) { r.Queues = r.Queues[1:] })},
		{"two targets report", []int{6, 15}, change(15, func(r *signal.Report) { r.Queues[0].Consumers = 0 })},
		{"a target reports a queue of another one", []int{12}, change(12, func(r *signal.Report) { r.Queues[0].Cluster = "main-01" })},
		{"the other one reports", []int{7}, change(7, func(r *signal.Report) { r.Queues[1].Ready = 1 })},
		{"each target has its own queues again", []int{12}, change(12, func(r *signal.Report) { r.Queues = r.Queues[1:] })},
		{"a queue is a dead letter queue of another target", []int{0}, change(0, func(r *signal.Report) {
			r.DeadLetters = append(r.DeadLetters, signal.DeadLetterQueue{System: signal.Kafka, Cluster: "main-04", Destination: "shop.orders.v1.topic-000", Messages: 4})
		})},
		{"two targets report one outbox", []int{3}, change(3, func(r *signal.Report) { r.Outboxes[0].Name = "orders" })},
		{"a reading expires", nil, func(s *watch.Snapshot) { s.Targets[10].Reading, s.Targets[10].Up = nil, false }},
		{"a target is gone", nil, func(s *watch.Snapshot) { s.Targets = slices.Delete(s.Targets, 11, 12) }},
		{"only findings change", nil, func(s *watch.Snapshot) {
			s.Open = nil
			s.Expiries = []detect.Expiry{{QueueID: s.Targets[6].Reading.Queues[2].QueueID, In: 1}}
		}},
	}
	for format, accept := range accepts {
		t.Run(format, func(t *testing.T) {
			s := first
			keeps := exporter(&s)
			for _, step := range steps {
				s = reported(s, step.reported...)
				step.change(s)
				got := kept(t, plain(t, get(t, keeps.Handler(), http.MethodGet, accept, "gzip")))
				want := kept(t, plain(t, get(t, exporter(&s).Handler(), http.MethodGet, accept, "gzip")))
				if !bytes.Equal(got, want) {
					t.Errorf("%s: a scrape of kept bytes differs", step.name)
				}
				if format == "text" {
					compareWithGather(t, step.name, &s)
				}
			}
		})
	}
}

// kept returns the part of a scrape before the metrics that each scrape makes.
func kept(t *testing.T, body []byte) []byte {
	t.Helper()
	before, _, found := bytes.Cut(body, []byte("lostorder_collector_reading_age_seconds"))
	if !found || !bytes.Contains(before, []byte("main-02")) {
		t.Fatal("the scrape has no part to compare")
	}
	return before
}

// compareWithGather compares a scrape with families that are made of the whole snapshot at
// once.
func compareWithGather(t *testing.T, step string, s **watch.Snapshot) {
	t.Helper()
	e := exporter(s)
	families, err := e.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "lostorder_") {
			if _, err := expfmt.MetricFamilyToText(&all, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := series(all.Bytes())
	got := series(plain(t, get(t, e.Handler(), http.MethodGet, accepts["text"], "")))
	if !slices.Equal(got, want) {
		t.Errorf("%s: the scrape has %d series that differ from %d gathered ones", step, len(got), len(want))
	}
}
