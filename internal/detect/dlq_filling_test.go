package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func deadLetters(messages, arrived signal.Count) signal.Report {
	return signal.Report{DeadLetters: []signal.DeadLetterQueue{{
		System: signal.Kafka, Cluster: "main", Destination: "orders.dlq", Sources: []string{"orders"},
		Messages: messages, Arrived: arrived, Sample: []signal.OrderRef{{ID: "A-9"}},
	}}}
}

var dlqFillingCases = map[string]storeCase{
	"messages arrive in the dead letter queue": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(0, 40) })
			s.play(time.Minute, func(int) signal.Report { return deadLetters(2, 42) })
		},
		found: []signal.Mode{signal.DLQFilling}, open: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
	},
	"a dead letter queue that is emptied closes": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(2, 42) })
			s.play(time.Minute, func(int) signal.Report { return deadLetters(0, 42) })
		},
		found: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
	},
	"benign: an empty dead letter queue that once held messages": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadLetters(0, 42) })
		},
	},
	"benign: the depth of the dead letter queue is unknown": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadLetters(signal.Unknown, signal.Unknown) })
		},
	},
	"a dead letter queue of which a partition is not read heals nothing": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(3, 3) })
			s.partial = true
			s.play(time.Minute, func(int) signal.Report { return deadLetters(signal.Unknown, signal.Unknown) })
		},
		found: []signal.Mode{signal.DLQFilling}, open: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
	},
}

func TestDLQFilling(t *testing.T) { playStores(t, dlqFillingCases) }
