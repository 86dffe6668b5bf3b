package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// movedOffset is a reading of the group in which its offset was moved.
func movedOffset(r signal.Report, moves ...signal.OffsetMove) signal.Report {
	r.Queues[0].OffsetMoves = moves
	return r
}

// skips moves the offset of partition 0 over confirmed messages.
func skips(by signal.Mover, from, to int64) signal.OffsetMove {
	return signal.OffsetMove{From: from, To: to, By: by, At: 1, Confirmed: true, Remedy: "set it back"}
}

var messageSkippedCases = map[string]scenario{
	"an operator moves the offset over a backlog": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 90)) })
			s.play(interval, func(int) signal.Report {
				return movedOffset(group(0, orphan(0, 90, 90)), skips(signal.MovedByOutsider, 50, 90))
			})
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 90, 90)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"the operator sets it back": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 90)) })
			s.play(time.Minute, func(i int) signal.Report {
				r := group(0, orphan(0, 90, 90))
				if i == 0 {
					r = movedOffset(r, skips(signal.MovedByOutsider, 50, 90))
				}
				return r
			})
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
		},
		found: []signal.Mode{signal.MessageLost},
	},
	"benign: the offset jumps, and no source proves why": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 90)) })
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 90, 90)) })
		},
	},
}

func TestSkippedMessagesAreLostForTheGroup(t *testing.T) { playAll(t, messageSkippedCases) }

func TestSkippedMessagesAreCountedWithTheirCause(t *testing.T) {
	for name, test := range map[string]struct {
		moves    []signal.OffsetMove
		then     int64 // where the group stands
		count    int64
		severity signal.Severity
		says     string
	}{
		"by an operator": {[]signal.OffsetMove{skips(signal.MovedByOutsider, 50, 90)}, 90, 40, signal.Warning, "a client that is no consumer"},
		"by nobody":      {[]signal.OffsetMove{skips(signal.MovedToEnd, 50, 90)}, 90, 40, signal.Critical, "started at the end"},
		"by both":        {[]signal.OffsetMove{skips(signal.MovedByOutsider, 50, 60), skips(signal.MovedToEnd, 60, 90)}, 90, 40, signal.Critical, "its offset was moved"},
		"set back half":  {[]signal.OffsetMove{skips(signal.MovedByOutsider, 50, 90)}, 70, 20, signal.Warning, "a client that is no consumer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 90)) })
			s.play(interval, func(int) signal.Report { return movedOffset(group(0, orphan(0, 90, 90)), test.moves...) })
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, test.then, 90)) })
			open := s.detector.Open()
			if len(open) == 0 || open[0].Mode != signal.MessageLost {
				t.Fatalf("open: %+v", open)
			}
			if f := open[0]; f.Count != test.count || f.Severity != test.severity || !strings.Contains(f.Summary, test.says) {
				t.Errorf("got %d, %s, %q", f.Count, f.Severity, f.Summary)
			}
			if reason := fact(open[0].Evidence, "reason"); reason != "skipped" {
				t.Errorf("the reason is %q", reason)
			}
			if lost := s.detector.Counters().Lost; lost[len(lost)-1] != (detect.Loss{QueueID: lost[0].QueueID, Reason: detect.Skipped, Messages: 40}) {
				t.Errorf("counted %+v", lost)
			}
			s.play(time.Hour+5*time.Minute, func(int) signal.Report { return group(0, orphan(0, test.then, test.then)) })
			for _, f := range s.detector.Open() {
				if f.Mode == signal.MessageLost {
					t.Errorf("open an hour later: %+v", f)
				}
			}
		})
	}
}

func TestSkippedMessagesStandBesideThoseThatRetentionRemoved(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 90)) })
	s.play(time.Minute, func(int) signal.Report { return group(0, orphan(70, 50, 90)) })
	s.play(interval, func(int) signal.Report {
		return movedOffset(group(0, orphan(70, 90, 90)), skips(signal.MovedByOutsider, 70, 90))
	})
	for _, f := range s.detector.Open() {
		if f.Mode == signal.MessageLost && (f.Count != 40 || f.Severity != signal.Critical) {
			t.Errorf("got %+v", f)
		}
	}
	if len(s.opened) != 1 {
		t.Errorf("opened %+v", s.opened)
	}
}
