package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

var messageLostCases = map[string]scenario{
	"retention passes a group that hangs": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 90)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"retention passes a live consumer that lags, which then starts again at the log start": {
		story: func(s *script) {
			old := s.now.Add(-time.Hour)
			s.play(time.Minute, func(i int) signal.Report { return group(1, measured(part(0, 50+int64(i), 9000), old)) })
			s.play(interval, func(int) signal.Report { return group(1, measured(part(70, 55, 9000), old)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, measured(part(70, 75+int64(i), 9000), old)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"retention removes the first messages of a partition that was assigned and never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 55)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(55, signal.Unknown, 55)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"benign: retention removes what was there before a group that never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(50, signal.Unknown, 50)) })
		},
	},
	"benign: retention removes what a group without members never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(55, signal.Unknown, 55)) })
		},
	},
	"benign: retention overtakes a replay of what was committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(100, 1000, 1000)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, part(100, 200+int64(i), 1000)) })
			s.play(2*time.Minute, func(int) signal.Report { return group(1, part(900, 210, 1000)) })
		},
	},
	"benign: another cluster takes the place of the one that was watched": {
		story: func(s *script) {
			s.identity = "one"
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.identity = "two"
			s.play(2*time.Minute, func(int) signal.Report { return group(1, part(5000, 4000, 9000)) })
		},
	},
	"retention passes a group in a topic that was recreated and has grown beyond the old": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(900, 1000, 1000)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 0, 1200)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(800, 0, 1200)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"benign: retention removes what was committed": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { n := int64(i); return group(1, part(n*10, n*10+5, n*10+6)) })
		},
	},
	"benign: messages are purged while a live consumer has them in hand": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 50)) })
			s.play(interval, func(int) signal.Report { return group(1, measured(part(55, 50, 55), s.now.Add(-2*time.Second))) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(55, 55, 55)) })
		},
	},
	"benign: a topic is deleted and recreated": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 2)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, part(0, int64(i), 5)) })
		},
	},
	"benign: what lies below the log start went before we looked": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 70)) })
			s.restart()
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 70)) })
		},
	},
	"benign: only commit markers go below the log start": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				p := part(0, 59, 60)
				p.NothingToDeliver = true
				return group(1, p)
			})
			s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 59, 60)) })
		},
	},
}

func TestMessagesLostFromALog(t *testing.T) { playAll(t, messageLostCases) }

func TestLossIsCountedOnceWithItsRange(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(70, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(80, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(80, 90, 90)) })

	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want one", len(s.opened))
	}
	f := s.detector.Open()[0]
	if f.Count != 30 {
		t.Errorf("count %d, want 30", f.Count)
	}
	if got := fact(f.Evidence, "partition_0"); got != "offsets 50 to 79 were never committed and can no longer be read" {
		t.Errorf("evidence of the range: %q", got)
	}
	lost := s.detector.Counters().Lost
	if len(lost) != 1 || lost[0].Messages != 30 {
		t.Errorf("tally %+v, want 30 messages of one queue", lost)
	}

	s.play(time.Hour+5*time.Minute, func(int) signal.Report { return group(1, part(80, 90, 90)) })
	if len(s.detector.Open()) != 0 {
		t.Error("the loss is still open an hour later")
	}
	if s.detector.Counters().Lost[0].Messages != 30 {
		t.Error("the counter fell")
	}
}

// TestLossReportsAnOffsetJumpToTheEnd: with auto.offset.reset=latest it loses
// what can still be read, too. That is not counted, for one that is quick and begins
// at the log start looks the same.
func TestLossReportsAnOffsetJumpToTheEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		then []int64 // where the group stands, reading by reading
		want string
	}{
		"at what was the end": {
			[]int64{50, 50, 90},
			"at offset 90: within 15s the group read offsets 70 to 89, or, with auto.offset.reset=latest, it skipped them and will not read them",
		},
		"past what was the end": {
			[]int64{50, 50, 50, 93},
			"at offset 93: within 15s the group read offsets 70 to 89, or, with auto.offset.reset=latest, it skipped them and will not read them",
		},
		"at the log start, and reads on":      {[]int64{50, 50, 71, 90}, ""},
		"nowhere yet":                         {[]int64{50, 50, 50}, ""},
		"in the middle, by an operator's say": {[]int64{50, 50, 80}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			for _, at := range tc.then {
				s.play(interval, func(int) signal.Report { return group(1, part(70, at, max(90, at))) })
			}
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, tc.then[len(tc.then)-1], 95)) })
			if len(s.opened) != 1 || s.opened[0].Mode != signal.MessageLost {
				t.Fatalf("opened %+v, want one loss", s.opened)
			}
			f := s.detector.Open()[0]
			if got := fact(f.Evidence, "partition_0_went_on"); got != tc.want || f.Count != 20 {
				t.Errorf("count %d, evidence %q; want 20 and %q", f.Count, got, tc.want)
			}
		})
	}
}

// TestEachPartitionIsNamedOnceInTheEvidence: evidence is an object in JSON, in
// which a name that is there twice hides what it said first.
func TestEachPartitionIsNamedOnceInTheEvidence(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90), part(0, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 50, 90), part(6, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 70, 90), part(6, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(80, 70, 90), part(6, 5, 9)) })
	f := s.detector.Open()[0]
	const end = " were never committed and can no longer be read"
	if first, second := fact(f.Evidence, "partition_0"), fact(f.Evidence, "partition_1"); first != "offsets 50 to 59, 70 to 79"+end || second != "offsets 5 to 5"+end {
		t.Errorf("evidence of the ranges: %q, %q", first, second)
	}
	names := map[string]bool{}
	for _, one := range f.Evidence {
		if names[one.Name] {
			t.Errorf("%s is there twice: %+v", one.Name, f.Evidence)
		}
		names[one.Name] = true
	}
}
