package queues_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/queues"
	"github.com/lostorder/lostorder/internal/signal"
)

var rabbit = &signal.Semantics{DeadLettersRemoved: true}

// queue is a reading of a queue of RabbitMQ.
func queue(name string, consumers signal.Count, setup signal.Setup) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "rabbitmq", Destination: name})
	q.Semantics, q.Setup, q.Consumers, q.Ready = rabbit, &setup, consumers, 0
	return q
}

func proposed(t *testing.T, readings ...signal.Report) string {
	t.Helper()
	var o queues.Observed
	for i := range readings {
		readings[i].At = time.Unix(1_700_000_000+int64(60*i), 0)
		o.Add(&readings[i])
	}
	e := &draft.Entry{Name: "rabbitmq"}
	queues.Propose(e, collectors.Discovery{Queues: "queues", Pair: "by its dead letter exchange and the bindings"}, &o)
	var d draft.Document
	d.Add("rabbitmq", e)
	return d.String()
}

// TestRetryQueueIsNoDeadLetterQueue has a queue whose failures wait in another one and come
// back, and go to a third one in the end.
func TestRetryQueueIsNoDeadLetterQueue(t *testing.T) {
	to := func(exchange string, ttl time.Duration) signal.Setup {
		s := signal.NewSetup()
		s.Retention, s.DeadLettering = ttl, signal.DeadLettering{Route: signal.RouteSet, To: exchange}
		return s
	}
	text := proposed(t, signal.Report{
		Queues: []signal.Queue{queue("orders", 2, to("retries", 0)), queue("orders.wait", 0, to("work", time.Minute)), queue("orders.dead", 0, signal.NewSetup())},
		DeadLetters: []signal.DeadLetterQueue{
			{Destination: "orders", Sources: []string{"orders.wait"}, Messages: 0},
			{Destination: "orders.wait", Sources: []string{"orders"}, Messages: 0},
			{Destination: "orders.dead", Sources: []string{"payments"}, Messages: 3},
		},
	})
	for _, want := range []string{
		"orders: may carry orders by its name, 2 consumers", "orders.wait: retry or delay: its messages expire and go on to another queue",
		"orders.dead holds the dead letters of payments by its dead letter exchange and the bindings: 3 messages now", `queues: {exclude: [orders\.wait]}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the proposal lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "orders holds the dead letters") || strings.Contains(text, "orders.wait holds the dead letters") {
		t.Errorf("a retry queue or its queue of work is taken for a dead letter queue:\n%s", text)
	}
}

// TestObjectiveFollowsTheLongestWait proposes five times what was seen, rounded up, where
// that differs from the default.
func TestObjectiveFollowsTheLongestWait(t *testing.T) {
	reading := func(orders, prices time.Duration) signal.Report {
		q, p := queue("orders", 1, signal.NewSetup()), queue("prices", 1, signal.NewSetup())
		at := signal.Instant(1_700_000_000_000)
		q.Oldest, p.Oldest = signal.Age{Since: at - signal.Instant(orders.Milliseconds()), Bound: signal.Measured}, signal.Age{Since: at - signal.Instant(prices.Milliseconds()), Bound: signal.Measured}
		return signal.Report{Queues: []signal.Queue{q, p}}
	}
	text := proposed(t, reading(20*time.Second, 30*time.Minute))
	if !strings.Contains(text, "- queues: [orders] # the oldest message waited at most 20 s\n        max_age: 2m") {
		t.Errorf("a queue of orders has no objective:\n%s", text)
	}
	if !strings.Contains(text, "- queues: [prices] # the oldest message waited at most 30 min\n        max_age: 4h") {
		t.Errorf("a queue in which messages wait long has the default objective:\n%s", text)
	}
	if text := proposed(t, reading(0, time.Second)); !strings.Contains(text, "max_age: 1m") || strings.Contains(text, "[prices]") {
		t.Errorf("a quick queue that carries no orders needs no objective of its own:\n%s", text)
	}
}

// TestWaitOfUnknownLengthIsNoObjective: a broker that shows no age of messages that wait has
// not shown that they wait for no time.
func TestWaitOfUnknownLengthIsNoObjective(t *testing.T) {
	empty, waiting := queue("orders", 1, signal.NewSetup()), queue("orders", 1, signal.NewSetup())
	empty.Ready, waiting.Ready = 0, 22
	text := proposed(t, signal.Report{Queues: []signal.Queue{empty}}, signal.Report{Queues: []signal.Queue{waiting}})
	if strings.Contains(text, "max_age") || strings.Contains(text, "the oldest waited") {
		t.Errorf("the age is known:\n%s", text)
	}
}

// TestHostileNameStaysInItsComment has a queue whose name would be config.
func TestHostileNameStaysInItsComment(t *testing.T) {
	text := proposed(t, signal.Report{Queues: []signal.Queue{queue("orders\nsqs:\n  - name: \x1b[31mevil", 1, signal.NewSetup())}})
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "sqs:") || strings.Contains(line, "\x1b") {
			t.Errorf("the name of a queue becomes a line of the config: %q", line)
		}
	}
}
