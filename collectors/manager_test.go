package collectors_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal notes what starts, ends and is forgotten.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// take returns what was noted since, in order of the text.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	slices.Sort(lines)
	return lines
}

func (j *journal) Report(signal.Report)      {}
func (j *journal) Forget(id signal.TargetID) { j.note("forget " + id.Target) }
func (j *journal) target(name, config string, started *sync.WaitGroup) collectors.Target {
	return collectors.Target{
		ID: signal.TargetID{Collector: "fake", Target: name}, Config: config,
		New: func(*slog.Logger) collectors.Collector { return &noted{name + " " + config, j, started} },
	}
}

type noted struct {
	name    string
	journal *journal
	started *sync.WaitGroup
}

func (n *noted) Run(ctx context.Context, _ collectors.Sink) error {
	n.journal.note("start " + n.name)
	n.started.Done()
	<-ctx.Done()
	n.journal.note("end " + n.name)
	return nil
}

func TestManagerTouchesOnlyWhatChanged(t *testing.T) {
	j := &journal{}
	m := collectors.NewManager(j, quiet)
	var started sync.WaitGroup
	apply := func(starts int, targets ...collectors.Target) {
		started.Add(starts)
		m.Apply(t.Context(), targets)
		started.Wait()
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if got := j.take(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	apply(3, j.target("a", "1", &started), j.target("b", "1", &started), j.target("c", "1", &started))
	expect("first", "start a 1", "start b 1", "start c 1")
	apply(0, j.target("c", "1", &started), j.target("b", "1", &started), j.target("a", "1", &started))
	expect("the same in another order")
	apply(2, j.target("a", "1", &started), j.target("b", "2", &started), j.target("d", "1", &started))
	expect("b changed, c gone, d new", "end b 1", "end c 1", "forget c", "start b 2", "start d 1")
	m.Stop()
	expect("stop", "end a 1", "end b 2", "end d 1")
}

func TestManagerLeavesAHangingTargetBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &forgetful{}
		m := collectors.NewManager(s, quiet)
		release := make(chan struct{})
		hangs := &reader{read: func(_ context.Context, _ int, r *signal.Report) error { <-release; oneQueue(r); return nil }}
		works := &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }}
		target := func(name string, r *reader) collectors.Target {
			return collectors.Target{
				ID:  signal.TargetID{Collector: "fake", Target: name},
				New: func(*slog.Logger) collectors.Collector { return poll(name, r) },
			}
		}
		m.Apply(t.Context(), []collectors.Target{target("hangs", hangs)})
		time.Sleep(5 * time.Second) // fake time: it is being read
		began := time.Now()
		m.Apply(t.Context(), []collectors.Target{target("works", works)})
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the reload took %s", took)
		}
		time.Sleep(time.Minute)
		m.Stop()
		close(release)
		synctest.Wait()
		whole := 0
		for _, r := range s.all() {
			if r.Target == "hangs" && r.Complete() {
				t.Error("a target that was left behind goes on reporting")
			}
			if r.Target == "works" && r.Complete() {
				whole++
			}
		}
		if whole < 3 {
			t.Errorf("%d readings of the new target", whole)
		}
	})
}

func TestManagerSurvivesACollectorThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &forgetful{}
		m := collectors.NewManager(s, quiet)
		id := signal.TargetID{Collector: "fake", Target: "buggy"}
		m.Apply(t.Context(), []collectors.Target{{ID: id, New: func(*slog.Logger) collectors.Collector { panic("no such field") }}})
		synctest.Wait()
		m.Stop()
		if r := s.all(); len(r) != 1 || r[0].Err == nil || !r[0].Empty() || r[0].TargetID != id {
			t.Errorf("reports %+v, want one of a red target", r)
		}
	})
}

// forgetful is a sink that can drop a target.
type forgetful struct{ sink }

func (*forgetful) Forget(signal.TargetID) {}

func TestManagerRestartsACollectorThatEndsByItself(t *testing.T) {
	for name, run := range map[string]func(starts int) collectors.Collector{
		"a panic while it opens": func(starts int) collectors.Collector {
			if starts < 4 {
				panic("no such field")
			}
			return poll("buggy", &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }})
		},
		"an error": func(starts int) collectors.Collector {
			if starts < 4 {
				return ends{errors.New("no such exchange")}
			}
			return poll("buggy", &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }})
		},
		"an end without an error": func(starts int) collectors.Collector {
			if starts < 4 {
				return ends{}
			}
			return poll("buggy", &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &forgetful{}
				m := collectors.NewManager(s, quiet)
				starts := 0
				m.Apply(t.Context(), []collectors.Target{{
					ID:  signal.TargetID{Collector: "fake", Target: "buggy"},
					New: func(*slog.Logger) collectors.Collector { starts++; return run(starts) },
				}})
				time.Sleep(time.Minute) // fake time
				m.Stop()
				red, whole := 0, 0
				for _, r := range s.all() {
					if r.Err != nil {
						red++
					} else {
						whole++
					}
				}
				if starts != 4 || red != 3 || whole < 3 {
					t.Errorf("%d starts, %d red reports and %d readings in a minute, want 4 starts, 3 red reports and at least 3 readings", starts, red, whole)
				}
			})
		})
	}
}

func TestManagerRestartsABrokenCollectorEverMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collectors.NewManager(&forgetful{}, quiet)
		starts := 0
		m.Apply(t.Context(), []collectors.Target{{
			ID:  signal.TargetID{Collector: "fake", Target: "buggy"},
			New: func(*slog.Logger) collectors.Collector { starts++; panic("no such field") },
		}})
		time.Sleep(time.Hour) // fake time
		m.Stop()
		if starts < 25 || starts > 45 {
			t.Errorf("%d starts in an hour, want one about every two minutes", starts)
		}
	})
}

func TestReloadStartsACollectorThatEndedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := collectors.NewManager(&forgetful{}, quiet)
		var starts atomic.Int64
		targets := []collectors.Target{{
			ID:  signal.TargetID{Collector: "fake", Target: "buggy"},
			New: func(*slog.Logger) collectors.Collector { starts.Add(1); panic("no such field") },
		}}
		m.Apply(t.Context(), targets)
		time.Sleep(10 * time.Minute) // fake time: the next attempt is far away
		before := starts.Load()
		started, stopped, kept := m.Apply(t.Context(), targets)
		synctest.Wait()
		m.Stop()
		if started != 1 || stopped != 0 || kept != 0 || starts.Load() != before+1 {
			t.Errorf("the reload started %d, stopped %d, kept %d and made %d attempts; want 1, 0, 0 and 1", started, stopped, kept, starts.Load()-before)
		}
	})
}

// ends is a collector that ends at once.
type ends struct{ err error }

func (e ends) Run(context.Context, collectors.Sink) error { return e.err }

// TestASingleTargetIsReadAtOnce: an operator who starts lostorder waits for it.
func TestASingleTargetIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := &forgetful{}
		m := collectors.NewManager(w, quiet)
		id := signal.TargetID{Collector: "fake", Target: "one"}
		m.Apply(t.Context(), []collectors.Target{collectors.Polled(id, collectors.Schedule{Interval: config.Duration(15 * time.Second), Timeout: config.Duration(time.Second)}, 1, func(*slog.Logger) collectors.Reader {
			return &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }}
		})})
		time.Sleep(time.Second)
		m.Stop()
		if all := w.all(); len(all) != 1 || all[0].At.Sub(began) > 50*time.Millisecond {
			t.Errorf("got %+v", all)
		}
	})
}

// TestManyTargetsAreFirstReadOneAfterTheOther: all of them on one server would otherwise
// ask it in the same second, and again in each interval.
func TestManyTargetsAreFirstReadOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many, interval = 300, 15 * time.Second
		began := time.Now()
		w := &forgetful{}
		m := collectors.NewManager(w, quiet)
		var targets []collectors.Target
		for i := range many {
			id := signal.TargetID{Collector: "fake", Target: fmt.Sprint(i)}
			targets = append(targets, collectors.Polled(id, collectors.Schedule{Interval: config.Duration(interval), Timeout: config.Duration(time.Second)}, i, func(*slog.Logger) collectors.Reader {
				return &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }}
			}))
		}
		m.Apply(t.Context(), targets)
		time.Sleep(4 * interval)
		m.Stop()
		seconds, first := map[time.Duration]int{}, map[string]time.Duration{}
		for _, r := range w.all() {
			seconds[r.At.Sub(began).Truncate(time.Second)]++
			if _, seen := first[r.Target]; !seen {
				first[r.Target] = r.At.Sub(began)
			}
		}
		for second, n := range seconds {
			if n > 60 { // 20 on average
				t.Errorf("%d readings in the second after %s", n, second)
			}
		}
		if len(first) != many || first["0"] > 2*time.Second {
			t.Errorf("%d targets were read, the first after %s", len(first), first["0"])
		}
		for name, after := range first {
			if after > interval+time.Second {
				t.Errorf("target %s was read for the first time after %s", name, after)
			}
		}
	})
}
