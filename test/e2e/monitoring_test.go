//go:build integration

package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// keptFiring is how long Prometheus keeps an alert whose series is gone: five minutes in
// the shipped alerts, less here. It is longer than lostorder is down in a test.
const keptFiring = 30 * time.Second

// monitoring is a real Prometheus with the shipped rules and alerts, and a real
// Alertmanager with the shipped routes, which notifies a webhook.
type monitoring struct {
	t            *testing.T
	alertmanager string
	mu           sync.Mutex
	// notices are the notifications since forget, each as "status finding"; pages are those
	// that paged an engineer, each as "status alert finding".
	notices, pages map[string]int
}

// everySecond lets Prometheus scrape and evaluate, and Alertmanager send, without the
// intervals that are shipped.
var everySecond = []string{"interval: 15s", "interval: 1s", "group_wait: 10s", "group_wait: 1s", "group_interval: 1m", "group_interval: 1s"}

// monitor scrapes lostorder at an address. It changes texts of the shipped files, given as
// old and new.
func monitor(t *testing.T, lostorder string, changes ...string) *monitoring {
	t.Helper()
	m := &monitoring{t: t, notices: map[string]int{}, pages: map[string]int{}}
	webhook := httptest.NewServer(http.HandlerFunc(m.receive))
	t.Cleanup(webhook.Close)
	dir, prometheus, alertmanager := t.TempDir(), freePort(t), freePort(t)
	m.alertmanager = "http://" + alertmanager
	const root = "../../"
	copied := func(from, to string, addresses ...string) {
		text, err := os.ReadFile(root + from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o700); err != nil {
			t.Fatal(err)
		}
		rewrite(t, filepath.Join(dir, to), strings.NewReplacer(append(addresses, changes...)...).Replace(string(text)))
	}
	copied("alerts/example/prometheus.yml", "prometheus.yml", "lostorder:10404", lostorder, "alertmanager:9093", alertmanager)
	copied("alerts/example/alertmanager.yml", "alertmanager.yml", "http://pager.example", webhook.URL, "http://chat.example", webhook.URL, "http://record.example", webhook.URL)
	for _, folder := range []string{"rules", "alerts"} {
		files, err := filepath.Glob(root + folder + "/*.yml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			name := strings.TrimPrefix(file, root)
			copied(name, name, "keep_firing_for: 5m", fmt.Sprintf("keep_firing_for: %s", keptFiring))
		}
	}
	m.start("ALERTMANAGER", alertmanager, "--config.file="+filepath.Join(dir, "alertmanager.yml"), "--storage.path="+filepath.Join(dir, "a"), "--cluster.listen-address=")
	m.start("PROMETHEUS", prometheus, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "p"))
	return m
}

func (m *monitoring) start(variable, address string, args ...string) {
	m.t.Helper()
	cmd := exec.Command(server(m.t, variable), append(args, "--web.listen-address="+address)...)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	eventually(m.t, strings.ToLower(variable)+" is ready", func() (bool, string) {
		res, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false, err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode == http.StatusOK, res.Status
	})
}

func (m *monitoring) receive(w http.ResponseWriter, r *http.Request) {
	var message struct {
		Receiver string
		Alerts   []struct {
			Status string
			Labels map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range message.Alerts {
		if id := a.Labels["finding"]; id != "" {
			m.notices[a.Status+" "+id]++
			if message.Receiver == "pager" {
				m.pages[a.Status+" "+a.Labels["alertname"]+" "+id]++
			}
		}
	}
}

// forget drops the notifications so far.
func (m *monitoring) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.notices)
	clear(m.pages)
}

// heard returns how many notifications of a status were about a finding.
func (m *monitoring) heard(status, id string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notices[status+" "+id]
}

// paged returns the pages since forget.
func (m *monitoring) paged() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.pages)
}

// muted returns the ids of the findings whose alert of that name Alertmanager does not
// send, because of another one.
func (m *monitoring) muted(alert string) map[string]bool {
	m.t.Helper()
	var all []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	res, err := http.Get(m.alertmanager + "/api/v2/alerts")
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		m.t.Fatalf("ask Alertmanager for its alerts: %v", err)
	}
	ids := map[string]bool{}
	for _, a := range all {
		if a.Labels["alertname"] == alert && len(a.Status.InhibitedBy) > 0 {
			ids[a.Labels["finding"]] = true
		}
	}
	return ids
}

// all describes every notification since forget.
func (m *monitoring) all() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return inJSON(m.notices) + inJSON(m.pages)
}
