package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// counted is the one part of a queue that has no log: so many were processed, and so
// many wait.
func counted(done, waiting int64) signal.Partition {
	return signal.Partition{Start: signal.Unknown, Committed: done, End: done + waiting}
}

// countedCases are stories of a queue whose broker has counters and no log.
var countedCases = map[string]struct {
	story func(s *script)
	stall bool // found
}{
	"messages expire behind a consumer that hangs": {
		story: func(s *script) {
			s.play(6*time.Minute, func(i int) signal.Report { return group(1, counted(50, 1000-10*int64(i))) })
		},
		stall: true,
	},
	"an operator purges a queue of which a consumer that hangs has messages in hand": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(50, 1000)) })
			s.play(2*time.Minute, func(int) signal.Report { return group(1, counted(50, 3)) })
		},
		stall: true,
	},
	"benign: an operator purges the queue of a slow consumer": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(50, 1000)) })
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(51, 1)) })
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(52, 0)) })
		},
	},
	"benign: an operator purges a queue, and new messages come to a consumer that is slow": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(50, 1000)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, counted(50, 0)) })
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(50, 5)) })
		},
	},
	"benign: a node is restarted and counts anew beside a slow consumer": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(50, 100)) })
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(0, 100)) })
			s.play(4*time.Minute, func(int) signal.Report { return group(1, counted(1, 99)) })
		},
	},
}

func TestQueuesWithoutALog(t *testing.T) {
	for name, tc := range countedCases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.story(s)
			found := len(s.opened) == 1 && s.opened[0].Mode == signal.ConsumerStalled
			if found != tc.stall || !tc.stall && len(s.opened) > 0 {
				t.Errorf("found %+v", s.opened)
			}
			if found && fact(s.opened[0].Evidence, "position") == "" {
				t.Errorf("evidence %+v", s.opened[0].Evidence)
			}
		})
	}
}

func TestAPositionWithoutOffsetsIsACount(t *testing.T) {
	s := newScript(t)
	s.play(6*time.Minute, func(int) signal.Report { return group(1, counted(50, 7)) })
	if len(s.opened) != 1 || fact(s.opened[0].Evidence, "position") != "50 processed, 7 wait" {
		t.Errorf("found %+v", s.opened)
	}
}
