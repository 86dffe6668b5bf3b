package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestFindingIDsStayTheSame keeps ids across versions of lostorder: links in tickets and
// the saved memory depend on them.
func TestFindingIDsStayTheSame(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(6*time.Minute, func(int) signal.Report {
		r := group(1, part(0, 50, 60))
		r.Outboxes = outbox(3, "1", begin).Outboxes
		r.DeadLetters = deadLetters(2, signal.Unknown).DeadLetters
		r.Lifecycles = dwell(2, begin.Add(-time.Hour)).Lifecycles
		r.Reconciliations = checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1")).Reconciliations
		return r
	})
	got := map[signal.Mode]string{}
	for _, f := range s.opened {
		got[f.Mode] = f.ID
	}
	for mode, want := range map[signal.Mode]string{
		signal.ConsumerStalled: "0d35d18f4bcb",
		signal.OutboxStalled:   "7099e0503df5",
		signal.DLQFilling:      "bacbb585594d",
		signal.OrderOverdue:    "c9d75cec5d33",
		signal.OrderUnmatched:  "867f3e7adf37",
	} {
		if got[mode] != want {
			t.Errorf("the id of %s is %q, want %q", mode, got[mode], want)
		}
	}
}

// TestIDOfAFindingDependsOnlyOnWhatCanBeSeenAgain opens findings at different moments, with
// different ages and after a restart.
func TestIDOfAFindingDependsOnlyOnWhatCanBeSeenAgain(t *testing.T) {
	ids := func(later time.Duration, restart bool) map[signal.Mode]string {
		s := newScript(t)
		s.now = s.now.Add(later)
		begin := s.now.Add(-later)
		read := func(int) signal.Report {
			r := group(1, measured(part(0, 50, 60), begin))
			r.Outboxes = outbox(3, "1", begin).Outboxes
			r.Lifecycles = dwell(2, begin.Add(-time.Hour)).Lifecycles
			r.Reconciliations = checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1")).Reconciliations
			return r
		}
		s.play(6*time.Minute, read)
		if restart {
			s.restart()
			s.play(6*time.Minute, read)
		}
		got := map[signal.Mode]string{}
		for _, f := range s.detector.Open() {
			got[f.Mode] = f.ID
		}
		return got
	}
	first := ids(0, false)
	if len(first) != 4 {
		t.Fatalf("open %v, want four findings", first)
	}
	for name, again := range map[string]map[signal.Mode]string{"three hours later": ids(3*time.Hour, false), "after a restart": ids(0, true)} {
		for mode, id := range first {
			if again[mode] != id {
				t.Errorf("%s: %s has id %q, want %q", name, mode, again[mode], id)
			}
		}
	}
}

func TestSubjectsWhoseNamesJoinToTheSameTextHaveTheirOwnIDs(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report {
		r := dwell(1, s.now.Add(-time.Hour))
		one, other := r.Lifecycles[0], r.Lifecycles[0]
		one.Database, one.Name = "a", "b\x00c"
		other.Database, other.Name = "a\x00b", "c"
		r.Lifecycles = []signal.Lifecycle{one, other}
		return r
	})
	if open := s.detector.Open(); len(open) != 2 || open[0].ID == open[1].ID {
		t.Errorf("open %+v", open)
	}
}

func TestSubjectThatFailsAgainHasTheSameID(t *testing.T) {
	s := newScript(t)
	for range 2 {
		s.play(time.Minute, func(int) signal.Report { return dwell(1, s.now.Add(-time.Hour)) })
		s.play(time.Minute, func(int) signal.Report { return dwell(0, s.now) })
	}
	if len(s.opened) != 2 || s.opened[0].ID != s.opened[1].ID || s.opened[0].DetectedAt.Equal(s.opened[1].DetectedAt) {
		t.Errorf("opened %+v", s.opened)
	}
	if len(s.closed) != 2 {
		t.Errorf("closed %+v", s.closed)
	}
}

func TestFindingIDSurvivesARestart(t *testing.T) {
	s := newScript(t)
	begin := s.now.Add(-time.Hour)
	s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
	s.restart()
	s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
	if len(s.opened) != 2 || s.opened[0].ID != s.opened[1].ID {
		t.Errorf("findings %+v, want the same id before and after", s.opened)
	}
}
