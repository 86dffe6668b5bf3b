package checkup_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

func queue(system signal.System, name string, setup *signal.Setup) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: system, Cluster: "main", Destination: name})
	q.Setup, q.Semantics = setup, signaltest.Semantics(system)
	return q
}

func route(r signal.DeadLetteringRoute, problem string) *signal.Setup {
	return &signal.Setup{DeadLettering: signal.DeadLettering{Route: r, Problem: problem}}
}

func TestQueuesWithoutADeadLetterQueueAreNamedOnce(t *testing.T) {
	r := signal.Report{
		Queues: []signal.Queue{
			queue(signal.Kafka, "orders", nil), queue(signal.Kafka, "orders.dlq", nil),
			queue(signal.Kafka, "payments", nil), queue(signal.Kafka, "payments", nil), // two groups
			queue(signal.RabbitMQ, "lossy", route(signal.RouteNone, "")), queue(signal.RabbitMQ, "safe", route(signal.RouteSet, "")),
			queue(signal.RabbitMQ, "once", &signal.Setup{DeadLettering: signal.DeadLettering{Route: signal.RouteSet, AtMostOnce: true}}),
			queue(signal.RabbitMQ, "leaks", &signal.Setup{DeadLettering: signal.DeadLettering{Route: signal.RouteSet, AtMostOnce: true, Leak: "dead refuses them"}}),
			queue(signal.RabbitMQ, "broken", route(signal.RouteBroken, "exchange dead does not exist")),
			queue(signal.RabbitMQ, "dead", route(signal.RouteNone, "")), queue(signal.RabbitMQ, "unknown", route(signal.RouteUnknown, "")),
		},
		DeadLetters: []signal.DeadLetterQueue{{Destination: "orders.dlq", Sources: []string{"orders"}}, {Destination: "dead", Sources: []string{"safe", "once", "leaks"}}},
	}
	var got []string
	for _, a := range checkup.Of(collectors.Examination{Report: r}).Advice {
		got = append(got, string(a.Kind)+": "+a.Text)
	}
	want := []string{
		"warning: dead letters of queue leaks are dropped on their way: dead refuses them",
		"warning: queue broken has a dead letter queue that its messages do not reach: exchange dead does not exist",
		"warning: 1 queue without a dead letter queue, so a message that fails is dropped or retried forever: lossy",
		"warning: dead letters are sent at most once, so a node that stops can lose some; set dead-letter-strategy at-least-once with overflow reject-publish: once",
		"warning: 1 topic with no dead letter topic by the patterns of dlq: payments",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatWasReadIsToldBesideWhatWasNot(t *testing.T) {
	for reachable, r := range map[string]signal.Report{
		"2 queues":                      {Queues: make([]signal.Queue, 2)},
		"1 queue, 3 dead letter queues": {Queues: make([]signal.Queue, 1), DeadLetters: make([]signal.DeadLetterQueue, 3)},
		"2 topics, 1 consumer group": {Queues: []signal.Queue{
			queue(signal.Kafka, "orders", nil),
			{QueueID: signal.QueueID{System: signal.Kafka, Destination: "orders", Group: "billing"}, Semantics: signaltest.Semantics(signal.Kafka)},
			{QueueID: signal.QueueID{System: signal.Kafka, Destination: "payments", Group: "billing"}, Semantics: signaltest.Semantics(signal.Kafka)},
		}},
		"2 outboxes":       {Outboxes: make([]signal.Outbox, 2)},
		"1 lifecycle":      {Lifecycles: make([]signal.Lifecycle, 1)},
		"1 reconciliation": {Reconciliations: []signal.Reconciliation{{Compared: 3}, {}}},
		"":                 {},
	} {
		r.Err = errors.New("partition 3 has no leader")
		got := checkup.Of(collectors.Examination{Report: r, Advice: []collectors.Advice{{Kind: collectors.Grant, Paste: "GRANT"}}})
		if got.OK || got.Error != "partition 3 has no leader" || got.Reachable != reachable || got.Advice[len(got.Advice)-1].Paste != "GRANT" {
			t.Errorf("%q: got %+v", reachable, got)
		}
	}
}

func TestAnErrorDoesNotGrantMoreThanTheAdviceBesideIt(t *testing.T) {
	grant := func(kind signal.RemedyKind, lead, text string) signal.Remedy {
		return signal.Remedy{Kind: kind, Lead: lead, Text: text}
	}
	denied := refused{"read a: permission denied for table a", grant(signal.RemedyGrant, "run as the owner: ", `GRANT USAGE ON SCHEMA "public" TO "u"; GRANT SELECT ON "public"."a" TO "u";`)}
	const owner = `; run as the owner: GRANT USAGE ON SCHEMA "public" TO "u"; GRANT SELECT ON "public"."a" TO "u";`
	narrow := []collectors.Advice{{Kind: collectors.Grant, Paste: `GRANT SELECT ("id") ON "public"."a" TO "u";`}}
	for name, test := range map[string]struct {
		err    error
		advice []collectors.Advice
		want   string
	}{
		"one table":               {denied, narrow, "read a: permission denied for table a"},
		"something else after it": {fmt.Errorf("%w read b: timeout", denied), narrow, "read a: permission denied for table a; read b: timeout"},
		"an administrator": {
			refused{"SELECT command denied", grant(signal.RemedyGrant, "run as an administrator: ", "GRANT SELECT ON `s`.`a` TO 'u'@'%';")},
			narrow, "SELECT command denied",
		},
		"rights over the server": {
			refused{"user \"u\" may not see the threads of others", grant(signal.RemedyGrant, "run as an administrator: ", "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'u'@'%';")},
			narrow, "user \"u\" may not see the threads of others",
		},
		"a right that is not advised": {
			refused{"permission denied", grant(signal.RemedyConnect, "run as the owner: ", `GRANT CONNECT ON DATABASE "d" TO "u";`)},
			narrow, `permission denied; run as the owner: GRANT CONNECT ON DATABASE "d" TO "u";`,
		},
		"no advice, so that the error has": {denied, nil, "read a: permission denied for table a" + owner},
	} {
		r := signal.Report{Err: test.err, Warnings: []string{test.err.Error()}}
		got := checkup.Of(collectors.Examination{Report: r, Advice: test.advice})
		if got.Error != test.want || got.Advice[0].Text != test.want {
			t.Errorf("%s: says %q, and warns %q; want %q", name, got.Error, got.Advice[0].Text, test.want)
		}
	}
}

// refused is an error with a remedy.
type refused struct {
	text   string
	remedy signal.Remedy
}

func (r refused) Error() string         { return r.text + r.remedy.String() }
func (r refused) Remedy() signal.Remedy { return r.remedy }
