package sqs_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRolesOfQueuesFollowFromRedrivePolicies: a queue that gives up dead letters itself has
// consumers that receive them.
func TestRolesOfQueuesFollowFromRedrivePolicies(t *testing.T) {
	s := open(t)
	s.queue("orders-dead")
	s.queue("orders-again", "RedrivePolicy", redrive("orders-dead", 3))
	s.queue("orders", "RedrivePolicy", redrive("orders-again", 1))
	s.queue("entries")
	for name, test := range map[string]struct {
		config []string
		want   map[string]signal.Role
		dead   []string
	}{
		"by redrive policies": {
			nil,
			map[string]signal.Role{"orders": signal.RoleWork, "orders-again": signal.RoleRetry, "orders-dead": signal.RoleDeadLetter, "entries": signal.RoleWork},
			[]string{"orders-dead"},
		},
		"one that is not chosen, and is watched because it is processed": {
			[]string{"queues: {include: orders}"}, map[string]signal.Role{"orders": signal.RoleWork, "orders-again": signal.RoleRetry}, nil,
		},
		"by the config": {
			[]string{"roles: [{queues: orders-again, role: dead_letter}, {queues: entries, role: parking}]"},
			map[string]signal.Role{"orders-again": signal.RoleDeadLetter, "entries": signal.RoleParking},
			[]string{"entries", "orders-again", "orders-dead"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := whole(t, watch(t, settings(t, s.URL(), test.config...)))
			for queue, want := range test.want {
				q := queueIn(t, report, queue)
				if q.Purpose.Role != want || q.Purpose.Reason == "" {
					t.Errorf("%s: got %+v, want %s", queue, q, want)
				}
			}
			if len(report.DeadLetters) != len(test.dead) {
				t.Fatalf("got %+v, want %v", report.DeadLetters, test.dead)
			}
			for i, want := range test.dead {
				if report.DeadLetters[i].Destination != want {
					t.Errorf("got %+v, want %s", report.DeadLetters[i], want)
				}
			}
		})
	}
}
