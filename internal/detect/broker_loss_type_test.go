package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestLossesOfSeveralQueuesAtOnceKeepTheirReasons: a classic queue rejects and a quorum
// queue drops by its delivery limit, while the node counts each reason and type.
func TestLossesOfSeveralQueuesAtOnceKeepTheirReasons(t *testing.T) {
	queue := func(name, kind string, published, waiting int64, limit signal.Count) signal.Queue {
		q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: name})
		q.Objective, q.Consumers = signal.Objective{MaxAge: time.Hour, AbsentAfter: time.Hour, NoDLQ: true}, 1
		q.Ready, q.InFlight, q.Published = signal.Count(waiting), 0, signal.Count(published)
		q.Partitions = []signal.Partition{{Start: signal.Unknown, Committed: 0, End: waiting}}
		setup := signal.NewSetup()
		setup.Type, setup.MaxDeliveries, setup.DeadLettering.Route = kind, limit, signal.RouteNone
		q.Setup = &setup
		return q
	}
	loss := func(reason, kind string, n signal.Count) signal.BrokerLoss {
		return signal.BrokerLoss{System: signal.RabbitMQ, Cluster: "main", Node: "a", Reason: reason, QueueType: kind, Messages: n}
	}
	s := newScript(t)
	s.play(4*time.Minute, func(i int) signal.Report {
		n := int64(i)
		return signal.Report{
			Queues: []signal.Queue{
				queue("limited", "quorum", 100+20*n, 100, 5),
				queue("rejecting", "classic", 100+50*n, 100, signal.Unknown),
				queue("healthy", "quorum", 100, 100, 5),
			},
			Losses: []signal.BrokerLoss{
				loss("delivery_limit", "quorum", signal.Count(20*n)), loss("rejected", "classic", signal.Count(50*n)), loss("rejected", "quorum", 0),
			},
		}
	})
	want := map[string]string{"limited": "delivery_limit (300)", "rejecting": "rejected (750)"}
	for _, f := range s.detector.Open() {
		reason, _ := f.Evidence.Find("reason")
		if f.Mode != signal.MessageLost || want[f.Subject.Destination] != reason.Value.String() {
			t.Errorf("got %+v", f)
		}
		delete(want, f.Subject.Destination)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
