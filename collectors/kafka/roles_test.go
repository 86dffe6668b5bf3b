package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// retried plays a dead letter queue that a group processes: topics "orders" and "orders-dlt"
// exist, and join starts a member of a group.
func retried(t *testing.T, c *kgo.Client, open func() collectors.Reader, orders, dlq string, join func(group string, topics ...string) *kgo.Client) {
	t.Helper()
	produce(t, c, order(orders, 0, "o-1"), order(dlq, 0, "o-2"))
	r := open()
	report := until(t, r, "a dead letter queue", func(r signal.Report) bool { return len(r.DeadLetters) == 1 && r.DeadLetters[0].Messages == 1 })
	if d := report.DeadLetters[0]; d.Purpose.Role != signal.RoleDeadLetter || d.Purpose.Reason == "" {
		t.Errorf("got %+v", d)
	}
	redriver := join("redrive", dlq)
	consume(t, redriver, 1)
	if err := redriver.CommitUncommittedOffsets(within(t)); err != nil {
		t.Fatal(err)
	}
	until(t, r, "a member", func(r signal.Report) bool { q, _ := queueOf(r, dlq, "redrive"); return q.Consumers == 1 })
	if report := readWhole(t, r); len(report.DeadLetters) != 1 {
		t.Errorf("an operator who handles dead letters makes it another queue: got\n%s", show(report))
	}
	again := open()
	report = until(t, again, "a member", func(r signal.Report) bool { q, _ := queueOf(r, dlq, "redrive"); return q.Consumers == 1 })
	if q := mustQueue(t, report, dlq, "redrive"); len(report.DeadLetters) != 0 || q.Purpose.Role != signal.RoleRetry {
		t.Errorf("a group that processes it regularly does not show: got\n%s", show(report))
	}
}

func TestDeadLetterQueueThatAGroupProcessesIsForRetries(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders-dlt"))
	retried(t, s.client(), func() collectors.Reader { return watch(t, s.settings()) }, "orders", "orders-dlt", func(group string, topics ...string) *kgo.Client {
		return s.client(member(group, topics...)...)
	})
}

func TestRolesOfTopicsFollowFromNamesAndConfig(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders-retry-0", "orders.retry.5m", "orders.dlq", "payments.dlq", "entries"))
	for name, test := range map[string]struct {
		config []string
		want   map[string]signal.Role
		dlqs   int
		warns  bool
	}{
		"by names": {nil, map[string]signal.Role{
			"orders": signal.RoleWork, "orders-retry-0": signal.RoleRetry, "orders.retry.5m": signal.RoleRetry, "orders.dlq": signal.RoleDeadLetter, "entries": signal.RoleWork,
		}, 1, true},
		"by the config": {[]string{`roles: [{topics: orders\.dlq, role: retry}, {topics: entries, role: parking}, {topics: payments\.dlq, role: work}]`}, map[string]signal.Role{
			"orders.dlq": signal.RoleRetry, "entries": signal.RoleParking, "payments.dlq": signal.RoleWork,
		}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			report := readWhole(t, watch(t, s.settings(test.config...)))
			for topic, want := range test.want {
				if q := mustQueue(t, report, topic, ""); q.Purpose.Role != want || q.Purpose.Reason == "" {
					t.Errorf("%s: got %+v, want %s", topic, q.Purpose, want)
				}
			}
			if len(report.DeadLetters) != test.dlqs || warns(report, "payments.dlq is named like a dead letter queue") != test.warns {
				t.Errorf("got\n%s", show(report))
			}
		})
	}
}

// TestMessagesOfARetryTopicMayWaitForTheDelayInItsName: its consumers stand still until the
// next message is due.
func TestMessagesOfARetryTopicMayWaitForTheDelayInItsName(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders-retry-1h", "orders-retry-0"))
	for _, topic := range []string{"orders", "orders-retry-1h", "orders-retry-0"} {
		produce(t, s.client(), order(topic, 0, "o-1"))
		commit(t, s.client(), "billing", topic, map[int32]int64{0: 0})
	}
	report := readWhole(t, watch(t, s.settings("objectives: [{max_age: 7m}]")))
	for topic, want := range map[string]time.Duration{"orders": 0, "orders-retry-1h": time.Hour, "orders-retry-0": 0} {
		if q := mustQueue(t, report, topic, "billing"); q.Delay != want || q.Objective.MaxAge != 7*time.Minute+want || q.Objective.AbsentAfter != 7*time.Minute {
			t.Errorf("%s: delay %s, objective %+v", topic, q.Delay, q.Objective)
		}
	}
}
