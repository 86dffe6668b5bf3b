package detect_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

const interval = 15 * time.Second

var objective = signal.Objective{MaxAge: 5 * time.Minute, AbsentAfter: 2 * time.Minute}

// scenario is a story with what must have been found by its end. Those in which nothing
// is found are the benign twins.
type scenario struct {
	story func(s *script)
	found []signal.Mode // opened at any time, in order
	open  []signal.Mode // still open at the end
}

// playAll plays the stories.
func playAll(t *testing.T, scenarios map[string]scenario) {
	t.Helper()
	for name, tc := range scenarios {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.story(s)
			s.ended(tc.found, tc.open)
		})
	}
}

// script plays readings of one target to a detector, one an interval.
type script struct {
	t        *testing.T
	detector *detect.Detector
	now      time.Time
	// partial makes the next readings partial.
	partial bool
	// identity is what the target says it is.
	identity string
	opened   []signal.Finding
	closed   []signal.Finding
	grown    []detect.Change
	// depths are those of the readings of a queue whose counters are late.
	depths []depthOf
	// before is called before each reading; nil: nothing.
	before func(s *script)
	// interrupted: some readings failed or were not made.
	interrupted bool
	begin       time.Time
}

func newScript(t *testing.T) *script {
	begin := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	return &script{t: t, detector: detect.New(), now: begin, begin: begin}
}

// restart makes lostorder forget everything, as a restart does.
func (s *script) restart() { s.detector, s.interrupted = detect.New(), true }

// blind lets time pass without a reading.
func (s *script) blind(d time.Duration) { s.now, s.interrupted = s.now.Add(d), true }

// fail plays failed readings for d.
func (s *script) fail(d time.Duration) {
	s.interrupted = true
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(interval)
		s.observe(signal.Report{Err: errors.New("connection refused")})
	}
}

// play plays readings for d; read makes each, given how many were played before it.
func (s *script) play(d time.Duration, read func(i int) signal.Report) {
	for i, end := 0, s.now.Add(d); s.now.Before(end); i++ {
		s.now = s.now.Add(interval)
		s.observe(read(i))
	}
}

func (s *script) observe(r signal.Report) {
	if s.before != nil {
		s.before(s)
	}
	signaltest.Behave(&r)
	r.TargetID = signal.TargetID{Collector: "kafka", Target: "main"}
	r.At, r.Interval, r.Duration = s.now, interval, 100*time.Millisecond
	r.Identity = s.identity
	if s.partial {
		r.Err = errors.New("partition 3 has no leader")
	}
	changes := s.detector.Observe(&r)
	s.detector.Confirm(r.TargetID, signal.InstantOf(r.At))
	for _, c := range changes {
		s.readable(&c.Finding)
		switch c.Kind {
		case detect.Opened:
			s.opened = append(s.opened, c.Finding)
		case detect.Grown:
			s.grown = append(s.grown, c)
		case detect.Closed:
			s.closed = append(s.closed, c.Finding)
		}
	}
}

// readable fails for a finding that does not begin with a sentence, names an order in it, or
// has evidence that JSON cannot hold.
func (s *script) readable(f *signal.Finding) {
	s.t.Helper()
	if first, _ := utf8.DecodeRuneInString(f.Summary); !strings.HasSuffix(f.Summary, ".") || unicode.IsLower(first) {
		s.t.Errorf("the summary of %s is no sentence: %q", f.Mode, f.Summary)
	}
	for _, id := range f.OrderIDs {
		if strings.Contains(f.Summary, id) {
			s.t.Errorf("the summary of %s names order %s: %q", f.Mode, id, f.Summary)
		}
	}
	keys := map[string]bool{}
	for _, fact := range f.Evidence {
		key := fact.Key()
		if fact.Name == "" || keys[key] {
			s.t.Errorf("%s: %q is there twice, or has no name: %v", f.Mode, key, f.Evidence)
		}
		keys[key] = true
		for _, unit := range []string{"_seconds", "_per_second", "_bound", "_bytes"} {
			if strings.HasSuffix(fact.Name, unit) && (unit != "_bytes" || fact.Value.Kind != signal.BytesValue) {
				s.t.Errorf("%s: the name %s ends with a unit", f.Mode, fact.Name)
			}
		}
		if fact.Value.Kind == signal.BytesValue && !strings.HasSuffix(fact.Name, "_bytes") {
			s.t.Errorf("%s: the name %s of a size lacks its unit", f.Mode, fact.Name)
		}
	}
}

// open returns the modes of the findings that are open.
func (s *script) open() []signal.Mode {
	var modes []signal.Mode
	for _, f := range s.detector.Open() {
		modes = append(modes, f.Mode)
	}
	slices.Sort(modes)
	return modes
}

// group is a reading of one topic by one group.
func group(consumers signal.Count, partitions ...signal.Partition) signal.Report {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
	q.Objective, q.Consumers, q.Partitions = objective, consumers, partitions
	q.Ready = 0
	for i := range partitions {
		partitions[i].ID = int32(i)
		q.Ready += signal.Count(partitions[i].Lag())
	}
	return signal.Report{Queues: []signal.Queue{q}}
}

// unread is a reading of the topic when no group reads it.
func unread() signal.Report {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders"})
	q.Published = 60
	return signal.Report{Queues: []signal.Queue{q}}
}

// part is an assigned partition.
func part(start, committed, end int64) signal.Partition {
	return signal.Partition{Assignment: signal.Assigned, Start: start, Committed: committed, End: end}
}

// orphan is a partition that belongs to no member.
func orphan(start, committed, end int64) signal.Partition {
	p := part(start, committed, end)
	p.Assignment = signal.Unassigned
	return p
}

func measured(p signal.Partition, since time.Time) signal.Partition {
	p.Head = signal.Age{Since: signal.InstantOf(since), Bound: signal.Measured}
	return p
}

func fact(e signal.Evidence, name string) string {
	for _, f := range e {
		if f.Name == name {
			return f.Value.String()
		}
	}
	return ""
}

// ended compares the modes that were found in a story, and those still open at its end.
func (s *script) ended(found, open []signal.Mode) {
	s.t.Helper()
	var got []signal.Mode
	for _, f := range s.opened {
		got = append(got, f.Mode)
	}
	if !slices.Equal(got, found) {
		s.t.Errorf("found %v, want %v\n%+v", got, found, s.opened)
	}
	if got := s.open(); !slices.Equal(got, open) {
		s.t.Errorf("open at the end %v, want %v", got, open)
	}
}

// storeCase is a scenario of what is kept in a store, with the orders that the first
// finding names.
type storeCase struct {
	story  func(s *script)
	found  []signal.Mode
	open   []signal.Mode
	orders []string
}

// check plays the story and compares what was found.
func (tc *storeCase) check(s *script) {
	s.t.Helper()
	tc.story(s)
	s.ended(tc.found, tc.open)
	if len(s.opened) > 0 && !slices.Equal(s.opened[0].OrderIDs, tc.orders) {
		s.t.Errorf("orders %v, want %v", s.opened[0].OrderIDs, tc.orders)
	}
}

// playStores plays the stories of stores.
func playStores(t *testing.T, cases map[string]storeCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.check(s)
		})
	}
}

// queueCases and allStoreCases join the stories of several modes.
var queueCases = joined(consumerStalledCases, consumerAbsentCases, messageLostCases)

func allStoreCases() map[string]storeCase {
	return joined(outboxStalledCases, dlqFillingCases, orderOverdueCases, ledgerCases, orderConflictCases, orderDuplicateCases, sagaStuckCases, compensationFailedCases)
}

func joined[T any](all ...map[string]T) map[string]T {
	one := map[string]T{}
	for _, some := range all {
		maps.Copy(one, some)
	}
	return one
}
