package state_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// detected is what the decisions remember of a target with one queue.
func detected(t *testing.T, committed int64) *detect.Memory {
	t.Helper()
	d := detect.New()
	for i := range 3 {
		q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
		q.Objective.MaxAge = time.Minute
		p := signal.NewPartition(0)
		p.Start, p.End, p.Committed = 0, 100, committed
		q.Partitions = []signal.Partition{p, signal.NewPartition(1)}
		d.Observe(&signal.Report{TargetID: main, Identity: "cluster-1", At: noon.Add(time.Duration(i) * time.Second), Interval: time.Second, Queues: []signal.Queue{q}})
	}
	m, ok := d.Snapshot(main)
	if !ok {
		t.Fatal("nothing is remembered")
	}
	return m
}

// encoded are the parts of a memory.
func encoded(t *testing.T, m *detect.Memory) map[string]string {
	t.Helper()
	parts := map[string]string{}
	if err := m.Parts(func(key string, body []byte) { parts[key] = string(body) }); err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestWhatDecisionsRememberIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	s := newSource()
	s.detected = detected(t, 7)
	save(t, dir, s)
	s.detected = nil // not read since
	save(t, dir, s)
	p := start(t, dir)
	defer p.run(t, s)()
	got := p.memory.Targets[0].Detected
	if got == nil || len(got.Queues) != 1 {
		t.Fatalf("read %+v", got)
	}
	same(t, "what is read", encoded(t, got), encoded(t, detected(t, 7)))
}

func TestWhatDecisionsRememberIsDroppedWithItsTarget(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*state.Options)
		reason watch.Reason
	}{
		"it comes from the future": {func(o *state.Options) { o.Now = func() time.Time { return noon.Add(-time.Hour) } }, watch.DroppedClock},
		"privacy has changed":      {func(o *state.Options) { o.Veil = hashed{} }, watch.DroppedPrivacy},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newSource()
			s.detected = detected(t, 7)
			save(t, dir, s)
			p := start(t, dir, tc.change)
			defer p.run(t, newSource())()
			if p.memory.Targets[0].Detected != nil || p.Health().Dropped[tc.reason] != 1 {
				t.Errorf("%+v, %+v", p.memory.Targets, p.Health())
			}
		})
	}
}

// TestTargetRemovedByAReloadIsRememberedForADay: in case the config is rolled back.
func TestTargetRemovedByAReloadIsRememberedForADay(t *testing.T) {
	dir := t.TempDir()
	s := newSource()
	s.detected = detected(t, 7)
	p := start(t, dir)
	stop := p.run(t, s)
	p.Changed()
	<-s.written
	s.set(func(m *watch.Memory) { m.Targets, s.detected = nil, nil })
	stop()
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Targets) != 1 || next.memory.Targets[0].Detected == nil {
		t.Errorf("%+v", next.memory.Targets)
	}
}
