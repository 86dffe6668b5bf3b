package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// offers is a reading of a queue without consumers that holds n messages, beside another
// queue; change changes it.
func offers(n signal.Count, change func(q *signal.Queue, setup *signal.Setup)) func(i int) signal.Report {
	return func(int) signal.Report {
		q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "offers"})
		q.Objective, q.Consumers, q.Ready, q.InFlight = signal.Objective{MaxAge: time.Hour, AbsentAfter: time.Hour, NoDLQ: true}, 0, n, 0
		q.Partitions = []signal.Partition{{Start: signal.Unknown, Committed: 0, End: int64(n)}}
		setup := signal.NewSetup()
		setup.DeadLettering.Route = signal.RouteNone
		if change != nil {
			change(&q, &setup)
		}
		q.Setup = &setup
		r := other(0)
		r.Queues = append(r.Queues, q)
		return r
	}
}

// other is a reading of the other queue alone.
func other(int) signal.Report {
	q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "other"})
	q.Consumers, q.Ready = 1, 0
	return signal.Report{Queues: []signal.Queue{q}}
}

func expires(after time.Duration) func(q *signal.Queue, setup *signal.Setup) {
	return func(_ *signal.Queue, setup *signal.Setup) { setup.ExpiresUnused = after }
}

// deletedAfter plays a queue for a while, and then without it.
func deletedAfter(d time.Duration, read func(i int) signal.Report) func(s *script) {
	return func(s *script) {
		s.play(d, read)
		s.play(2*interval, other)
	}
}

var deletionCases = map[string]scenario{
	"a queue expires with messages in it": {
		story: deletedAfter(45*time.Second, offers(5, expires(40*time.Second))),
		found: []signal.Mode{signal.MessageExpiring, signal.MessageLost}, open: []signal.Mode{signal.MessageLost},
	},
	"an operator deletes a queue with messages in it": {
		story: deletedAfter(time.Minute, offers(5, nil)),
		found: []signal.Mode{signal.MessageLost}, open: []signal.Mode{signal.MessageLost},
	},
	"an auto-delete queue of orders is deleted with messages in it": {
		story: deletedAfter(time.Minute, offers(5, func(q *signal.Queue, setup *signal.Setup) {
			q.Purpose.Role, setup.Temporary = signal.RoleWork, true
		})),
		found: []signal.Mode{signal.MessageLost}, open: []signal.Mode{signal.MessageLost},
	},
	"a topic is deleted while a group lags": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 20, 60)) })
			s.play(2*interval, func(int) signal.Report { return signal.Report{Queues: other(0).Queues} })
		},
		found: []signal.Mode{signal.MessageLost}, open: []signal.Mode{signal.MessageLost},
	},
	"a delay is deleted long before its messages leave": {
		story: deletedAfter(time.Minute, offers(5, func(q *signal.Queue, setup *signal.Setup) {
			q.Purpose.Role, setup.Retention, setup.DeadLettering.Route = signal.RoleDelay, time.Hour, signal.RouteSet
		})),
		found: []signal.Mode{signal.MessageLost}, open: []signal.Mode{signal.MessageLost},
	},
	"a loss with a queue is reported for an hour": {
		story: func(s *script) {
			deletedAfter(time.Minute, offers(5, nil))(s)
			s.play(2*time.Hour, other)
		},
		found: []signal.Mode{signal.MessageLost},
	},
	"benign: a queue that comes back in the next reading": {story: func(s *script) {
		s.play(time.Minute, offers(5, nil))
		s.play(interval, other)
		s.play(time.Minute, offers(5, nil))
	}},
	"benign: an empty queue is deleted":      {story: deletedAfter(45*time.Second, offers(0, expires(40*time.Second)))},
	"benign: a queue for replies is deleted": {story: deletedAfter(time.Minute, offers(5, func(q *signal.Queue, _ *signal.Setup) { q.Purpose.Role = signal.RoleReply }))},
	"benign: a delay expires after its messages left": {story: deletedAfter(45*time.Second, offers(5, func(q *signal.Queue, setup *signal.Setup) {
		q.Purpose.Role, setup.Retention, setup.ExpiresUnused, setup.DeadLettering.Route = signal.RoleDelay, 30*time.Second, 40*time.Second, signal.RouteSet
	}))},
	"benign: a partial reading lacks the queue": {story: func(s *script) {
		s.play(time.Minute, offers(5, nil))
		s.partial = true
		s.play(time.Minute, other)
	}},
	"benign: a queue is gone after an observation gap": {story: func(s *script) {
		s.play(time.Minute, offers(5, nil))
		s.blind(10 * time.Minute)
		s.play(2*interval, other)
	}},
	"benign: consumers empty a queue faster than it is read, and delete it": {story: deletedAfter(2*time.Minute, func() func(i int) signal.Report {
		return func(i int) signal.Report {
			r := offers(5, func(q *signal.Queue, _ *signal.Setup) { q.Consumers = 1 })(i)
			q := &r.Queues[1]
			q.Partitions[0].Committed = int64(100 * i)
			q.Partitions[0].End = q.Partitions[0].Committed + 5
			q.Published = signal.Count(q.Partitions[0].End)
			return r
		}
	}())},
	"benign: a queue that expires is kept alive by a client that asks for messages": {story: func(s *script) {
		s.play(20*time.Minute, func(i int) signal.Report {
			r := offers(5, expires(10*time.Minute))(i)
			q := &r.Queues[1]
			q.Partitions[0].Committed = int64(i)
			q.Partitions[0].End = q.Partitions[0].Committed + 5
			return r
		})
	}},
}

func TestQueueThatIsDeletedWithMessagesLosesThem(t *testing.T) { playAll(t, deletionCases) }

func TestLossWithAQueueNamesCountAndReason(t *testing.T) {
	for reason, story := range map[string]func(s *script){
		"queue_expired": deletedAfter(45*time.Second, offers(5, expires(40*time.Second))),
		"queue_deleted": deletedAfter(45*time.Second, offers(5, nil)),
	} {
		s := newScript(t)
		story(s)
		lost := s.opened[len(s.opened)-1]
		if fact, _ := lost.Evidence.Find("reason"); lost.Mode != signal.MessageLost || lost.Count != 5 || fact.Value.String() != reason || lost.Subject.Destination != "offers" {
			t.Errorf("got %+v, want %s", lost, reason)
		}
		var counted int64
		for _, l := range s.detector.Counters().Lost {
			if string(l.Reason) == reason {
				counted += l.Messages
			}
		}
		if counted != 5 {
			t.Errorf("got %+v", s.detector.Counters().Lost)
		}
	}
}
