package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// bounded is a topic whose partitions may hold only so many bytes.
func bounded(r signal.Report) signal.Report {
	q := &r.Queues[0]
	q.Setup = &signal.Setup{Type: "delete", MaxMessages: signal.Unknown, MaxBytes: 1 << 30, MaxDeliveries: signal.Unknown, DropsHead: true}
	q.Objective = signal.Objective{MaxAge: 12 * time.Hour, AbsentAfter: 12 * time.Hour}
	return r
}

// trimmed is where a log begins that ends somewhere: it holds 400 messages, and is
// trimmed by 100 at a time.
func trimmed(end int64) int64 { return max(0, (end-400)/100*100) }

// lagging is a log to which ten messages come between two readings, and a reader that
// is so far behind.
func lagging(i int, lag int64) signal.Partition {
	end := int64(i) * 10
	return part(trimmed(end), max(0, end-lag), end)
}

// trimmingCases are stories of logs that may hold only so much.
var trimmingCases = map[string]scenario{
	"eight of ten messages that come are read, and nine tenths of what the log holds wait": {
		story: func(s *script) {
			s.play(45*time.Minute, func(i int) signal.Report { return bounded(group(1, lagging(i, int64(i)*2))) })
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"one partition of three is too slow, and becomes fast enough": {
		story: func(s *script) {
			s.play(40*time.Minute, func(i int) signal.Report {
				return bounded(group(3, lagging(i, 0), lagging(i, int64(i)*2), lagging(i, 5)))
			})
			s.play(40*time.Minute, func(i int) signal.Report {
				return bounded(group(3, lagging(i+160, 0), lagging(i+160, max(0, 320-int64(i)*10)), lagging(i+160, 5)))
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
	},
	"nothing comes any more": {
		story: func(s *script) {
			s.play(40*time.Minute, func(i int) signal.Report { return bounded(group(1, lagging(i, int64(i)*2))) })
			s.play(time.Hour, func(i int) signal.Report { return bounded(group(1, part(1200, min(1600, 1280+int64(i)*8), 1600))) })
		},
		found: []signal.Mode{signal.MessageExpiring},
	},
	"benign: most of what the log holds waits, and it is read as fast as it comes": {
		story: func(s *script) {
			s.play(5*time.Hour, func(i int) signal.Report { return bounded(group(1, lagging(i, min(int64(i)*10, 300)))) })
		},
	},
	"benign: a log that has room yet": {
		story: func(s *script) {
			s.play(5*time.Hour, func(i int) signal.Report { return bounded(group(1, part(0, int64(i)*5, int64(i)*10))) })
		},
	},
	"benign: a log without a bound": {
		story: func(s *script) {
			s.play(45*time.Minute, func(i int) signal.Report {
				r := bounded(group(1, lagging(i, int64(i)*2)))
				r.Queues[0].Setup.MaxBytes = signal.Unknown
				return r
			})
		},
	},
	"benign: a burst that drains": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return bounded(group(1, lagging(i, max(0, 350-int64(i)*5)))) })
		},
	},
	"benign: a reader that is slow for a while": {
		story: func(s *script) {
			for n := range 4 {
				s.play(20*time.Minute, func(i int) signal.Report { return bounded(group(1, lagging(n*160+i, int64(i)*2))) })
				s.play(20*time.Minute, func(i int) signal.Report {
					return bounded(group(1, lagging(n*160+80+i, 160-int64(i)*2)))
				})
			}
		},
	},
	"benign: a deploy beside a large backlog": {
		story: func(s *script) {
			for n := range 6 {
				s.play(20*time.Minute, func(i int) signal.Report { return bounded(group(1, lagging(n*86+i, 250))) })
				s.play(90*time.Second, func(i int) signal.Report {
					return bounded(group(0, orphan(trimmed(int64(n*86+80+i)*10), max(0, int64(n*86+80)*10-250), int64(n*86+80+i)*10)))
				})
			}
		},
	},
	"benign: somebody deletes what was read": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				committed := int64(i) * 8
				return bounded(group(1, part(committed/80*80, committed, int64(i)*10)))
			})
		},
	},
	"benign: a replay from the beginning of the log": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return bounded(group(1, lagging(i, 0))) })
			s.play(time.Hour, func(i int) signal.Report { return bounded(group(1, lagging(240+i, max(0, 390-int64(i)*10)))) })
		},
	},
	"benign: lostorder restarts again and again beside a slow reader": {
		story: func(s *script) {
			for n := range 8 {
				s.play(5*time.Minute, func(i int) signal.Report { return bounded(group(1, lagging(n*20+i, int64(n*20+i)*2))) })
				s.restart()
			}
		},
	},
}

func TestTrimmedLogs(t *testing.T) { playAll(t, trimmingCases) }

func TestTrimmedLogIsReportedWithTheTimeLeft(t *testing.T) {
	s := newScript(t)
	lost := 0
	for i := 0; len(s.opened) == 0 && i < 400; i++ {
		lag := int64(i) * 2
		s.play(interval, func(int) signal.Report { return bounded(group(1, lagging(i, lag))) })
		lost = i
	}
	if len(s.opened) != 1 || s.opened[0].Mode != signal.MessageExpiring {
		t.Fatalf("opened %+v", s.opened)
	}
	f := s.opened[0]
	for name, want := range map[string]string{
		"removed_in":       "27m30s",
		"keeps":            "1073741824 bytes in each partition, beyond which the oldest segment is removed",
		"waiting_messages": "200",
		"position":         "partition 0: committed 800, log end 1000",
	} {
		if got := fact(f.Evidence, name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	// The log begins beyond the reader once 400 wait, at the next removal.
	if in := time.Duration(200-lost) * interval; (in - 27*time.Minute).Abs() > 3*time.Minute {
		t.Errorf("in truth it is %s", in)
	}
	if f.Severity != signal.Critical {
		t.Errorf("%s, want critical", f.Severity)
	}
}
