package state_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

var main = signal.TargetID{Collector: "kafka", Target: "main"}

// finding is an open finding of the target main.
func finding(id string) detect.OpenFinding {
	return detect.OpenFinding{Seen: signal.InstantOf(noon), Quiet: 1, Finding: signal.Finding{
		ID: id, Mode: signal.ConsumerStalled, Severity: signal.Critical, Target: main, Count: 12,
		Subject:  signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: id},
		OrderIDs: []string{"order-1", "order-2"}, Since: noon.Add(-time.Hour), DecidableAt: noon.Add(-time.Minute), DetectedAt: noon,
		Evidence: signal.Evidence{signal.CountFact("waiting", 12), signal.CountFact("committed_offset", 4711)},
		AtStake:  signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 12}}, Coverage: signal.CoversAll},
		Labels:   signal.Labels{"team": "payments"},
		TraceID:  "4bf92f3577b34da6a3ce929d0e0e4736",
		Traced:   []signal.OrderRef{{ID: "order-1", Since: signal.InstantOf(noon), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7"}},
	}}
}

func closed(id string, at time.Time) signal.Finding {
	f := finding(id).Finding
	f.ClosedAt = at
	return f
}

// source is what a keeper keeps in a test.
type source struct {
	mu        sync.Mutex
	memory    watch.Memory
	detected  *detect.Memory // of the target main
	announced int
	written   chan struct{} // gets a value whenever something is announced
}

func newSource(open ...detect.OpenFinding) *source {
	return &source{
		memory:  watch.Memory{At: noon, Targets: []watch.TargetMemory{{ID: main, Identity: "cluster-1", At: noon}}, Open: open},
		written: make(chan struct{}, 100),
	}
}

func (s *source) Remember(_ bool, each func(*detect.Memory)) (watch.Memory, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.detected != nil {
		each(s.detected)
	}
	return s.memory, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.announced++
		s.written <- struct{}{}
	}
}

func (s *source) RestoreClosed(history []signal.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory.Closed = append(s.memory.Closed, history...)
}

func (s *source) set(change func(m *watch.Memory)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.memory)
}

// logbook is a log that is written and read at the same time.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// process is one lostorder that uses a directory.
type process struct {
	*state.Keeper
	memory *watch.Memory // what it found
	log    *logbook
}

func start(t *testing.T, dir string, change ...func(*state.Options)) process {
	t.Helper()
	log := &logbook{}
	o := state.Options{Dir: dir, Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(log, nil))}
	for _, f := range change {
		f(&o)
	}
	k, m := state.New(t.Context(), o)
	return process{k, m, log}
}

// run runs the keeper until the function that it returns is called.
func (p process) run(t *testing.T, s *source) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx, s)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}

// save writes what a source remembers, as a lostorder does that starts and ends.
func save(t *testing.T, dir string, s *source, change ...func(*state.Options)) {
	t.Helper()
	p := start(t, dir, change...)
	p.run(t, s)()
	if h := p.Health(); h.Err != nil {
		t.Fatal(h.Err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}
