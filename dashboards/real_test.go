//go:build integration

package dashboards_test

import (
	"cmp"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/test/parts/parttest"
)

// emptyInDemo are metrics that have no series while the demo breaks everything that
// it can, and why. TestRealPanelsThatTheDemoLeavesEmpty fills their panels.
var emptyInDemo = map[string]string{
	"lostorder_queue_redelivered_messages_total": "the demo's Kafka does not count redeliveries",
	"lostorder_broker_alarm":                     "the demo has no RabbitMQ",
	"lostorder_broker_lost_messages_total":       "the demo has no RabbitMQ",
	"lostorder_outbox_failed_messages":           "the demo's outbox has no column for it",
	"lostorder_outbox_retried_messages":          "the demo's outbox has no column for it",
	"lostorder_outbox_skipped_messages":          "the demo's relay goes by its rows, not by a position",
	"lostorder_outbox_slot_active":               noSlot,
	"lostorder_outbox_slot_lost":                 noSlot,
	"lostorder_outbox_slot_lag_bytes":            noSlot,
	"lostorder_outbox_slot_lag_seconds":          noSlot,
	"lostorder_outbox_slot_retained_bytes":       noSlot,
	"lostorder_outbox_slot_safe_bytes":           noSlot,
}

const noSlot = "the demo's database has no replication slots"

// emptyWhenHealthy are panels that have no data in a shop in which nothing is
// wrong, and why that is what they should say. What they say is their noValue.
var emptyWhenHealthy = map[string]string{
	"What is being lost, since when": "there is no finding to list",
	"At stake":                       "there is no finding, and so no currency",
	"consumer_absent: messages that wait without a consumer":       "every queue has a consumer",
	"message_expiring: time until messages are removed":            "nothing is going to expire",
	"Age of the last whole pass":                                   "no pass needs to have finished",
	"Age of the last whole pass, of the usual time between passes": "two passes need not have finished",
	"Age of the last pass, of the usual time":                      "two passes need not have finished",
	"Detection delay":             "nothing was found",
	"Oldest dead letter":          "no dead letter waits",
	"Redelivered":                 "the demo's Kafka does not count redeliveries",
	"retry_loop: redeliveries":    "the demo's Kafka does not count redeliveries",
	"Alarms of brokers":           "the demo has no RabbitMQ",
	"Dropped by brokers":          "the demo has no RabbitMQ",
	"Events abandoned":            "the demo's outbox has no column for it",
	"Events retried or abandoned": "the demo's outbox has no column for it",

	"Events that the relay skipped":  "the demo's relay goes by its rows, not by a position",
	"Log not confirmed":              noSlot,
	"Not confirmed for":              noSlot,
	"Logs without a reader, or lost": noSlot,
	"Log kept for the slot":          noSlot,
}

// TestRealEveryPanelHasData lets a real Prometheus scrape the demo while it breaks
// in every known way, and asks every query of every panel. It scrapes the demo under
// two names, as if there were two replicas, and no number may count them both.
func TestRealEveryPanelHasData(t *testing.T) {
	p := startPrometheus(t, "exemplar-storage", parttest.Free(t))
	began, ended := p.breaks()
	for _, d := range all(t) {
		t.Run(d.File, func(t *testing.T) {
			in := p.choose(t, &d, ended)
			in["job"] = "(lostorder|staging)" // as Grafana writes two jobs that are chosen
			for _, panel := range panels(&d) {
				for _, q := range targets(t, panel) {
					series := p.during(t, in.expand(q.Expr, ended.Sub(began)), began, ended)
					// What a rule records has no instance.
					if panel.Type == "stat" && !strings.Contains(q.Expr, ":lostorder_") {
						var of1 float64 // of that which was scraped at the more telling moments
						for _, name := range []string{p.scraped, p.replica()} {
							one := strings.ReplaceAll(q.Expr, `job=~"$job"`, `instance="`+name+`"`)
							of1 = max(of1, peak(p.during(t, in.expand(one, ended.Sub(began)), began, ended)))
						}
						if both := peak(series); both > 1.5*of1 && both > of1+0.5 {
							t.Errorf("%q: two replicas make %v of %v:\n%s", *panel.Title, both, of1, q.Expr)
						}
					}
					if len(series) == 0 && !excused(q.Expr) {
						t.Errorf("%q: no data for\n%s", *panel.Title, q.Expr)
					}
					if q.Exemplar != nil && *q.Exemplar {
						leads := p.exemplars(t, in.expand(q.Expr, ended.Sub(began)), began, ended)
						if !leads["trace_id"] && (!leads["finding_id"] || strings.Contains(q.Expr, "lostorder_order_dwell_seconds")) {
							t.Errorf("%q: no exemplar leads to a finding or a trace: %v", *panel.Title, leads)
						}
					}
					for _, label := range labelsIn(*q.LegendFormat) {
						// Where no reading failed during the faults, one series says so and names no target.
						if allRead := anyHas(series, "target") && strings.Contains(q.Expr, "all targets are read"); len(series) > 0 && !anyHas(series, label) && !allRead {
							t.Errorf("%q: the legend names %s, which no series has:\n%s", *panel.Title, label, q.Expr)
						}
					}
				}
			}
			for _, a := range d.Model.Annotations.List {
				if _, mode, single := strings.Cut(a.Name, ": "); single {
					if critical := p.during(t, `lostorder_finding_since_timestamp_seconds{severity="critical", mode="`+mode+`"}`, began, ended); len(critical) == 0 {
						continue // the demo has no critical finding of this mode
					}
				}
				if a.Expr != nil && len(p.during(t, in.expand(*a.Expr, time.Minute), began, ended)) == 0 {
					t.Errorf("annotation %q: no data for\n%s", a.Name, *a.Expr)
				}
				in["alert_marks"] = "0"
				if n := len(p.during(t, in.expand(*cmp.Or(a.Expr, new("absent(up)")), time.Minute), began, ended)); strings.HasPrefix(a.Name, "Alerts") && n > 0 {
					t.Errorf("annotation %q: %d marks while it is off", a.Name, n)
				}
				in["alert_marks"] = "1"
			}
		})
	}
}

// TestRealHealthyShopShowsZero looks at the dashboards while a shop runs in which
// nothing is wrong.
func TestRealHealthyShopShowsZero(t *testing.T) {
	p := startPrometheus(t, "native-histograms", parttest.Free(t))
	// Slower, so that nothing in it comes late on a machine that is busy.
	healthy := p.open("--faults=none", "--slower=5")
	p.waitFor(`count_over_time(up{job="lostorder"}[1m]) > 20 and on () count(lostorder_collector_up == 1) > 0 and on () lifecycle:lostorder_slo_burn:ratio_1h`)
	began := time.Now().Add(-10 * time.Second)
	now := time.Now()
	healthy.close()

	dash := all(t)
	in := p.choose(t, &dash[0], now)
	zeros := 0
	for _, panel := range panels(&dash[0]) {
		if panel.Type != "stat" || *panel.Title == "Targets that cannot be read" || emptyWhenHealthy[*panel.Title] != "" {
			continue
		}
		for _, q := range targets(t, panel) {
			series := p.at(t, in.expand(q.Expr, time.Minute), now)
			if len(series) != 1 || series[0].last() != 0 {
				t.Errorf("%q shows %v instead of zero:\n%s", *panel.Title, series, q.Expr)
			}
			zeros++
		}
	}
	if zeros < 5 {
		t.Errorf("only %d numbers were looked at", zeros)
	}
	for _, d := range dash {
		in := p.choose(t, &d, now)
		for _, panel := range panels(&d) {
			found := 0
			for _, q := range targets(t, panel) {
				found += len(p.during(t, in.expand(q.Expr, time.Minute), began, now))
			}
			if found == 0 && emptyWhenHealthy[*panel.Title] == "" {
				t.Errorf("%s: %q is empty though nothing is wrong; it would say %q", d.File, *panel.Title, *panel.FieldConfig.Defaults.NoValue)
			}
		}
	}
}

// TestRealPanelsThatTheDemoLeavesEmpty lets a real Prometheus scrape what lostorder
// exports of a RabbitMQ and of an outbox with all columns.
func TestRealPanelsThatTheDemoLeavesEmpty(t *testing.T) {
	jobs := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "shop", Destination: "jobs"})
	jobs.Ready, jobs.Redelivered = 1, 7
	now := time.Now()
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot {
		return &watch.Snapshot{Version: 1, Ready: true, Targets: []watch.Target{{
			ID: signal.TargetID{Collector: "rabbitmq", Target: "shop"}, Interval: time.Minute, Up: true, Attempt: now, Success: now,
			Reading: &signal.Report{
				At: now, Queues: []signal.Queue{jobs},
				Losses: []signal.BrokerLoss{{System: signal.RabbitMQ, Cluster: "shop", Node: "rabbit@a", Reason: "expired", Messages: 3}},
				Alarms: []signal.Alarm{{System: signal.RabbitMQ, Cluster: "shop", Node: "rabbit@a", Resource: "memory"}},
				Outboxes: []signal.Outbox{
					{Name: "orders", Database: "shop", Pending: 1, Failed: 1, Retried: 2, Skipped: &signal.Skipped{Rows: make([]signal.SkippedRow, 1)}},
					{Name: "log", Database: "shop", Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, Published: signal.Unknown, LogReader: &signal.LogReader{
						Written: 9000, Confirmed: 8000, Sent: signal.Unknown, Retained: 5000, Remaining: 70000, UnconfirmedSince: signal.Age{Since: signal.InstantOf(now), Bound: signal.AtLeast},
					}},
				},
			},
		}}}
	}})
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	p := startPrometheus(t, "exemplar-storage", strings.TrimPrefix(server.URL, "http://"))
	p.waitFor(`count_over_time(up{job="lostorder"}[1m]) > 5`)
	all, in, filled := all(t), choice{"job": "lostorder", "cluster": ".*", "queue": ".*", "group": ".*", "database": ".*", "outbox": ".*"}, map[string]bool{}
	for _, d := range all {
		for _, panel := range panels(&d) {
			for _, q := range targets(t, panel) {
				for metric := range emptyInDemo {
					if !strings.Contains(q.Expr, metric) {
						continue
					}
					filled[metric] = true
					if len(p.during(t, in.expand(q.Expr, time.Minute), now, time.Now())) == 0 {
						t.Errorf("%q: no data for\n%s", *panel.Title, q.Expr)
					}
				}
			}
		}
	}
	for metric := range emptyInDemo {
		if !filled[metric] {
			t.Errorf("no panel shows %s", metric)
		}
	}
}

func excused(expr string) bool {
	for metric := range emptyInDemo {
		if strings.Contains(expr, metric) {
			return true
		}
	}
	return false
}

func anyHas(all []series, label string) bool {
	for _, s := range all {
		if s.Metric[label] != "" {
			return true
		}
	}
	return false
}

// choice is what is chosen at the top of a dashboard.
type choice map[string]string

// choose opens a dashboard: it asks for the values of the variables and chooses
// all of them, or the first where one is to be chosen.
func (p *prometheusServer) choose(t *testing.T, d *dashboards.Dashboard, at time.Time) choice {
	t.Helper()
	in := choice{}
	for _, v := range d.Model.Templating.List {
		if v.Name == "alert_marks" {
			in[v.Name] = "1"
		}
		if v.Type != "query" {
			continue
		}
		query := *v.Query.String
		if m := variableQuery.FindStringSubmatch(query); m != nil {
			if values := p.values(t, m[1], m[2], at); len(values) == 0 {
				t.Errorf("variable %s: there is nothing to choose from: %s", v.Name, query)
			}
			in[v.Name] = "lostorder" // the first job, which Grafana chooses
			if v.AllValue != nil {
				in[v.Name] = *v.AllValue
			}
			continue
		}
		value := regexp.MustCompile(strings.Trim(*v.Regex, "/"))
		if v.AllValue != nil {
			in[v.Name] = *v.AllValue
			continue
		}
		for _, s := range p.during(t, in.expand(resultQuery.FindStringSubmatch(query)[1], time.Minute), at.Add(-20*time.Second), at) {
			if m := value.FindStringSubmatch(s.text()); m != nil {
				in[v.Name] = m[1]
			}
		}
		if u, err := url.Parse(in[v.Name]); err != nil || u.Scheme != "http" || u.Host != p.scraped && u.Host != p.replica() {
			t.Errorf("variable %s is %q, and lostorder is at %s", v.Name, in[v.Name], p.scraped)
		}
	}
	return in
}

// expand puts values in the place of variables, as Grafana does: the rate interval
// is four scrapes.
func (c choice) expand(expr string, shown time.Duration) string {
	pairs := []string{"$__range_s", strconv.Itoa(int(shown.Seconds())), "$__rate_interval", strconv.Itoa(4*int(scrapeEvery/time.Second)) + "s", "$__range", strconv.Itoa(int(shown.Seconds())) + "s"}
	for name, value := range c {
		pairs = append(pairs, "$"+name, value)
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}
