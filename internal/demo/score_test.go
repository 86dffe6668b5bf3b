package demo

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

var start = time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC)

// stalled is the fault of the cases below, injected at start and healed ten seconds
// later.
func stalled() *injected {
	return &injected{
		Mode: signal.ConsumerStalled, At: start, HealedAt: start.Add(10 * time.Second),
		Expect: expectation{subject: queue("payments", "shipping"), orders: []string{"A-1"}, count: 5},
	}
}

func TestFindingCountsOnlyWhenItMatchesTheFault(t *testing.T) {
	cases := map[string]struct {
		change func(f *api.Finding)
		found  bool
	}{
		"all of it":                    {func(*api.Finding) {}, true},
		"more orders than the one":     {func(f *api.Finding) { f.OrderIDs = []string{"A-0", "A-1"} }, true},
		"a moment after it was healed": {func(f *api.Finding) { f.DetectedAt = start.Add(12 * time.Second) }, true},
		"another mode":                 {func(f *api.Finding) { f.Mode = signal.ConsumerAbsent }, false},
		"another group":                {func(f *api.Finding) { f.Labels.Group = "email" }, false},
		"another order":                {func(f *api.Finding) { f.OrderIDs = []string{"A-2"} }, false},
		"no order":                     {func(f *api.Finding) { f.OrderIDs = nil }, false},
		"another count":                {func(f *api.Finding) { f.Count = 4 }, false},
		"before it was injected":       {func(f *api.Finding) { f.DetectedAt = start.Add(-time.Second) }, false},
		"long after it was healed":     {func(f *api.Finding) { f.DetectedAt = start.Add(time.Minute) }, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := api.Finding{
				ID: "1", Mode: signal.ConsumerStalled, Labels: queue("payments", "shipping"),
				OrderIDs: []string{"A-1"}, Count: 5, DetectedAt: start.Add(6 * time.Second),
			}
			tc.change(&f)
			s := newScore(late)
			s.inject(stalled())
			found, _ := s.take([]api.Finding{f}, start.Add(7*time.Second))
			if got := len(found) == 1; got != tc.found {
				t.Errorf("found %v, want %v", got, tc.found)
			}
			if got := len(s.falseFindings()) == 1; got == tc.found {
				t.Errorf("false finding %v, want %v", got, !tc.found)
			}
		})
	}
}

func TestSecondFindingOfOneFaultIsFalse(t *testing.T) {
	s := newScore(late)
	s.inject(stalled())
	one := api.Finding{ID: "1", Mode: signal.ConsumerStalled, Labels: queue("payments", "shipping"), OrderIDs: []string{"A-1"}, Count: 5, DetectedAt: start}
	two := one
	two.ID = "2"
	s.take([]api.Finding{one, two}, start)
	if len(s.falseFindings()) != 1 {
		t.Errorf("false findings %d, want the second", len(s.falseFindings()))
	}
}

func TestFindingCountsOnceItNamesItsOrder(t *testing.T) {
	s := newScore(late)
	s.inject(stalled())
	f := api.Finding{ID: "1", Mode: signal.ConsumerStalled, Labels: queue("payments", "shipping"), Count: 5, DetectedAt: start}
	if found, _ := s.take([]api.Finding{f}, start); len(found) != 0 {
		t.Fatal("found without its order")
	}
	f.OrderIDs = []string{"A-1"}
	if found, _ := s.take([]api.Finding{f}, start); len(found) != 1 {
		t.Error("not found once it named its order")
	}
	f.ClosedAt = start.Add(time.Minute)
	if _, closed := s.take([]api.Finding{f}, start); len(closed) != 1 {
		t.Error("the close was not reported")
	}
}

func TestScheduleDependsOnTheSeedAlone(t *testing.T) {
	schedule := func(seed uint64, duration time.Duration) ([]lane, error) {
		rng := rand.New(rand.NewPCG(seed, 1))
		return plan((&Shop{}).faults(rng), duration, rng)
	}
	times := func(lanes []lane) (all []time.Duration) {
		for _, l := range lanes {
			all = append(all, l.first, l.between)
			if end := l.first + l.between + l.fault.lasts + l.fault.twinLasts; end > 60*time.Second-settle {
				t.Errorf("%s ends after %s", l.fault.mode, end)
			}
		}
		return all
	}
	one, err := schedule(1, 60*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := schedule(1, 60*time.Second)
	other, _ := schedule(2, 60*time.Second)
	if !reflect.DeepEqual(times(one), times(again)) {
		t.Error("the same seed gave two schedules")
	}
	if reflect.DeepEqual(times(one), times(other)) {
		t.Error("two seeds gave one schedule")
	}
	if _, err := schedule(1, 20*time.Second); err == nil {
		t.Error("twenty seconds have room for everything")
	}
}
