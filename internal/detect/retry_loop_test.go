package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// crew is a reading of a group with the given members.
func crew(members uint64, consumers signal.Count, partitions ...signal.Partition) signal.Report {
	r := group(consumers, partitions...)
	r.Queues[0].Members = members
	return r
}

// nacked is a queue of RabbitMQ with what was acknowledged, what waits, what was
// delivered again and what consumers hold.
func nacked(acked, waiting int64, again, held signal.Count) signal.Report {
	r := rabbit(acked, waiting)
	r.Queues[0].Redelivered, r.Queues[0].InFlight = again, held
	return r
}

// polled is a queue of SQS with what was sent, received and deleted, and what waits.
func polled(sent, received, deleted signal.Count, waiting int64, held signal.Count) signal.Report {
	r := rabbit(int64(deleted), waiting)
	q := &r.Queues[0]
	q.System, q.Published, q.Received, q.Acknowledged, q.InFlight = signal.SQS, sent, received, deleted, held
	q.Setup = &signal.Setup{Type: "standard", MaxDeliveries: signal.Unknown}
	return r
}

// retryCases are stories of messages that are tried again.
var retryCases = map[string]scenario{
	"a consumer dies of a message, is started again, and dies of it": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return crew(1, 1, part(0, int64(i), int64(i))) })
			s.play(10*time.Minute, func(i int) signal.Report { return crew(uint64(2+i/4), 1, part(0, 4, 10+int64(i))) })
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a consumer dies of a message, and is mostly away": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return crew(1, 1, part(0, int64(i), int64(i))) })
			s.play(15*time.Minute, func(i int) signal.Report {
				if i%6 > 0 {
					return crew(0, 0, orphan(0, 4, 10+int64(i)))
				}
				return crew(uint64(2+i), 1, part(0, 4, 10+int64(i)))
			})
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"one partition of three has a message of which every member dies, and the others go on": {
		story: func(s *script) {
			s.play(15*time.Minute, func(i int) signal.Report {
				n := int64(i)
				return crew(uint64(1+i/5), 2, part(0, n, n), part(0, 7, 9+n), part(0, n, n+1))
			})
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a consumer that dies of a message is mended": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return crew(uint64(2+i/4), 1, part(0, 4, 10+int64(i))) })
			s.play(10*time.Minute, func(i int) signal.Report { return crew(100, 1, part(0, 14+int64(i)*5, 50+int64(i)*5)) })
		},
		found: []signal.Mode{signal.RetryLoop},
	},
	"members come and go beside a consumer that hangs, and not often": {
		story: func(s *script) {
			s.play(15*time.Minute, func(i int) signal.Report { return crew(uint64(1+i/30), 1, part(0, 4, 10+int64(i))) })
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"a message is refused and put back, and nothing else is done": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(50, 3, signal.Count(i*900), 1) })
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a message is refused and put back beside others that are done with": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(int64(i), 3, signal.Count(i*900), 1) })
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a message is retried once a minute": {
		story: func(s *script) {
			s.play(15*time.Minute, func(i int) signal.Report { return nacked(50, 1, signal.Count(i/4), signal.Count(i%2)) })
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a message of SQS becomes visible again and again, and is never deleted": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return polled(100, signal.Count(100+i), 100, 1, signal.Count(i%2)) })
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"a message of SQS comes back a thousand times before it is given up": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				r := polled(100, signal.Count(100+i), 100, 1, signal.Count(i%2))
				r.Queues[0].Setup.MaxDeliveries = 1000
				return r
			})
		},
		found: []signal.Mode{signal.RetryLoop},
		open:  []signal.Mode{signal.RetryLoop},
	},
	"one message of SQS goes round forever, and CloudWatch tells it every five minutes": {
		story: func(s *script) {
			s.play(3*time.Hour, func(i int) signal.Report {
				r := polled(101, signal.Count(100+i/20*100), 100, 1, 0)
				r.Queues[0].CounterDelay, r.Queues[0].Objective = 8*time.Minute, signal.Objective{MaxAge: 15 * time.Minute, AbsentAfter: 15 * time.Minute}
				return r
			})
		},
		found: []signal.Mode{signal.RetryLoop}, // and no stall before it
		open:  []signal.Mode{signal.RetryLoop},
	},
	"benign: every message of SQS fails five times and becomes a dead letter": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := polled(signal.Count(100+i), signal.Count(100+i*5), 100, 3, 2)
				r.Queues[0].Setup.MaxDeliveries = 5
				r.Queues[0].Partitions[0] = counted(100+int64(i), 3)
				return r
			})
		},
	},
	"benign: a slow consumer of SQS holds what it received": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return polled(100, signal.Count(100+i), 100, 50, signal.Count(i)) })
			s.play(4*time.Minute, func(int) signal.Report { return polled(100, 116, 101, 49, 15) })
			s.play(time.Hour, func(i int) signal.Report {
				return polled(signal.Count(100+i), signal.Count(116+i), signal.Count(101+i), 49, 15)
			})
		},
	},
	"benign: consumers of SQS take more and more in hand, and are slow": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report {
				done := i / 8
				return polled(signal.Count(600+done), signal.Count(100+i), signal.Count(100+done), 500, signal.Count(i-done))
			})
		},
	},
	"benign: pods are replaced, and later a consumer hangs": {
		story: func(s *script) {
			s.play(2*time.Minute, func(i int) signal.Report { return crew(uint64(1+i), 1, part(0, int64(i), int64(i+2))) })
			s.play(10*time.Minute, func(i int) signal.Report { return crew(100, 1, part(0, 7, 10+int64(i))) })
		},
		found: []signal.Mode{signal.ConsumerStalled}, // and no loop
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: counters of SQS that come five minutes late and all at once": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				late := signal.Count(i / 20 * 200)
				r := polled(late+100, late+100, late, int64(1+i%3), 2)
				r.Queues[0].CounterDelay = 8 * time.Minute
				return r
			})
		},
	},
	"benign: pods are replaced one after the other while an offset stands still": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return crew(1, 3, part(0, int64(i), int64(i))) })
			s.play(4*time.Minute, func(i int) signal.Report { return crew(uint64(2+i), 3, part(0, 4, 6+int64(i))) })
			s.play(10*time.Minute, func(i int) signal.Report { return crew(40, 3, part(0, 22+int64(i), 23+int64(i))) })
		},
	},
	"benign: members come and go all the time, and messages are done with": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return crew(uint64(1+i), 3, part(0, int64(i), int64(i+9))) })
		},
	},
	"benign: one rebalance beside a slow consumer": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return crew(1, 1, part(0, 4, 10)) })
			s.play(4*time.Minute, func(int) signal.Report { return crew(2, 2, part(0, 4, 10)) })
			s.play(4*time.Minute, func(int) signal.Report { return crew(2, 2, part(0, 10, 10)) })
		},
	},
	"benign: nothing waits in a group whose members come and go": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return crew(uint64(1+i), 1, part(0, 10, 10)) })
		},
	},
	"benign: members that are not known": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return crew(0, signal.Unknown, part(0, int64(i/16), int64(1+i/16))) })
		},
	},
	"benign: lostorder does not look for a while, and other members are there": {
		story: func(s *script) {
			for n := range uint64(6) {
				s.play(3*time.Minute, func(int) signal.Report { return crew(1+n, 1, part(0, 4, 10)) })
				s.blind(10 * time.Minute)
			}
		},
	},
	"benign: a message fails now and then and is done with the second time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return nacked(int64(i)*10, 3, signal.Count(i/3), 2) })
		},
	},
	"benign: redeliveries of a quorum queue beside progress": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return nacked(int64(i)*100, 30, signal.Count(i*100), 20) })
		},
	},
	"benign: a consumer dies and gives back a thousand messages": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(int64(i), 5000, 0, 1000) })
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(40+int64(i), 5000, 1000, 1000) })
		},
	},
	"benign: a deploy of twenty pods that each give back what they held": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(int64(i)*2, 5000, signal.Count(min(20, i)*250), 5000) })
		},
	},
	"benign: a node is restarted and counts anew": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(1000+int64(i), 3, signal.Count(9000+i/4), 2) })
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(int64(i), 3, signal.Count(i/4), 2) })
		},
	},
	"benign: redeliveries that are counted for the first time": {
		story: func(s *script) {
			s.play(2*time.Minute, func(i int) signal.Report { return nacked(50+int64(i), 3, signal.Unknown, 2) })
			s.play(time.Hour, func(i int) signal.Report { return nacked(58+int64(i), 3, 5000, 2) })
		},
	},
	"benign: an empty queue whose consumer fetches and returns": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return nacked(int64(i), 0, signal.Count(i*3), 0) })
		},
	},
}

func TestRetries(t *testing.T) { playAll(t, retryCases) }

func TestRetryLoopIsFoundNoLaterThanAStall(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(i int) signal.Report { return crew(1, 1, part(0, int64(i), int64(i))) })
	begin := s.now
	s.play(6*time.Minute, func(i int) signal.Report {
		r := crew(uint64(2+i/4), 1, part(0, 4, 10))
		r.Queues[0].Sample = []signal.OrderRef{{ID: "A-13"}}
		return r
	})
	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want 1: %+v", len(s.opened), s.opened)
	}
	f := s.opened[0]
	if late := f.DetectedAt.Sub(begin.Add(objective.MaxAge)); late > interval || f.Mode != signal.RetryLoop || len(f.OrderIDs) != 1 {
		t.Errorf("%s after the deadline: %+v", late, f)
	}
	if got := fact(f.Evidence, "position"); got != "partition 0: committed 4, log end 10" {
		t.Errorf("position %q", got)
	}
}

// TestRetryLoopIsFoundWhenItHasLastedForItsTimeWheneverItBegan has a loop begin at every moment of
// the parts into which the flow of a queue is divided: in an idle queue, and in one that works.
func TestRetryLoopIsFoundWhenItHasLastedForItsTimeWheneverItBegan(t *testing.T) {
	for before := range 12 {
		for perReading := range int64(3) { // messages that consumers process
			s := newScript(t)
			s.play(10*time.Minute+time.Duration(before)*interval, func(i int) signal.Report { return nacked(int64(i)*perReading, 3*perReading, 0, 0) })
			began, done := s.now, int64(s.now.Sub(s.begin)/interval-1)*perReading
			s.play(10*time.Minute, func(i int) signal.Report { return nacked(done, 3, signal.Count(1+i)*20, 1) })
			if len(s.opened) != 1 || s.opened[0].Mode != signal.RetryLoop {
				t.Fatalf("after %d readings: opened %+v", before, s.opened)
			}
			if late := s.opened[0].DetectedAt.Sub(began.Add(objective.MaxAge)); late > interval {
				t.Errorf("after %d readings: found %s after it had lasted for %s", before, late, objective.MaxAge)
			}
		}
	}
}
