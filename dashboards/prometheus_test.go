//go:build integration

package dashboards_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const scrapeEvery = time.Second

// prometheusServer is a real Prometheus that scrapes the demo.
type prometheusServer struct {
	t       *testing.T
	url     string
	scraped string // host and port of the demo
}

// startPrometheus starts the Prometheus that test/parts/run has installed, with the
// rules and alerts of this project.
func startPrometheus(t *testing.T, features, scraped string) *prometheusServer {
	t.Helper()
	program := os.Getenv("PROMETHEUS")
	if program == "" {
		t.Fatal("PROMETHEUS is not set: run test/parts/run --parts=prometheus go test -tags=integration ./dashboards/, or set it to a Prometheus of your own")
	}
	p := &prometheusServer{t: t, scraped: scraped}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(`global: {scrape_interval: %[1]s, evaluation_interval: %[1]s}
rule_files: [%[2]q]
scrape_configs:
  - job_name: lostorder
    static_configs: [{targets: [%[3]q, %[4]q]}]
`, scrapeEvery, quickRules(t, dir), p.scraped, p.replica())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0", "--enable-feature="+features, "--log.format=logfmt")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Prometheus: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		follow(log, listening)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	select {
	case address := <-listening:
		p.url = "http://" + address
	case <-ended:
		t.Fatal("Prometheus ended by itself")
	case <-time.After(3 * time.Minute):
		t.Fatal("Prometheus does not listen")
	}
	for deadline := time.Now().Add(3 * time.Minute); !p.ready(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Prometheus does not become ready")
		}
	}
	return p
}

// ready reports whether Prometheus answers queries.
func (p *prometheusServer) ready() bool {
	resp, err := http.Get(p.url + "/-/ready")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// replica is the same demo under another name. Prometheus takes it for a second
// replica that watches the same shop.
func (p *prometheusServer) replica() string {
	_, port, _ := net.SplitHostPort(p.scraped)
	return "localhost:" + port
}

// quickRules copies the rules and alerts, so that they are evaluated as often as
// the demo is scraped; they are made for orders that take minutes.
func quickRules(t *testing.T, dir string) (pattern string) {
	t.Helper()
	copied := 0
	for _, from := range []string{"rules", "alerts"} {
		files, err := filepath.Glob(filepath.Join("..", from, "*.yml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = everySoOften.ReplaceAll(text, []byte("interval: 1s"))
			if err := os.WriteFile(filepath.Join(dir, from+"-"+filepath.Base(file)), text, 0o600); err != nil {
				t.Fatal(err)
			}
			copied++
		}
	}
	if copied == 0 {
		t.Fatal("there are no rules")
	}
	return filepath.Join(dir, "*-*.yml")
}

var everySoOften = regexp.MustCompile(`\binterval: \d+s`)

var listeningOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)`)

// follow reads the log to its end and tells where Prometheus listens.
func follow(log io.Reader, listening chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := listeningOn.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case listening <- m[1]:
			default:
			}
		}
	}
}

// series is one series of an answer.
type series struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
	Value  [2]any            `json:"value"`
}

func (s series) last() float64 {
	text, _ := s.Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return v
}

// peak is the highest value of all series.
func peak(all []series) (highest float64) {
	for _, s := range all {
		for _, v := range s.Values {
			text, _ := v[1].(string)
			if value, err := strconv.ParseFloat(text, 64); err == nil {
				highest = max(highest, value)
			}
		}
	}
	return highest
}

// text is the series as Grafana's query_result shows it.
func (s series) text() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.Metric)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", name, s.Metric[name]))
	}
	return s.Metric["__name__"] + "{" + strings.Join(pairs, ",") + "}"
}

// during asks for all values in a time.
func (p *prometheusServer) during(t *testing.T, expr string, from, to time.Time) []series {
	t.Helper()
	return p.query(t, "query_range", url.Values{"query": {expr}, "start": {unix(from)}, "end": {unix(to)}, "step": {"1"}})
}

// at asks for the values at a moment.
func (p *prometheusServer) at(t *testing.T, expr string, when time.Time) []series {
	t.Helper()
	return p.query(t, "query", url.Values{"query": {expr}, "time": {unix(when)}})
}

func (p *prometheusServer) query(t *testing.T, how string, form url.Values) []series {
	t.Helper()
	var answer struct {
		Result []series `json:"result"`
	}
	p.ask(t, "/api/v1/"+how, form, &answer)
	return answer.Result
}

// exemplars asks which labels the exemplars of a query have.
func (p *prometheusServer) exemplars(t *testing.T, expr string, from, to time.Time) map[string]bool {
	t.Helper()
	var found []struct {
		Exemplars []struct {
			Labels map[string]string `json:"labels"`
		} `json:"exemplars"`
	}
	p.ask(t, "/api/v1/query_exemplars", url.Values{"query": {expr}, "start": {unix(from)}, "end": {unix(to)}}, &found)
	labels := map[string]bool{}
	for _, f := range found {
		for _, e := range f.Exemplars {
			for name := range e.Labels {
				labels[name] = true
			}
		}
	}
	return labels
}

// values asks which values a label has in a metric.
func (p *prometheusServer) values(t *testing.T, metric, label string, when time.Time) (values []string) {
	t.Helper()
	p.ask(t, "/api/v1/label/"+label+"/values", url.Values{"match[]": {metric}, "start": {unix(when.Add(-time.Minute))}, "end": {unix(when)}}, &values)
	return values
}

func (p *prometheusServer) ask(t *testing.T, path string, form url.Values, answer any) {
	t.Helper()
	resp, err := http.Get(p.url + path + "?" + form.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var whole struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	if whole.Status != "success" {
		t.Fatalf("%s: %s\n%s", path, whole.Error, form.Get("query"))
	}
	if err := json.Unmarshal(whole.Data, answer); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until a query has an answer.
func (p *prometheusServer) waitFor(expr string) {
	p.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		if len(p.query(p.t, "query", url.Values{"query": {expr}})) > 0 {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	p.t.Fatalf("nothing answers %s", expr)
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
