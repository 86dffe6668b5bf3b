package detect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// dropping is a queue of RabbitMQ that keeps messages for a minute and gives those
// that are older to no queue: what was published to it and acknowledged, and what waits.
func dropping(name string, published, acked signal.Count, waiting int64) signal.Queue {
	r := lasting(time.Minute, int64(acked), waiting)
	q := r.Queues[0]
	q.Destination, q.Published, q.Acknowledged = name, published, acked
	q.Objective = signal.Objective{}
	return q
}

// counters is what a node counts as dropped, by reason.
func counters(queues []signal.Queue, node string, losses map[string]signal.Count) signal.Report {
	r := signal.Report{Queues: queues}
	for reason, n := range losses {
		r.Losses = append(r.Losses, signal.BrokerLoss{System: signal.RabbitMQ, Cluster: "main", Node: node, Reason: reason, Messages: n})
	}
	return r
}

// expired is what a node counts as expired.
func expired(n signal.Count, queues ...signal.Queue) signal.Report {
	return counters(queues, "rabbit@a", map[string]signal.Count{"expired": n})
}

// quiet plays a minute in which nothing is lost.
func quiet(s *script) {
	s.play(time.Minute, func(int) signal.Report {
		return expired(7, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0))
	})
}

// brokerLossCases are stories of losses that are counted, not seen.
var brokerLossCases = map[string]struct {
	story func(s *script)
	lost  []detect.Loss // more than none, as the metric has them
	found []string      // subjects
}{
	"messages expire in one queue": {
		story: func(s *script) {
			quiet(s)
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 5), dropping("mails", 60, 55, 5))
			})
		},
		lost:  []detect.Loss{rabbitLost("orders", "expired", 5)},
		found: []string{"orders (rabbitmq main)"},
	},
	"messages expire in two queues": {
		story: func(s *script) {
			quiet(s)
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(15, dropping("orders", 100, 90, 5), dropping("mails", 60, 57, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("mails", "expired", 3), rabbitLost("orders", "expired", 5)},
		found: []string{"mails (rabbitmq main)", "orders (rabbitmq main)"},
	},
	"more are dropped than are short in queues that are watched": {
		story: func(s *script) {
			quiet(s)
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(15, dropping("orders", 100, 90, 5), dropping("mails", 50, 50, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("", "expired", 3), rabbitLost("orders", "expired", 5)},
		found: []string{"orders (rabbitmq main)", "rabbitmq main"},
	},
	"messages expire in a new queue, whose counter appears later": {
		story: func(s *script) {
			quiet(s)
			queues := []signal.Queue{dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0)}
			fresh := func(published signal.Count, waiting int64) []signal.Queue {
				return append(slices.Clone(queues), dropping("new", published, 0, waiting))
			}
			s.play(time.Minute, func(int) signal.Report { return expired(7, fresh(signal.Unknown, 0)...) })
			s.play(interval, func(int) signal.Report { return expired(7, fresh(signal.Unknown, 5)...) })
			s.play(interval, func(int) signal.Report { return expired(7, fresh(5, 5)...) })
			s.play(2*time.Minute, func(int) signal.Report { return expired(12, fresh(5, 0)...) })
		},
		lost:  []detect.Loss{rabbitLost("new", "expired", 5)},
		found: []string{"new (rabbitmq main)"},
	},
	"the node counts before the queues do": {
		story: func(s *script) {
			quiet(s)
			s.play(interval, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0))
			})
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 5), dropping("mails", 50, 50, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("orders", "expired", 5)},
		found: []string{"orders (rabbitmq main)"},
	},
	"the queues count a minute before the node does": {
		story: func(s *script) {
			quiet(s)
			s.play(time.Minute, func(int) signal.Report {
				return expired(7, dropping("orders", 100, 90, 5), dropping("mails", 50, 50, 0))
			})
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 5), dropping("mails", 50, 50, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("orders", "expired", 5)},
		found: []string{"orders (rabbitmq main)"},
	},
	"two queues are short, one of them because it was purged": {
		story: func(s *script) {
			quiet(s)
			s.play(interval, func(int) signal.Report {
				return expired(7, dropping("orders", 100, 90, 10), dropping("mails", 70, 50, 20))
			})
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 5), dropping("mails", 70, 50, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("", "expired", 5)},
		found: []string{"rabbitmq main"},
	},
	"messages expire in a queue that is not watched": {
		story: func(s *script) {
			quiet(s)
			s.play(2*time.Minute, func(int) signal.Report {
				return expired(12, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0))
			})
		},
		lost:  []detect.Loss{rabbitLost("", "expired", 5)},
		found: []string{"rabbitmq main"},
	},
	"a node is restarted and drops messages at once": {
		story: func(s *script) {
			quiet(s)
			s.play(time.Minute, func(int) signal.Report { return expired(0, dropping("orders", 0, 0, 10)) })
			s.play(time.Minute, func(int) signal.Report { return expired(4, dropping("orders", 0, 0, 6)) })
		},
		lost:  []detect.Loss{rabbitLost("orders", "expired", 4)},
		found: []string{"orders (rabbitmq main)"},
	},
	"a node is restarted and has dropped messages before it is read again": {
		story: func(s *script) {
			quiet(s)
			s.play(2*time.Minute, func(int) signal.Report { return expired(4, dropping("orders", 0, 0, 6)) })
		},
		lost:  []detect.Loss{rabbitLost("", "expired", 4)},
		found: []string{"rabbitmq main"},
	},
	"messages that no queue takes are dropped, and others returned": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				return counters(nil, "rabbit@a", map[string]signal.Count{"unroutable_dropped": 0, "unroutable_returned": 0})
			})
			s.play(time.Minute, func(int) signal.Report {
				return counters(nil, "rabbit@a", map[string]signal.Count{"unroutable_dropped": 2, "unroutable_returned": 3})
			})
		},
		lost:  []detect.Loss{rabbitLost("", "unroutable_dropped", 2), rabbitLost("", "unroutable_returned", 3)},
		found: []string{"rabbitmq main"},
	},
	"the oldest messages of SQS were as old as it keeps them": {
		story: func(s *script) {
			begin := s.now
			s.play(4*time.Hour+10*time.Minute, func(int) signal.Report { return keptFor(s, begin, 100, 50) })
			s.play(30*time.Minute, func(int) signal.Report { return keptFor(s, begin.Add(15*time.Minute), 90, 50) })
		},
		lost:  []detect.Loss{{QueueID: signal.QueueID{System: signal.SQS, Cluster: "main", Destination: "orders"}, Reason: detect.Retention, Messages: 10}},
		found: []string{"orders (aws_sqs main)"},
	},
	"benign: the last messages of SQS before they are too old are deleted, which is counted later": {
		story: func(s *script) {
			begin := s.now
			s.play(4*time.Hour+10*time.Minute, func(int) signal.Report { return keptFor(s, begin, 100, 50) })
			s.play(5*time.Minute, func(int) signal.Report { return keptFor(s, begin.Add(15*time.Minute), 90, 50) })
			s.play(30*time.Minute, func(int) signal.Report { return keptFor(s, begin.Add(15*time.Minute), 90, 60) })
		},
	},
	"benign: the last messages of SQS before they are too old are deleted, which is counted at once": {
		story: func(s *script) {
			begin := s.now
			s.play(4*time.Hour+10*time.Minute, func(int) signal.Report { return keptFor(s, begin, 100, 50) })
			s.play(30*time.Minute, func(int) signal.Report { return keptFor(s, begin.Add(15*time.Minute), 90, 60) })
		},
	},
	"benign: a queue of SQS is purged long before its messages are too old": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Hour, func(int) signal.Report { return keptFor(s, begin, 100, 50) })
			s.play(time.Hour, func(int) signal.Report { return keptFor(s, s.now, 0, 50) })
		},
	},
	"benign: the counts of SQS waver where the oldest is as old as it may be": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Hour, func(i int) signal.Report { return keptFor(s, begin, int64(100-i%2*9), 50) })
		},
	},
	"benign: an operator purges a queue": {
		story: func(s *script) {
			quiet(s)
			s.play(10*time.Minute, func(int) signal.Report {
				return expired(7, dropping("orders", 100, 90, 0), dropping("mails", 50, 50, 0))
			})
		},
	},
	"benign: counts that are a moment apart": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				return expired(7, dropping("orders", signal.Count(i*100+i%2*30), signal.Count(i*100-10+i%3*9), int64(10+i%5)))
			})
		},
	},
	"benign: what was dropped before we looked": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return expired(500, dropping("orders", 100, 90, 10)) })
		},
	},
	"benign: lostorder restarts": {
		story: func(s *script) {
			quiet(s)
			s.restart()
			s.play(time.Minute, func(int) signal.Report { return expired(500, dropping("orders", 100, 90, 2)) })
		},
	},
	"benign: a node is restarted and counts anew": {
		story: func(s *script) {
			quiet(s)
			s.play(time.Hour, func(i int) signal.Report {
				return expired(0, dropping("orders", signal.Count(i), signal.Count(i), 10))
			})
		},
	},
	"benign: a node joins that has dropped messages before": {
		story: func(s *script) {
			quiet(s)
			s.play(time.Minute, func(int) signal.Report {
				r := expired(7, dropping("orders", 100, 90, 10))
				r.Losses = append(r.Losses, signal.BrokerLoss{System: signal.RabbitMQ, Cluster: "main", Node: "rabbit@b", Reason: "expired", Messages: 90})
				return r
			})
		},
	},
	"benign: a queue is declared a moment ago": {
		story: func(s *script) {
			quiet(s)
			s.play(time.Minute, func(int) signal.Report {
				return expired(7, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0), dropping("new", 40, 0, 3))
			})
		},
	},
	"benign: the counters of the node cannot be read for a while": {
		story: func(s *script) {
			quiet(s)
			s.play(10*time.Minute, func(int) signal.Report {
				return signal.Report{Queues: []signal.Queue{dropping("orders", 100, 90, 10)}}
			})
			quiet(s)
		},
	},
}

func rabbitLost(queue string, reason detect.LossReason, n int64) detect.Loss {
	return detect.Loss{QueueID: signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: queue}, Reason: reason, Messages: n}
}

// keptFor is a queue of SQS that keeps messages for four hours, and whose counters CloudWatch
// tells ten minutes later. What they do not explain is as of then, and compared with the depths
// of the readings around that moment.
func keptFor(s *script, oldest time.Time, waiting int64, deleted signal.Count) signal.Report {
	r := polled(signal.Unknown, 0, deleted, waiting, 0)
	q := &r.Queues[0]
	q.Objective, q.CounterDelay, q.Setup.Retention, q.Setup.DropsHead = signal.Objective{}, 10*time.Minute, 4*time.Hour, true
	if waiting > 0 && !oldest.After(s.now) {
		q.Oldest = signal.Age{Since: signal.InstantOf(oldest), Bound: signal.AtLeast}
	}
	s.depths = append(s.depths, depthOf{s.now, waiting})
	u := &q.Unexplained
	u.Since, u.At = 1, signal.InstantOf(s.now.Add(-q.CounterDelay))
	for _, d := range s.depths {
		if off := d.at.Sub(s.now.Add(-q.CounterDelay)).Abs(); off > interval {
			continue
		}
		missing := 150 - int64(deleted) - d.waiting
		if !u.Known {
			u.Known, u.Least, u.Most = true, missing, missing
		}
		u.Least, u.Most = min(u.Least, missing), max(u.Most, missing)
	}
	return r
}

// depthOf is how many messages a reading found.
type depthOf struct {
	at      time.Time
	waiting int64
}

func TestLossesCountedByBrokers(t *testing.T) {
	for name, tc := range brokerLossCases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.story(s)
			var found []string
			for _, f := range s.opened {
				if f.Mode == signal.MessageLost {
					found = append(found, f.Subject.String())
				}
			}
			slices.Sort(found)
			if !slices.Equal(found, tc.found) {
				t.Errorf("found %q, want %q\n%+v", found, tc.found, s.opened)
			}
			lost := slices.DeleteFunc(s.detector.Counters().Lost, func(l detect.Loss) bool { return l.Messages == 0 })
			if !slices.Equal(lost, tc.lost) {
				t.Errorf("lost %+v, want %+v", lost, tc.lost)
			}
		})
	}
}

func TestLossWithoutAQueueNamesNodesAndReasons(t *testing.T) {
	s := newScript(t)
	returned := func(dropped, returned signal.Count) signal.Report {
		return counters(nil, "rabbit@a", map[string]signal.Count{"unroutable_dropped": dropped, "unroutable_returned": returned})
	}
	s.play(time.Minute, func(int) signal.Report { return returned(1, 1) })
	s.play(time.Minute, func(int) signal.Report { return returned(1, 4) })
	if len(s.opened) != 1 || s.opened[0].Severity != signal.Warning || s.opened[0].Count != 3 || fact(s.opened[0].Evidence, "returned") == "" {
		t.Fatalf("found %+v, want a warning of three", s.opened)
	}
	s.play(time.Minute, func(int) signal.Report { return returned(3, 4) })
	f := s.detector.Open()[0]
	if f.Severity != signal.Critical || f.Count != 5 || fact(f.Evidence, "reason") != "unroutable_dropped (2), unroutable_returned (3)" || fact(f.Evidence, "nodes") != "rabbit@a" {
		t.Errorf("found %+v", f)
	}
	s.play(70*time.Minute, func(int) signal.Report { return returned(3, 4) })
	if len(s.detector.Open()) != 0 {
		t.Error("still reported an hour later")
	}
	if total := s.detector.Counters().Lost; len(total) != 2 || total[0].Messages != 2 || total[1].Messages != 3 {
		t.Errorf("the counters say %+v", total)
	}
}
