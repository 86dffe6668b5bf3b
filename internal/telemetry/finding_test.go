package telemetry_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

const (
	findingSince    = "lostorder_finding_since_timestamp_seconds"
	findingAffected = "lostorder_finding_affected"
)

func TestOpenFindingHasSeriesOfItsOwn(t *testing.T) {
	var open []signal.Finding
	for sentence, c := range map[string]struct {
		finding signal.Finding
		labels  string
		since   string
		count   string
	}{
		"a group that reads a queue": {
			signal.Finding{
				ID: "a1", Mode: signal.ConsumerStalled, Severity: signal.Critical, Count: 57, Since: noon.Add(-time.Minute), DetectedAt: noon,
				Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"},
			},
			`mode="consumer_stalled",severity="critical",finding="a1",` + billing, "1.77348954e+09", "57",
		},
		"an outbox": {
			signal.Finding{
				ID: "a2", Mode: signal.OutboxStalled, Severity: signal.Critical, Count: 3, Since: noon.Add(-500 * time.Millisecond),
				Subject: signal.Subject{Database: "shop", Outbox: "orders"},
			},
			`mode="outbox_stalled",severity="critical",finding="a2",database="shop",outbox="orders"`, "1.7734895995e+09", "3",
		},
		"a state of a lifecycle": {
			signal.Finding{
				ID: "a3", Mode: signal.OrderOverdue, Severity: signal.Warning, Count: 1, Since: noon,
				Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"},
			},
			`mode="order_overdue",severity="warning",finding="a3",database="shop",lifecycle="order",state="placed"`, "1.7734896e+09", "1",
		},
		"names are free text, and any bytes": {
			signal.Finding{
				ID: "a4", Mode: signal.DLQFilling, Severity: signal.Critical, Count: 1, Since: noon,
				Subject: signal.Subject{System: signal.RabbitMQ, Cluster: "ma\xffin", Destination: "a\"b\\c\nd"},
			},
			`mode="dlq_filling",severity="critical",finding="a4",messaging_system="rabbitmq",cluster="ma` + "\uFFFD" + `in",messaging_destination_name="a\"b\\c\nd"`, "1.7734896e+09", "1",
		},
		"since when cannot be told": {
			signal.Finding{
				ID: "a5", Mode: signal.DLQFilling, Severity: signal.Critical, Count: 1, DetectedAt: noon,
				Subject: signal.Subject{System: signal.RabbitMQ, Cluster: "shop", Destination: "jobs"},
			},
			`mode="dlq_filling",severity="critical",finding="a5",` + jobs, "1.7734896e+09", "1",
		},
	} {
		open = append(open, c.finding)
		t.Run(sentence, func(t *testing.T) {
			s := &watch.Snapshot{Version: 1, Open: []signal.Finding{c.finding}}
			e := exporter(&s)
			text := strings.Split(string(plain(t, get(t, e.Handler(), http.MethodGet, accepts["text"], "gzip"))), "\n")
			for _, want := range []string{findingSince + "{" + c.labels + "} " + c.since, findingAffected + "{" + c.labels + "} " + c.count} {
				if !slices.Contains(text, want) {
					t.Errorf("no %s in\n%s", want, strings.Join(text, "\n"))
				}
			}
			s = &watch.Snapshot{Version: 2, Closed: s.Open}
			if n := count(lines(scrape(t, e, "text")), "lostorder_finding_"); n != 0 {
				t.Errorf("%d series of a finding that is closed", n)
			}
		})
	}
	s := &watch.Snapshot{Version: 1, Open: open}
	for format := range accepts {
		if got := len(scrape(t, exporter(&s), format)[findingSince].GetMetric()); got != len(open) {
			t.Errorf("the library reads %d series of %d findings from %s", got, len(open), format)
		}
	}
}

// many returns findings as the watcher orders them: the most severe first, then the
// oldest.
func many(n int) []signal.Finding {
	open := make([]signal.Finding, n)
	for i := range open {
		open[i] = signal.Finding{
			ID: fmt.Sprintf("f-%d", i), Mode: signal.DLQFilling, Severity: signal.Critical, Since: noon.Add(time.Duration(i) * time.Second), Count: 1,
			Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: fmt.Sprintf("dlq-%d", i)},
		}
	}
	return open
}

func TestFindingsBeyondTheBoundAreOnlyCounted(t *testing.T) {
	for n, unlisted := range map[int]int{0: 0, 499: 0, 500: 0, 501: 1, 1234: 734} {
		s := &watch.Snapshot{Version: 1, Open: many(n)}
		got := lines(scrape(t, exporter(&s), "text"))
		if listed := n - unlisted; count(got, findingSince) != listed || count(got, findingAffected) != listed {
			t.Errorf("%d findings: %d and %d series", n, count(got, findingSince), count(got, findingAffected))
		}
		for _, want := range []string{
			fmt.Sprintf("lostorder_findings_unlisted %d", unlisted),
			fmt.Sprintf(`lostorder_findings{mode="dlq_filling",severity="critical"} %d`, n),
		} {
			if !slices.Contains(got, want) {
				t.Errorf("%d findings: no %s", n, want)
			}
		}
		if last := `finding="f-499"`; n >= 500 && !strings.Contains(strings.Join(got, "\n"), last) {
			t.Errorf("%d findings: one of the first 500 is not there", n)
		}
	}
}

func TestFindingThatIsThereTwiceHasOneSeries(t *testing.T) {
	open := many(2)
	open[1].ID = open[0].ID
	s := &watch.Snapshot{Version: 1, Open: open}
	if n := count(lines(scrape(t, exporter(&s), "text")), findingSince); n != 1 {
		t.Errorf("%d series", n)
	}
}

// A subject that gains a field must show it: two findings that differ in nothing
// else would look the same.
func TestEveryFieldOfASubjectIsALabel(t *testing.T) {
	var subject signal.Subject
	v := reflect.ValueOf(&subject).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString(fmt.Sprintf("value-%d", i))
	}
	s := &watch.Snapshot{Version: 1, Open: []signal.Finding{{ID: "a1", Mode: signal.DLQFilling, Severity: signal.Info, Subject: subject, OrderIDs: []string{"order-77"}, TraceID: traceID, Since: noon}}}
	e := exporter(&s)
	got := strings.Join(lines(scrape(t, e, "text")), "\n")
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if want := fmt.Sprintf("%s=%q", name, v.Field(i).String()); strings.Count(got, want) != 2 {
			t.Errorf("%s is not a label of both metrics", want)
		}
		for _, m := range telemetry.Metrics() {
			if (m.Name == findingSince || m.Name == findingAffected) && !slices.Contains(m.Labels, name) {
				t.Errorf("the list does not say that %s has label %s", m.Name, name)
			}
		}
	}
	if strings.Contains(got, "order-77") {
		t.Error("the id of an order is a label")
	}
}

// Links of alerts and dashboards are made of it.
func TestExternalURLIsALabelOfFindingsAndOfTheStatusPage(t *testing.T) {
	s := &watch.Snapshot{Version: 1, Open: many(2)}
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return s }, ExternalURL: "https://ops.example/lostorder"})
	for _, line := range lines(scrape(t, e, "text")) {
		if has, want := strings.Contains(line, `external_url="https://ops.example/lostorder"`), strings.HasPrefix(line, findingSince) || strings.HasPrefix(line, "lostorder_status_page_info"); has != want {
			t.Errorf("external_url: %v, in %s", has, line)
		}
	}
}
