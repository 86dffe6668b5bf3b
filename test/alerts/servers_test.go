//go:build integration

package alerts_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/test/parts/parttest"
)

// hurry is how many times faster than in a shop time passes in these tests: an hour of
// the rules lasts a minute. It is the only thing that is changed in them, so what
// waits for what, and for how long beside the others, stays as it is shipped.
const hurry = 60

// patience is how long something may take on a machine that is busy.
const patience = 3 * time.Minute

// durations of the rules: for, keep_firing_for, interval, and the ranges of
// expressions and of the queries in annotations.
var duration = regexp.MustCompile(`(?m)(^ *(?:for|keep_firing_for|interval): |\w\{[^\[\n]*\}\[|\w\[)(\d+)([smhd])\b`)

// offset is the age of the data that an alert needs: up to three days, which no hurry makes
// short enough. The tests of the rules prove it.
var offset = regexp.MustCompile(`\boffset \d+[smhd]\b`)

// hasten returns a rule file in which all durations are shorter.
func hasten(text string) string {
	text = offset.ReplaceAllString(text, "offset 1s")
	return duration.ReplaceAllStringFunc(text, func(found string) string {
		part := duration.FindStringSubmatch(found)
		unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[part[3]]
		var n time.Duration
		_, _ = fmt.Sscan(part[2], &n)
		return part[1] + fmt.Sprintf("%ds", int(max(n*unit/hurry, time.Second).Seconds()))
	})
}

// monitoring is a real Prometheus that scrapes one lostorder, and a real Alertmanager
// that tells a webhook.
type monitoring struct {
	t            *testing.T
	prometheus   string
	alertmanager string
	programs     []*parttest.Program

	mu      sync.Mutex
	notices []notice
}

// notice is an alert as the webhook got it.
type notice struct {
	Receiver    string
	Status      string
	Labels      map[string]string
	Annotations map[string]string
	page        string // what the link to the finding led to, at once
}

func (n *notice) String() string {
	return fmt.Sprintf("%s %s %v to %s", n.Status, n.Labels["alertname"], n.Labels, n.Receiver)
}

// monitor starts both, with the rules, the alerts and the Alertmanager's file as
// they are shipped.
func monitor(t *testing.T, lostorder string) *monitoring {
	t.Helper()
	m := &monitoring{t: t, prometheus: parttest.Free(t), alertmanager: parttest.Free(t)}
	webhook := httptest.NewServer(http.HandlerFunc(m.receive))
	t.Cleanup(webhook.Close)
	dir := t.TempDir()

	for _, file := range files(t, "rules/*.yml", "alerts/*.yml") {
		write(t, filepath.Join(dir, strings.TrimPrefix(file, root)), hasten(read(t, file)))
	}
	config := read(t, root+"alerts/example/prometheus.yml")
	for from, to := range map[string]string{"lostorder:10404": lostorder, "alertmanager:9093": m.alertmanager, "interval: 15s": "interval: 1s"} {
		if !strings.Contains(config, from) {
			t.Fatalf("the example of Prometheus has no %s", from)
		}
		config = strings.ReplaceAll(config, from, to)
	}
	write(t, filepath.Join(dir, "prometheus.yml"), config)

	m.programs = []*parttest.Program{
		parttest.Alertmanager(t, m.alertmanager, dir, root+"alerts/example/alertmanager.yml", webhook.URL),
		parttest.Start(t, part(t, "PROMETHEUS"), "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "prometheus"),
			"--web.listen-address="+m.prometheus),
	}
	for _, address := range []string{m.prometheus, m.alertmanager} {
		m.eventually("ready: "+address, func() (bool, string) {
			_, err := get("http://" + address + "/-/ready")
			return err == nil, fmt.Sprint(err)
		})
	}
	return m
}

// stop ends both.
func (m *monitoring) stop() {
	for _, program := range m.programs {
		program.Stop()
	}
}

// receive takes notifications, and follows the link of each at once, as an engineer would.
func (m *monitoring) receive(w http.ResponseWriter, r *http.Request) {
	var message struct {
		Receiver string
		Alerts   []notice
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, n := range message.Alerts {
		n.Receiver = message.Receiver
		if link := n.Annotations["finding_url"]; link != "" && n.Status == "firing" {
			page, err := get(link)
			n.page = string(page)
			if err != nil {
				n.page = err.Error()
			}
		}
		m.mu.Lock()
		m.notices = append(m.notices, n)
		m.mu.Unlock()
	}
}

// forget drops the received notices.
func (m *monitoring) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notices = nil
}

// heard returns the notices of a status that a condition chooses.
func (m *monitoring) heard(status string, is func(*notice) bool) (all []notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.notices {
		if m.notices[i].Status == status && is(&m.notices[i]) {
			all = append(all, m.notices[i])
		}
	}
	return all
}

func named(alert string) func(*notice) bool {
	return func(n *notice) bool { return n.Labels["alertname"] == alert }
}

// fires waits until the webhook has heard of an alert, and returns the notice.
func (m *monitoring) fires(alert string) notice {
	m.t.Helper()
	return m.hears("firing", alert)
}

func (m *monitoring) resolves(alert string) { m.t.Helper(); m.hears("resolved", alert) }

func (m *monitoring) hears(status, alert string) (n notice) {
	m.t.Helper()
	m.eventually(alert+" is "+status, func() (bool, string) {
		all := m.heard(status, named(alert))
		if len(all) > 0 {
			n = all[0]
		}
		return len(all) > 0, m.say()
	})
	return n
}

// say says what the webhook heard and what Prometheus thinks, for a failure.
func (m *monitoring) say() string {
	var b strings.Builder
	m.mu.Lock()
	for i := range m.notices {
		fmt.Fprintln(&b, m.notices[i].String())
	}
	m.mu.Unlock()
	alerts, _ := get("http://" + m.prometheus + "/api/v1/alerts")
	return "the webhook heard\n" + b.String() + "and Prometheus says " + string(alerts)
}

// firing returns the names of the alerts that fire in Prometheus, with their window
// where they have one.
func (m *monitoring) firing() (all []string) {
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	m.ask(m.prometheus, "/api/v1/alerts", &answer)
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			all = append(all, a.Labels["alertname"]+a.Labels["window"])
		}
	}
	return all
}

// muted returns the names of the alerts that Alertmanager does not tell, because of
// another.
func (m *monitoring) muted() (all []string) {
	var answer []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	m.ask(m.alertmanager, "/api/v2/alerts", &answer)
	for _, a := range answer {
		if len(a.Status.InhibitedBy) > 0 {
			all = append(all, a.Labels["alertname"]+a.Labels["window"])
		}
	}
	return all
}

func (m *monitoring) ask(address, path string, answer any) {
	m.t.Helper()
	body, err := get("http://" + address + path)
	if err == nil {
		err = json.Unmarshal(body, answer)
	}
	if err != nil {
		m.t.Fatalf("ask %s%s: %v", address, path, err)
	}
}

func (m *monitoring) eventually(what string, ask func() (yes bool, no string)) {
	m.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, no := ask()
		if yes {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("not within %s: %s; %s", patience, what, no)
		}
		<-tick.C
	}
}

// lostorder builds the program.
func lostorder(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lostorder")
	run(t, "go", "build", "-o", path, root+"cmd/lostorder")
	return path
}

func get(url string) ([]byte, error) {
	res, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return body, err
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHastenChangesDurationsAlone(t *testing.T) {
	const before = "    interval: 15s\n      # 3m: a reason\n        for: 3m\n        keep_firing_for: 5m\n        expr: rate(a[1h]) > sum_over_time(b{c=\"d\"}[3d]) and a offset 6h\n            {{ with query (printf \"last_over_time(x{f=%q}[5m])\" }}\n        labels: {window: 1h}\n"
	const after = "    interval: 1s\n      # 3m: a reason\n        for: 3s\n        keep_firing_for: 5s\n        expr: rate(a[60s]) > sum_over_time(b{c=\"d\"}[4320s]) and a offset 1s\n            {{ with query (printf \"last_over_time(x{f=%q}[5s])\" }}\n        labels: {window: 1h}\n"
	if got := hasten(before); got != after {
		t.Errorf("it is now\n%s", got)
	}
	for _, file := range files(t, "rules/*.yml", "alerts/*.yml") {
		if found := regexp.MustCompile(`\[\d+[mhd]\]|for: \d+[mhd]|offset \d+[mhd]`).FindString(hasten(read(t, file))); found != "" {
			t.Errorf("%s still waits: %s", file, found)
		}
	}
	if !slices.Contains(strings.Fields(hasten(read(t, root+"alerts/lostorder.yml"))), "3s") {
		t.Error("nothing was changed")
	}
}
