package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// inGroups is a reading of a queue whose oldest message is the same one since a time, and
// whose consumers processed so many messages.
func inGroups(held time.Time, processed, waiting int64) signal.Report {
	r := polled(signal.Count(processed+waiting), signal.Count(processed), signal.Count(processed), waiting, 1)
	q := &r.Queues[0]
	q.GroupHeldSince = signal.InstantOf(held)
	q.Oldest = signal.Age{Since: signal.InstantOf(held.Add(-time.Minute)), Bound: signal.AtLeast}
	return r
}

var groupCases = map[string]scenario{
	"one group is blocked while the others flow": {
		story: func(s *script) {
			begin := s.now
			s.play(12*time.Minute, func(i int) signal.Report { return inGroups(begin, int64(2*i), 8) })
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"it closes when the message is processed": {
		story: func(s *script) {
			begin := s.now
			s.play(12*time.Minute, func(i int) signal.Report { return inGroups(begin, int64(2*i), 8) })
			s.play(3*time.Minute, func(i int) signal.Report { return inGroups(s.now.Add(-time.Minute), int64(200+2*i), 3) })
		},
		found: []signal.Mode{signal.ConsumerStalled},
	},
	"it stays open while the age is not read": {
		story: func(s *script) {
			begin := s.now
			s.play(12*time.Minute, func(i int) signal.Report { return inGroups(begin, int64(2*i), 8) })
			s.play(10*time.Minute, func(i int) signal.Report {
				r := inGroups(begin, int64(96+2*i), 8)
				r.Queues[0].GroupHeldSince, r.Queues[0].Oldest = 0, signal.Age{}
				return r
			})
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: a batch whose messages were sent in the same second drains in order": {
		story: func(s *script) {
			begin := s.now
			s.play(20*time.Minute, func(i int) signal.Report { return inGroups(begin, int64(10*i), 900-int64(10*i)) })
		},
	},
	"benign: all groups flow": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return inGroups(s.now.Add(-2*time.Minute), int64(2*i), 8) })
		},
	},
}

func TestBlockedGroups(t *testing.T) { playAll(t, groupCases) }
