//go:build integration

package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/lostorder/lostorder/internal/web/api"
)

// get requests a path from lostorder and returns the response.
func (p *program) get(path string) (code int, body string) {
	p.t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatalf("GET %s: %v\n%s", path, err, p.log.tail(30))
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("GET %s: %v", path, err)
	}
	return resp.StatusCode, string(text)
}

// decode requests JSON from lostorder.
func (p *program) decode(path string, into any) {
	p.t.Helper()
	code, body := p.get(path)
	if code != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, code, body)
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		p.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

func (p *program) findings() []api.Finding {
	p.t.Helper()
	var answer api.Findings
	p.decode("/api/v1/findings?state=all", &answer)
	return answer.Findings
}

func (p *program) targets() []api.Target {
	p.t.Helper()
	var answer api.Targets
	p.decode("/api/v1/targets", &answer)
	return answer.Targets
}

// target returns one target by collector/name.
func (p *program) target(name string) api.Target {
	p.t.Helper()
	all := p.targets()
	i := slices.IndexFunc(all, func(t api.Target) bool { return t.Collector+"/"+t.Target == name })
	if i < 0 {
		p.t.Fatalf("there is no target %s in %s", name, inJSON(all))
	}
	return all[i]
}

// metrics scrapes lostorder as Prometheus does.
func (p *program) metrics() map[string]*dto.MetricFamily {
	p.t.Helper()
	_, body := p.get("/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		p.t.Fatalf("parse metrics: %v in\n%s", err, body)
	}
	return families
}

// value returns the value of the only series of a metric with all these labels, written
// name=value.
func (p *program) value(metric string, labels ...string) (value float64, ok bool) {
	p.t.Helper()
	family := p.metrics()[metric]
	for _, m := range family.GetMetric() {
		var has []string
		for _, pair := range m.GetLabel() {
			has = append(has, pair.GetName()+"="+pair.GetValue())
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(has, l) }) {
			if ok {
				p.t.Fatalf("more than one series of %s has %q", metric, labels)
			}
			value, ok = m.GetGauge().GetValue()+m.GetCounter().GetValue(), true
		}
	}
	return value, ok
}

// cycles waits until every target was read n times more.
func (p *program) cycles(n int) {
	p.t.Helper()
	seen := map[string]map[time.Time]bool{}
	eventually(p.t, "every target is read again and again", func() (bool, string) {
		least := 1 << 30
		for _, t := range p.targets() {
			name := t.Collector + "/" + t.Target
			if seen[name] == nil {
				seen[name] = map[time.Time]bool{}
			}
			seen[name][t.LastAttempt] = true
			least = min(least, len(seen[name])-1)
		}
		return least >= n, inJSON(p.targets())
	})
}

func inJSON(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
