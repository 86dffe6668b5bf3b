package telemetry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestFindingIsNamedInWords(t *testing.T) {
	s := &watch.Snapshot{Version: 1, Open: []signal.Finding{{
		ID: "a1", Mode: signal.ConsumerStalled, Severity: signal.Critical, Since: noon, OrderIDs: []string{"A-1", "A-2", "A-3", "A-4", "A-5", "A-6"},
		Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"},
	}}}
	const words = `lostorder_finding_info{mode="consumer_stalled",finding="a1",subject="orders → billing (kafka main)"`
	e := exporter(&s)
	if got := lines(scrape(t, e, "text")); !slices.Contains(got, words+"} 1") {
		t.Errorf("no %s in\n%s", words, strings.Join(got, "\n"))
	}
	e.ShowOrderIDs(true)
	s = &watch.Snapshot{Version: 2, Open: s.Open}
	if got := lines(scrape(t, e, "text")); !slices.Contains(got, words+`,orders="A-1, A-2, A-3, A-4, A-5"} 1`) {
		t.Errorf("not five order ids in\n%s", strings.Join(got, "\n"))
	}
}

func TestStatusPageHasAnAddress(t *testing.T) {
	s := full()
	if got := lines(scrape(t, exporter(&s), "text")); !slices.Contains(got, "lostorder_status_page_info 1") {
		t.Error("without --web.external-url it has another label or none at all")
	}
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return s }, ExternalURL: "https://ops.example/lostorder"})
	if got := lines(scrape(t, e, "text")); !slices.Contains(got, `lostorder_status_page_info{external_url="https://ops.example/lostorder"} 1`) {
		t.Error("--web.external-url is not its label")
	}
}

func TestModeOfEachStateAndMismatchIsExported(t *testing.T) {
	s := full()
	s.Targets = append(s.Targets, watch.Target{ID: signal.TargetID{Collector: "orders", Target: "saga"}, Up: true, Reading: &signal.Report{At: noon, Lifecycles: []signal.Lifecycle{{
		Name: "checkout", Database: "shop", Saga: true, States: []signal.State{
			{Name: "pay", Max: time.Minute}, {Name: "refund", Max: time.Minute, Compensating: true}, {Name: "stuck", Failed: true}, {Name: "open"}, {Name: "done", Max: time.Minute, Terminal: true},
		},
	}}}})
	got := lines(scrape(t, exporter(&s), "text"))
	const saga = `lostorder_order_state_info{database="shop",lifecycle="checkout",state=`
	for _, want := range []string{
		`lostorder_order_state_info{` + order + `,state="placed",mode="order_overdue"} 1`,
		saga + `"pay",mode="saga_stuck"} 1`,
		saga + `"refund",mode="compensation_failed"} 1`,
		saga + `"stuck",mode="saga_stuck"} 1`,
		`lostorder_reconciliation_info{check="payments",kind="missing_right",mode="order_unmatched"} 1`,
		`lostorder_reconciliation_info{check="payments",kind="duplicate",mode="effect_duplicate"} 1`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	if n := count(got, saga); n != 3 {
		t.Errorf("%d states of the saga have a mode; one without a max and a terminal one have none", n)
	}
}

func TestLastPassHasATimeOnceItWasSeenToFinish(t *testing.T) {
	s := full()
	e := exporter(&s)
	const name = "lostorder_reconciliation_last_pass_timestamp_seconds"
	pass := func(done signal.Count, at time.Time) *signal.Report {
		return &signal.Report{TargetID: signal.TargetID{Collector: "reconcile", Target: "payments"}, At: at, Reconciliations: []signal.Reconciliation{{Name: "payments", Pass: signal.Pass{Completed: done}}}}
	}
	e.Read(pass(0, noon))
	if n := count(lines(scrape(t, e, "text")), name); n != 0 {
		t.Error("no pass was finished, and it has a time")
	}
	e.Read(pass(1, noon.Add(time.Minute)))
	e.Read(pass(1, noon.Add(time.Hour)))
	if got := lines(scrape(t, e, "text")); !slices.Contains(got, name+`{check="payments"} 1.77348966e+09`) {
		t.Errorf("the pass finished a minute after noon: %q", got[slices.IndexFunc(got, func(l string) bool { return strings.HasPrefix(l, name) })])
	}
	e.Forget(signal.TargetID{Collector: "reconcile", Target: "payments"})
	if n := count(lines(scrape(t, e, "text")), name); n != 0 {
		t.Error("the check is gone and its time is not")
	}
}

func TestDwellIsObservedAsAShareOfItsMax(t *testing.T) {
	s := full()
	e := exporter(&s)
	readAll(e, s) // 42 seconds of five minutes
	got := lines(scrape(t, e, "text"))
	for _, want := range []string{
		`lostorder_order_dwell_ratio_bucket{` + order + `,state="placed",le="0.1"} 0`,
		`lostorder_order_dwell_ratio_bucket{` + order + `,state="placed",le="0.2"} 1`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestQueueThatNeedsNoDeadLetterQueueDoesNotLackOne(t *testing.T) {
	lacking := func(destination string) signal.Queue {
		q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "shop", Destination: destination})
		q.Setup = &signal.Setup{DeadLettering: signal.DeadLettering{Route: signal.RouteNone}}
		return q
	}
	exempt, reply := lacking("exempt"), lacking("reply")
	exempt.Objective.NoDLQ, reply.Setup.Temporary = true, true
	s := &watch.Snapshot{Version: 1, Targets: []watch.Target{{ID: signal.TargetID{Collector: "rabbitmq", Target: "shop"}, Up: true, Reading: &signal.Report{
		At: noon, Queues: []signal.Queue{lacking("jobs"), lacking("jobs.dlq"), exempt, reply},
		DeadLetters: []signal.DeadLetterQueue{{System: signal.RabbitMQ, Cluster: "shop", Destination: "jobs.dlq"}},
	}}}}
	got := lines(scrape(t, exporter(&s), "text"))
	if n := count(got, "lostorder_queue_dlq_configured{"); n != 1 || !slices.Contains(got, `lostorder_queue_dlq_configured{`+jobs+`} 0`) {
		t.Errorf("%d queues: only jobs lacks one", n)
	}
}

func TestLabelsOfTheConfigAreOnTheSeriesOfFindingsAndTargets(t *testing.T) {
	s := full()
	labels := signal.Labels{"tier": "1", "team": "payments"}
	s.Open = []signal.Finding{{ID: "a1", Mode: signal.OrderOverdue, Severity: signal.Critical, Since: noon, Count: 2, Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, Labels: labels}}
	s.Targets[1].Labels, s.Targets[1].Reading.Labels = labels, labels
	got := lines(scrape(t, exporter(&s), "text"))
	for _, want := range []string{
		`lostorder_finding_affected{mode="order_overdue",severity="critical",finding="a1",database="shop",lifecycle="order",state="placed",team="payments",tier="1"} 2`,
		`lostorder_finding_info{mode="order_overdue",finding="a1",subject="order in state placed (database shop)",team="payments",tier="1"} 1`,
		`lostorder_target_info{collector="orders",target="shop",team="payments",tier="1"} 1`,
		`lostorder_target_info{collector="kafka",target="main"} 1`,
		`lostorder_lifecycle_info{database="shop",lifecycle="order",team="payments",tier="1"} 1`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	const since = `lostorder_finding_since_timestamp_seconds{mode="order_overdue",severity="critical",finding="a1",database="shop",lifecycle="order",state="placed",team="payments",tier="1"}`
	if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, since) }) {
		t.Errorf("no %s", since)
	}
}

// A label of the config that one of ours hides would be lost, or break the scrape.
func TestTheConfigCannotUseTheNamesOfOurLabels(t *testing.T) {
	for _, m := range telemetry.Metrics() {
		for _, name := range m.Labels {
			if _, reserved := collectors.ReservedLabel(name); !reserved {
				t.Errorf("the config may use %s, which is a label of %s", name, m.Name)
			}
		}
	}
}

func TestAmountsAreExportedByCurrency(t *testing.T) {
	s := full()
	stake := signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 132}, {Currency: "USD", Value: "5", Orders: 1}}, Coverage: signal.CoversCounted}
	s.Targets[1].Reading.Lifecycles[0].States[0].AtStake = stake
	s.Open = []signal.Finding{{ID: "a1", Mode: signal.OrderOverdue, Severity: signal.Critical, Since: noon, Count: 2, Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, AtStake: stake}}
	got := lines(scrape(t, exporter(&s), "text"))
	const labels = `{mode="order_overdue",severity="critical",finding="a1",database="shop",lifecycle="order",state="placed",currency=`
	const finding, orders = `lostorder_finding_amount` + labels, `lostorder_finding_amount_orders` + labels
	for _, want := range []string{
		`lostorder_orders_overdue_amount{database="shop",lifecycle="order",state="placed",currency="EUR"} 18240.5`,
		`lostorder_orders_overdue_amount{database="shop",lifecycle="order",state="placed",currency="USD"} 5`,
		finding + `"EUR",coverage="counted"} 18240.5`,
		finding + `"USD",coverage="counted"} 5`,
		orders + `"EUR",coverage="counted"} 132`,
		orders + `"USD",coverage="counted"} 1`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}
