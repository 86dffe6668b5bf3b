package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

var consumerAbsentCases = map[string]scenario{
	"the consumers die with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
			s.play(4*time.Minute, func(i int) signal.Report { return group(0, orphan(0, 54, 56+int64(i))) })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"one partition belongs to no member": {
		story: func(s *script) {
			s.play(5*time.Minute, func(i int) signal.Report {
				return group(1, part(0, int64(i), int64(i)+2), orphan(0, 5, 9))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"a group is deleted and leaves messages to a topic that no other group reads": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(5*time.Minute, func(int) signal.Report { return unread() })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"a group that was deleted comes back": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(5*time.Minute, func(int) signal.Report { return unread() })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
	},
	"benign: a group is deleted once it has read everything": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
			s.play(time.Hour, func(int) signal.Report { return unread() })
		},
	},
	"benign: a topic that no group ever read": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return unread() })
		},
	},
	"benign: a consumer comes back from a long absence and begins to work": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
			s.play(20*time.Minute, func(i int) signal.Report { return group(0, orphan(0, 54, 56+int64(i))) })
			s.play(2*time.Minute, func(int) signal.Report { return group(2, part(0, 54, 200)) })
			s.play(2*time.Minute, func(i int) signal.Report { return group(2, part(0, 100+int64(i)*20, 200)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // and not stalled
	},
	"benign: a partition without an owner gets one, which begins to work": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report {
				return group(1, part(0, int64(i), int64(i)+2), orphan(0, 5, 9))
			})
			s.play(2*time.Minute, func(i int) signal.Report {
				return group(1, part(0, 100+int64(i), 102+int64(i)), part(0, 5, 9))
			})
			s.play(2*time.Minute, func(i int) signal.Report {
				return group(1, part(0, 200+int64(i), 202+int64(i)), part(0, 9, 9))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // and not stalled
	},
	"benign: a deploy of a minute and a half": {
		story: func(s *script) {
			for range 5 {
				s.play(5*time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
				s.play(90*time.Second, func(i int) signal.Report { return group(0, orphan(0, 70, 72+int64(i))) })
			}
		},
	},
	"benign: no consumer reads and nothing waits": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return group(0, orphan(0, 60, 60)) })
		},
	},
	"benign: a consumer that commits without being a member": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return group(0, orphan(0, int64(i/4), 9999)) })
		},
	},
	"a topic is deleted with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(time.Hour+4*interval, func(int) signal.Report { return signal.Report{} })
		},
		found: []signal.Mode{signal.MessageLost},
	},
	"benign: a topic is deleted with nothing waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
			s.play(time.Hour, func(int) signal.Report { return signal.Report{} })
		},
	},
	"no consumer reads, and now and then the consumers are not counted": {
		story: func(s *script) {
			s.partial = true
			s.play(10*time.Minute, func(i int) signal.Report {
				if i%6 == 5 || i > 30 {
					p := orphan(0, 50, 60)
					p.Assignment = signal.AssignmentUnknown
					return group(signal.Unknown, p)
				}
				return group(0, orphan(0, 50, 60))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"no consumer reads, and the broker restarts and does not know its depths for a while": {
		story: func(s *script) {
			s.play(10*time.Minute, func(int) signal.Report { return group(0, part(0, 50, 60)) })
			s.fail(time.Minute)
			s.play(time.Minute, func(int) signal.Report {
				unknown := group(signal.Unknown)
				unknown.Queues[0].Ready = signal.Unknown
				return unknown
			})
			s.play(time.Minute, func(int) signal.Report { return group(0, part(0, 0, 10)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // once
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
}

func TestConsumerAbsent(t *testing.T) { playAll(t, consumerAbsentCases) }
