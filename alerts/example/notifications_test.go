// Package example_test renders the notification templates with Alertmanager's own
// template package, from alerts as Alertmanager gets them.
package example_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files")

var began = time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC)

// stalled is what rules and alerts make of a finding: see alerts/tests/queues.yml.
func stalled() *types.Alert {
	return alert(model.LabelSet{
		"alertname": "LostorderConsumerStalled", "severity": "critical", "mode": "consumer_stalled", "finding": "a1b2c3", "job": "production",
		"messaging_system": "kafka", "cluster": "main", "messaging_destination_name": "payments", "messaging_consumer_group_name": "shipping",
	}, model.LabelSet{
		"summary":       "12 orders wait in payments → shipping (kafka main) and nothing has moved for 6 minutes.",
		"description":   "Consumers are connected and process nothing. Check for one message that a consumer cannot finish, or for a consumer that hangs.",
		"since":         "2026-03-14 01:54 UTC",
		"orders":        "A-1, A-2, A-3",
		"finding_url":   "https://ops.example/lostorder/findings/a1b2c3",
		"dashboard_url": "https://grafana.example/d/lostorder-queues?var-job=production&from=1773449640000&to=now",
		"runbook_url":   "https://github.com/lostorder/lostorder/blob/main/alerts/runbooks/consumer_stalled.md",
	})
}

// hostile is about a subject whose name is markup; order ids are not allowed.
func hostile() *types.Alert {
	return alert(model.LabelSet{
		"alertname": "LostorderOutboxStalled", "severity": "warning", "mode": "outbox_stalled", "finding": "ffffff", "job": "production", "database": "shop", "outbox": "<b>orders</b>",
	}, model.LabelSet{
		"summary":       "1 event waits in outbox <b>orders</b> (database shop) and the relay has published nothing for 1 hour.",
		"description":   "The orders are committed and no other service knows of them.",
		"since":         "2026-03-14 00:54 UTC",
		"orders":        "",
		"finding_url":   "https://ops.example/lostorder/findings/ffffff",
		"dashboard_url": "https://grafana.example/d/lostorder-outbox?var-job=production&from=1773446040000&to=now",
		"runbook_url":   "https://github.com/lostorder/lostorder/blob/main/alerts/runbooks/outbox_stalled.md",
	})
}

// absent is about lostorder itself and has neither a finding nor a job.
func absent() *types.Alert {
	return alert(model.LabelSet{"alertname": "LostorderAbsent", "severity": "critical"}, model.LabelSet{
		"summary":       "Prometheus has scraped no lostorder for 3 minutes. Whether orders are being lost is unknown.",
		"description":   "Findings that were open are not resolved; they are unknown.",
		"dashboard_url": "https://grafana.example/d/lostorder-itself?from=now-1h&to=now",
		"runbook_url":   "https://github.com/lostorder/lostorder/blob/main/alerts/runbooks/absent.md",
	})
}

func alert(labels, annotations model.LabelSet) *types.Alert {
	return &types.Alert{Alert: model.Alert{Labels: labels, Annotations: annotations, StartsAt: began, EndsAt: time.Now().Add(time.Hour)}}
}

func resolved(a *types.Alert) *types.Alert {
	a.EndsAt = began.Add(7 * time.Minute)
	return a
}

func TestNotificationsReadAsTheirGoldenFiles(t *testing.T) {
	for name, alerts := range map[string][]*types.Alert{
		"one":      {stalled()},
		"two":      {stalled(), hostile()},
		"absent":   {absent()},
		"resolved": {resolved(stalled())},
	} {
		got := render(t, alerts)
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads\n%s\nit should read\n%s", path, got, want)
		}
	}
}

func TestNotificationsShowWhatAnEngineerNeeds(t *testing.T) {
	a := stalled()
	for receiver, text := range sections(render(t, []*types.Alert{a})) {
		for _, name := range []model.LabelName{"summary", "since", "orders", "finding_url", "runbook_url", "dashboard_url"} {
			// In HTML an ampersand is written as an entity.
			if want := string(a.Annotations[name]); !strings.Contains(strings.ReplaceAll(text, "&amp;", "&"), want) {
				t.Errorf("%s does not show the %s:\n%s", receiver, name, text)
			}
		}
	}
	_, mail, _ := strings.Cut(sections(render(t, []*types.Alert{hostile()}))["email_configs"], "html: ")
	if mail == "" || strings.Contains(mail, "<b>orders") {
		t.Errorf("the name of an outbox is markup in the e-mail:\n%s", mail)
	}
}

// sections cuts what render returns at the names of the receivers.
func sections(text string) map[string]string {
	all := map[string]string{}
	for _, part := range strings.Split(text, "=== ")[1:] {
		name, rest, _ := strings.Cut(part, " ===\n")
		all[name] = rest
	}
	return all
}

// render writes what each receiver of receivers.yml sends, field by field.
func render(t *testing.T, alerts []*types.Alert) string {
	t.Helper()
	tmpl, err := template.FromGlobs([]string{"templates/*.tmpl"})
	if err != nil {
		t.Fatal(err)
	}
	tmpl.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager:9093"}
	common := model.LabelSet{}
	for name, value := range alerts[0].Labels {
		if !slices.ContainsFunc(alerts, func(a *types.Alert) bool { return a.Labels[name] != value }) {
			common[name] = value
		}
	}
	data := tmpl.Data("receiver", common, alerts...)
	var file struct{ Receivers []map[string]any }
	text, err := os.ReadFile("receivers.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, receiver := range file.Receivers {
		for _, kind := range []string{"slack_configs", "email_configs", "pagerduty_configs"} {
			if configs, ok := receiver[kind]; ok {
				fmt.Fprintf(&b, "=== %s ===\n", kind)
				fields(t, tmpl, data, &b, "", configs)
			}
		}
	}
	return b.String()
}

// fields renders every value that is a template.
func fields(t *testing.T, tmpl *template.Template, data *template.Data, b *strings.Builder, path string, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			fields(t, tmpl, data, b, strings.TrimPrefix(path+"."+key, "."), v[key])
		}
	case []any:
		for _, one := range v {
			fields(t, tmpl, data, b, path, one)
		}
	case string:
		if !strings.Contains(v, "{{") {
			return
		}
		execute := tmpl.ExecuteTextString
		if path == "html" {
			execute = tmpl.ExecuteHTMLString
		}
		text, err := execute(v, data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		fmt.Fprintf(b, "%s: %s\n", path, text)
	}
}
