package rabbitmq_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// wired is a queue as its definition and the readings show it.
type wired struct {
	ttl      time.Duration
	to       []string // where it dead-letters to
	consumed bool     // consumers process it
}

// TestRoleFollowsFromWiringAndUse lists what each queue is for. Queues that are not listed
// are work.
func TestRoleFollowsFromWiringAndUse(t *testing.T) {
	for name, test := range map[string]struct {
		queues map[string]wired
		want   map[string]signal.Role
	}{
		"a delay that leads to work without consumers": {
			map[string]wired{"orders": {}, "orders.delay": {ttl: time.Minute, to: []string{"orders"}}},
			map[string]signal.Role{"orders.delay": signal.RoleDelay},
		},
		"a delay without a telling name that leads to consumed work": {
			map[string]wired{"orders": {consumed: true}, "t60": {ttl: time.Minute, to: []string{"orders"}}},
			map[string]signal.Role{"t60": signal.RoleDelay},
		},
		"work that rejects, waits and comes back, with a parking queue": {
			map[string]wired{"work": {to: []string{"wait"}, consumed: true}, "wait": {ttl: time.Minute, to: []string{"work"}}, "work.parking": {}},
			map[string]signal.Role{"wait": signal.RoleDelay, "work.parking": signal.RoleParking},
		},
		"the same while no consumer is connected": {
			map[string]wired{"work": {to: []string{"pause"}}, "pause": {ttl: time.Minute, to: []string{"work"}}},
			map[string]signal.Role{"pause": signal.RoleDelay},
		},
		"a cascade of delays": {
			map[string]wired{
				"nsb.v2.delay-level-01": {ttl: 2 * time.Second, to: []string{"nsb.v2.delay-level-00", "sales"}},
				"nsb.v2.delay-level-00": {ttl: time.Second, to: []string{"sales"}}, "sales": {},
			},
			map[string]signal.Role{"nsb.v2.delay-level-01": signal.RoleDelay, "nsb.v2.delay-level-00": signal.RoleDelay},
		},
		"a delay whose messages carry their own expiration": {
			map[string]wired{"orders": {}, "orders.retry.30s": {to: []string{"orders"}}},
			map[string]signal.Role{"orders.retry.30s": signal.RoleDelay},
		},
		"work with a time to live and a dead letter queue, both without consumers": {
			map[string]wired{"orders": {ttl: time.Hour, to: []string{"orders.dlq"}}, "orders.dlq": {}},
			map[string]signal.Role{"orders.dlq": signal.RoleDeadLetter},
		},
		"the same with a dead letter queue that is not named like one": {
			map[string]wired{"orders": {ttl: time.Hour, to: []string{"old"}}, "old": {}},
			map[string]signal.Role{"old": signal.RoleDeadLetter},
		},
		"the same with a dead letter queue whose name extends that of the queue": {
			map[string]wired{"orders": {ttl: time.Hour, to: []string{"orders.rejected"}}, "orders.rejected": {}},
			map[string]signal.Role{"orders.rejected": signal.RoleDeadLetter},
		},
		"work whose failed messages a service of its own processes": {
			map[string]wired{"orders": {to: []string{"orders.again"}, consumed: true}, "orders.again": {to: []string{"orders.dead"}, consumed: true}, "orders.dead": {}},
			map[string]signal.Role{"orders.again": signal.RoleRetry, "orders.dead": signal.RoleDeadLetter},
		},
		"a dead letter queue that keeps messages for a week and then archives them": {
			map[string]wired{"orders": {to: []string{"orders.dlq"}, consumed: true}, "orders.dlq": {ttl: 7 * 24 * time.Hour, to: []string{"archive"}}, "archive": {}},
			map[string]signal.Role{"orders.dlq": signal.RoleDeadLetter, "archive": signal.RoleDeadLetter},
		},
		"error queues that a framework publishes to": {
			map[string]wired{"billing": {consumed: true}, "billing_error": {}, "billing_skipped": {}, "EasyNetQ_Default_Error_Queue": {}, "error": {}},
			map[string]signal.Role{"billing_error": signal.RoleDeadLetter, "billing_skipped": signal.RoleDeadLetter, "error": signal.RoleDeadLetter, "EasyNetQ_Default_Error_Queue": signal.RoleDeadLetter},
		},
		"a queue that takes back its own messages": {
			map[string]wired{"loop": {ttl: time.Minute, to: []string{"loop"}}, "self": {to: []string{"self"}, consumed: true}},
			map[string]signal.Role{"loop": signal.RoleDelay},
		},
		"a stream that takes dead letters, and work on it": {
			map[string]wired{"orders": {to: []string{"letters"}, consumed: true}, "letters": {}},
			map[string]signal.Role{"letters": signal.RoleDeadLetter},
		},
	} {
		t.Run(name, func(t *testing.T) {
			roles := rabbitmq.Roles{}
			for queue, w := range test.queues {
				roles.Add(queue, w.ttl, w.to, w.consumed)
			}
			for queue := range test.queues {
				want := test.want[queue]
				if want == "" {
					want = signal.RoleWork
				}
				if got := roles.Of(queue); got.Role != want || got.Reason == "" {
					t.Errorf("%s: got %+v, want %s", queue, got, want)
				}
			}
		})
	}
}

// TestPrivateQueuesAreRepliesWhateverTheyAreDeclaredAs lists queues that frameworks and
// plugins create, and queues of orders that only look like them.
func TestPrivateQueuesAreRepliesWhateverTheyAreDeclaredAs(t *testing.T) {
	const id = "5f0c6a1e-8d1b-4c0e-9b51-2f7f6a1f2c3d"
	for queue, test := range map[string]struct {
		declared string
		want     signal.Role
	}{
		"celery@worker-1.celery.pidbox": {`"arguments":{"x-expires":10000,"x-message-ttl":300000}`, signal.RoleReply},
		id + ".reply.celery.pidbox":     {`"arguments":{"x-expires":10000}`, signal.RoleReply},
		"celeryev." + id:                {`"auto_delete":true,"arguments":{"x-expires":60000,"x-message-ttl":5000}`, signal.RoleReply},
		id:                              {`"arguments":{"x-expires":86400000}`, signal.RoleReply},
		"mqtt-subscription-van7qos1":    {`"arguments":{"x-expires":86400000}`, signal.RoleReply},
		"stomp-subscription-8Xk":        {`"auto_delete":true`, signal.RoleReply},
		"api-7_api_bus_yryyyy8k3nyfrqfhbdqx1mbqn1": {`"auto_delete":true,"arguments":{"x-expires":60000}`, signal.RoleReply},
		"easynetq.response." + id:                  {`"auto_delete":true`, signal.RoleReply},
		"orders.anonymous.Kq3vT":                   {`"exclusive":true`, signal.RoleReply},
		"amq.gen-Xa2RyW4q":                         {`"exclusive":true`, signal.RoleReply},
		"orders.reply":                             {`"auto_delete":true`, signal.RoleReply},
		"orders.live":                              {`"auto_delete":true`, signal.RoleWork},
		"orders.exclusive":                         {`"exclusive":true`, signal.RoleWork},
		"orders.offers":                            {`"arguments":{"x-expires":40000}`, signal.RoleWork},
		"orders.replies.kept":                      {``, signal.RoleWork},
		"delay_orders__60000":                      {`"arguments":{"x-expires":70000,"x-message-ttl":60000,"x-dead-letter-exchange":"","x-dead-letter-routing-key":"orders"}`, signal.RoleDelay},
	} {
		t.Run(queue, func(t *testing.T) {
			f := serve(t)
			declared := test.declared
			if declared != "" {
				declared = "," + declared
			}
			f.set("/api/queues", `[{"vhost":"/","name":"orders","type":"classic"},{"vhost":"/","name":"`+queue+`","type":"classic"`+declared+`}]`)
			f.set("/api/bindings", `[{"vhost":"/","source":"","destination":"orders","destination_type":"queue","routing_key":"orders"}]`)
			f.set("/api/policies", `[]`)
			f.set("/api/operator-policies", `[]`)
			f.set("/metrics/detailed", strings.ReplaceAll(detailed, "failed", queue))
			r, err := read(t, settings(t, f.URL))
			q := queueOf(r, queue)
			if err != nil || q == nil {
				t.Fatalf("got %v, %+v", err, r.Queues)
			}
			if q.Purpose.Role != test.want {
				t.Errorf("got %+v, want %s", q.Purpose, test.want)
			}
		})
	}
}

// TestConfigDecidesTheRole: the first entry that matches applies.
func TestConfigDecidesTheRole(t *testing.T) {
	f := serve(t)
	r, err := read(t, settings(t, f.URL, `roles: [{queues: failed, role: work}, {queues: 'orders|failed', role: parking}]`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]signal.Role{"failed": signal.RoleWork, "orders": signal.RoleParking} {
		if q := queueOf(r, name); q.Purpose.Role != want || q.Purpose.Reason != "roles in the config" {
			t.Errorf("%s: got %+v, want %s", name, q.Purpose, want)
		}
	}
	if len(r.DeadLetters) != 1 || r.DeadLetters[0].Destination != "orders" {
		t.Errorf("got %+v", r.DeadLetters)
	}
}
