package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// passing is a reading of an outbox by the position of its relay: the rows that it
// went past were seen at these moments.
func passing(position string, seen ...time.Time) signal.Report {
	o := signal.Outbox{Name: "shop", Database: "db", Table: "outbox", MaxAge: time.Minute, Skipped: &signal.Skipped{Position: position}}
	for i, at := range seen {
		o.Skipped.Rows = append(o.Skipped.Rows, signal.SkippedRow{
			Key: "k", Sequence: int64(i + 1), Position: 9, FirstSeen: signal.InstantOf(at),
			Order: signal.OrderRef{ID: "A-1", Since: signal.InstantOf(at.Add(-time.Hour))},
		})
	}
	return signal.Report{Outboxes: []signal.Outbox{o}}
}

var missing = []signal.Mode{signal.EventMissing}

var skippedCases = map[string]scenario{
	"a row came too late, and the relay leaves it alone": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(int) signal.Report { return passing("9", begin) })
		},
		found: missing, open: missing,
	},
	"a row that is removed closes it": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(int) signal.Report { return passing("9", begin) })
			s.play(time.Minute, func(int) signal.Report { return passing("9") })
		},
		found: missing,
	},
	"a relay that is dead, too, is reported beside it": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(int) signal.Report {
				r := outbox(1, "7", begin)
				r.Outboxes[0].Skipped = passing("5", begin).Outboxes[0].Skipped
				return r
			})
		},
		found: []signal.Mode{signal.EventMissing, signal.OutboxStalled}, open: []signal.Mode{signal.EventMissing, signal.OutboxStalled},
	},
	"a position that cannot be read for a while heals nothing": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(int) signal.Report { return passing("9", begin) })
			s.fail(time.Hour)
		},
		found: missing, open: missing,
	},
	"benign: a relay that looks back comes to it in time": {
		story: func(s *script) {
			begin := s.now
			s.play(45*time.Second, func(int) signal.Report { return passing("9", begin) })
			s.play(time.Hour, func(int) signal.Report { return passing("9") })
		},
	},
	"benign: one after the other comes late, and each is published in time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return passing("9", s.now.Add(-time.Duration(i%3)*interval)) })
		},
	},
	"benign: nothing was skipped": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return passing("9") })
		},
	},
}

func TestRowsThatARelaySkipped(t *testing.T) { playAll(t, skippedCases) }

func TestTheEvidenceOfASkippedRow(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(90*time.Second, func(int) signal.Report { return passing("12", begin, s.now) })
	open := s.detector.Open()
	if len(open) != 1 {
		t.Fatalf("there are %d findings, want 1", len(open))
	}
	f := open[0]
	if f.Count != 1 || len(f.OrderIDs) != 1 || f.OrderIDs[0] != "A-1" || f.Severity != signal.Critical {
		t.Errorf("it is %+v; want the one row that had its time", f)
	}
	if !f.Since.Equal(begin.Add(-time.Hour)) || f.DetectedAt.Sub(f.DecidableAt) > interval || f.DecidableAt.Sub(begin) != time.Minute {
		t.Errorf("since %s, decidable at %s, found at %s", f.Since, f.DecidableAt, f.DetectedAt)
	}
	for name, want := range map[string]string{"cause": "committed after", "for_example": "outbox k has number 1, and was not visible yet when the relay was at 9", "position": "12", "skipped_rows": "1"} {
		if fact, _ := f.Evidence.Find(name); !strings.Contains(fact.Value.String(), want) {
			t.Errorf("%s is %q, want %q", name, fact.Value, want)
		}
	}
}

func TestTheEvidenceOfARowThatWasOnlyFoundUnmarked(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(90*time.Second, func(int) signal.Report {
		r := passing("12", begin)
		r.Outboxes[0].Skipped.Rows[0].Unmarked = true
		return r
	})
	open := s.detector.Open()
	if len(open) != 1 {
		t.Fatalf("there are %d findings, want 1", len(open))
	}
	if fact, _ := open[0].Evidence.Find("for_example"); fact.Value.String() != "outbox k has number 1 and is not marked as published, although the relay is at 9" {
		t.Errorf("for_example is %q", fact.Value)
	}
}
