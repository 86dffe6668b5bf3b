package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// held is a reading of a queue without consumers that holds three messages.
func held(role signal.Role) func(i int) signal.Report {
	return func(int) signal.Report {
		q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "orders"})
		q.Objective, q.Consumers, q.Ready, q.InFlight = objective, 0, 3, 0
		q.Purpose.Role = role
		q.Partitions = []signal.Partition{{Start: signal.Unknown, Committed: 0, End: 3}}
		setup := signal.NewSetup()
		setup.DeadLettering.Route = signal.RouteNone
		q.Setup = &setup
		r := signal.Report{Queues: []signal.Queue{q}}
		if role.KeepsFailed() {
			d := signal.NewDeadLetterQueue(signal.RabbitMQ, "main", "orders")
			d.Purpose.Role, d.Messages = role, 3
			r.DeadLetters = []signal.DeadLetterQueue{d}
		}
		return r
	}
}

// TestRoleDecidesWhatMessagesWithoutConsumersMean plays the same queue in each role.
func TestRoleDecidesWhatMessagesWithoutConsumersMean(t *testing.T) {
	absent := []signal.Mode{signal.ConsumerAbsent, signal.DLQMissing}
	filling := []signal.Mode{signal.DLQFilling}
	cases := map[string]scenario{
		"unknown": {found: absent, open: absent},
	}
	want := map[signal.Role][]signal.Mode{
		signal.RoleWork: absent, signal.RoleRetry: absent, signal.RoleDelay: nil, signal.RoleReply: nil,
		signal.RoleDeadLetter: filling, signal.RoleParking: filling,
	}
	for _, role := range append(signal.Roles(), "") {
		tc := scenario{found: want[role], open: want[role]}
		name := string(role)
		if role == "" {
			name, tc = "unknown", cases["unknown"]
		}
		tc.story = func(s *script) { s.play(20*time.Minute, held(role)) }
		cases[name] = tc
	}
	playAll(t, cases)
}
