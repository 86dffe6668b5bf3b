//go:build integration

// Package hostile_test runs the built program against servers that want to harm it.
//
//	go test -tags=integration ./test/hostile -update
package hostile_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the healthy target

	"github.com/lostorder/lostorder/internal/web/api"
)

var update = flag.Bool("update", false, "write the table of docs/security.md")

const (
	password = "PLANTED-pa55word"
	interval = time.Second
	// watched is how long each server is watched: several timeouts.
	watched = 15 * time.Second
	// mostMemory is what lostorder may take with all hostile targets of one kind at once.
	mostMemory = 400 << 20
	// mostStale is how old the reading of the healthy target may be.
	mostStale = 4 * time.Second
	// endsWithin is how long lostorder may take to exit after SIGTERM.
	endsWithin = time.Second
)

// attack is one kind of server with all its behaviours.
type attack struct {
	server  string
	targets []target
}

// target is one hostile target: its name, and its lines of the config.
type target struct{ name, behaviour, section, entry string }

func attacks(t *testing.T, asked *passwords) []attack {
	kafkas, rabbits, queues := attack{server: "Kafka"}, attack{server: "RabbitMQ"}, attack{server: "SQS"}
	schedule := fmt.Sprintf("interval: %s, timeout: 3s", interval)
	for i, b := range append(kafka(), kafkaOfTopics("has a million topics", 1_000_000), kafkaOfTopics("has 100,000 topics and answers nonsense about them", 100_000)) {
		kafkas.targets = append(kafkas.targets, target{
			fmt.Sprintf("kafka/k%d", i), b.name, "kafka",
			fmt.Sprintf("{name: k%d, brokers: [%q], sasl: {username: u, password: %s}, %s}", i, listen(t, b), password, schedule),
		})
	}
	management := pages(t, asked, `{"name":"orders","vhost":"/","type":"classic","arguments":{},"node":"a","messages":1}`)
	management = append(append(management, greeted(management)...), rabbitOfQueues("has a million queues", 1_000_000), rabbitOfQueues("has 10,000 queues with impossible numbers", 10_000))
	for i, p := range management {
		url := serveHTTP(t, p)
		rabbits.targets = append(rabbits.targets, target{
			fmt.Sprintf("rabbitmq/r%d", i), p.name, "rabbitmq",
			fmt.Sprintf("{name: r%d, url: %q, prometheus_url: %q, username: u, password: %s, %s}", i, url, url, password, schedule),
		})
	}
	for i, p := range append(pages(t, asked, `{"QueueUrls":["http://a/orders"]}`), sqsOfQueues("lists queues without an end", true), sqsOfQueues("has 1,000 queues with impossible numbers", false)) {
		queues.targets = append(queues.targets, target{
			fmt.Sprintf("sqs/s%d", i), p.name, "sqs",
			fmt.Sprintf("{name: s%d, region: eu-central-1, endpoint: %q, %s}", i, serveHTTP(t, p), schedule),
		})
	}
	all := []attack{kafkas, rabbits, queues}
	for _, engine := range []struct {
		name, scheme string
		servers      []behaviour
	}{{"PostgreSQL", "postgres", postgresServers(asked)}, {"MySQL", "mysql", mysqlServers(asked)}} {
		a := attack{server: engine.name}
		for i, b := range engine.servers {
			name := fmt.Sprintf("%s%d", engine.scheme, i)
			a.targets = append(a.targets, target{
				"", "", "databases",
				fmt.Sprintf("{name: %s, url: \"%s://u:%s@%s/shop\", statement_timeout: 2s, connect_timeout: 2s}", name, engine.scheme, password, listen(t, b)),
			},
				target{
					"orders/" + name, b.name, "lifecycles",
					fmt.Sprintf("{name: %s, source: {database: %s, table: orders}, states: {placed: {max: 1h, next: [paid]}, paid: {}}, %s}", name, name, schedule),
				})
		}
		all = append(all, a)
	}
	return all
}

// healthy is a target that must stay fresh.
func healthy(t *testing.T) (database, lifecycle string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{"CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, updated_at INTEGER)", "CREATE INDEX by_state ON orders (state, updated_at)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("{name: healthy, url: \"sqlite://%s\"}", path),
		fmt.Sprintf("{name: healthy, source: {database: healthy, table: orders}, states: {placed: {max: 1h, next: [paid]}, paid: {}}, interval: %s}", interval)
}

// row is one line of the table.
type row struct{ server, behaviour, shown string }

// result is what watching one kind of server brought.
type result struct {
	rows  []row
	stale time.Duration // of the healthy target, at most
	peak  int64
	ended time.Duration
}

// TestMain runs two kinds of server at once: with more, the servers take the CPU that lostorder needs.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "2"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestHostileServersHarmNothing(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "lostorder")
	build := exec.Command("go", "build", "-o", binary, "-trimpath", "-ldflags=-s -w", "../../cmd/lostorder") // as make build does
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var asked passwords
	all := attacks(t, &asked)
	results := make([]result, len(all))
	t.Run("servers", func(t *testing.T) {
		for i, a := range all {
			t.Run(a.server, func(t *testing.T) {
				t.Parallel() // most of it is waiting
				results[i] = watch(t, binary, a)
			})
		}
	})
	if len(asked.found) > 0 {
		t.Errorf("a password reached %v", asked.found)
	}
	if *update && !t.Failed() {
		write(t, all, results)
	}
	compare(t, all)
}

func watch(t *testing.T, binary string, a attack) (r result) {
	sections := map[string][]string{}
	database, lifecycle := healthy(t)
	sections["databases"], sections["lifecycles"] = []string{database}, []string{lifecycle}
	for _, target := range a.targets {
		sections[target.section] = append(sections[target.section], target.entry)
	}
	var text strings.Builder
	for section, entries := range sections {
		text.WriteString(section + ":\n- " + strings.Join(entries, "\n- ") + "\n")
	}
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run", "--config.file="+file, "--web.listen-address=127.0.0.1:0")
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY="+password, "AWS_EC2_METADATA_DISABLED=true", "HOME="+t.TempDir())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var log bytes.Buffer
	address, exited := make(chan string, 1), make(chan error, 1)
	go func() {
		lines := bufio.NewReader(stderr)
		for {
			line, err := lines.ReadString('\n')
			mu.Lock()
			log.WriteString(line)
			mu.Unlock()
			if m := listening.FindStringSubmatch(line); m != nil {
				address <- m[1]
			}
			if err != nil {
				exited <- cmd.Wait()
				return
			}
		}
	}()
	logged := func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	var url string
	select {
	case a := <-address:
		url = "http://" + a
	case err := <-exited:
		t.Fatalf("lostorder ended: %v\n%s", err, logged())
	case <-time.After(time.Minute):
		t.Fatal("lostorder does not listen")
	}
	seen := map[string]string{}
	for began := time.Now(); time.Since(began) < watched; time.Sleep(250 * time.Millisecond) {
		select {
		case err := <-exited:
			t.Fatalf("lostorder ended: %v\n%.4000s", err, logged())
		default:
		}
		for _, one := range targets(t, url) {
			name := one.Collector + "/" + one.Target
			if name == "orders/healthy" && time.Since(began) > 5*time.Second {
				age := 24 * time.Hour
				if one.ReadingAgeSeconds != nil {
					age = time.Duration(*one.ReadingAgeSeconds * float64(time.Second))
				}
				r.stale = max(r.stale, age)
			}
			if one.Error != "" {
				seen[name] = one.Error
			}
		}
		r.peak = max(r.peak, memory(t, cmd.Process.Pid))
	}
	for _, target := range a.targets {
		if target.name == "" {
			continue
		}
		shown := seen[target.name]
		if shown == "" {
			shown = "no error"
		}
		r.rows = append(r.rows, row{a.server, target.behaviour, shown})
		if strings.Contains(shown, "panicked") || strings.Contains(shown, "\n") || len(shown) > 500 {
			t.Errorf("%s, which %s: %.600s", target.name, target.behaviour, shown)
		}
	}
	began := time.Now()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-exited:
		if err != nil {
			t.Errorf("lostorder ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("lostorder did not end")
	}
	r.ended = time.Since(began)
	if r.stale > mostStale || r.peak > mostMemory || r.ended > endsWithin {
		t.Errorf("the healthy target is up to %s old, memory is up to %d MB, SIGTERM took %s", r.stale, r.peak>>20, r.ended)
	}
	if text := logged(); strings.Contains(text, password) || strings.Contains(text, "panic") || strings.Contains(text, "\x1b") {
		t.Errorf("the log holds a password, a panic or an escape sequence:\n%.4000s", text)
	}
	t.Logf("%s: the healthy target is up to %s old, memory is up to %d MB, SIGTERM took %s", a.server, r.stale.Round(time.Millisecond), r.peak>>20, r.ended.Round(time.Millisecond))
	for _, row := range r.rows {
		t.Logf("%s, which %s: %s", row.server, row.behaviour, row.shown)
	}
	return r
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

func targets(t *testing.T, url string) []api.Target {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url + "/api/v1/targets")
	if err != nil {
		t.Errorf("the API does not answer: %v", err)
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	var answer api.Targets
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		t.Errorf("the API answers %.200s: %v", body, err)
	}
	return answer.Targets
}

// memory is the resident memory of a process.
func memory(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10
}

const (
	tableBegins = "<!-- written by go test -tags=integration ./test/hostile -update -->\n"
	tableEnds   = "<!-- end -->\n"
)

// write writes the table of docs/security.md.
func write(t *testing.T, all []attack, results []result) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| server | hostile targets at once | age of the healthy target, at most | memory, at most | exit after SIGTERM |\n|---|---|---|---|---|\n")
	for i, r := range results {
		fmt.Fprintf(&b, "| %s | %d | %.1f s | %d MB | %.2f s |\n", all[i].server, len(r.rows), r.stale.Seconds(), r.peak>>20, r.ended.Seconds())
	}
	b.WriteString("\n| server | what the server does | what lostorder shows |\n|---|---|---|\n")
	for _, r := range results {
		for _, row := range r.rows {
			fmt.Fprintf(&b, "| %s | %s | `%s` |\n", row.server, row.behaviour, brief(row.shown))
		}
	}
	const path = "../../docs/security.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegins)
	_, after, ended := strings.Cut(rest, tableEnds)
	if !ok || !ended {
		t.Fatal("docs/security.md has no place for the table")
	}
	if err := os.WriteFile(path, []byte(before+tableBegins+b.String()+tableEnds+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// compare checks that the table of docs/security.md has a row for each behaviour. What the rows
// measured differs from machine to machine.
func compare(t *testing.T, all []attack) {
	t.Helper()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		for _, target := range a.targets {
			if row := "| " + a.server + " | " + target.behaviour + " |"; target.name != "" && !strings.Contains(string(text), row) {
				t.Errorf("the table of docs/security.md lacks %q; write it with: go test -tags=integration ./test/hostile -update", row)
			}
		}
	}
}

var changing = regexp.MustCompile(`127\.0\.0\.1:[0-9]+|\b[0-9]+ (?:bytes|ms)\b|postgres[0-9]+|mysql[0-9]+`)

// brief is an error without what changes from run to run, cut short for the table.
func brief(text string) string {
	text = strings.NewReplacer("|", "/", "`", "'").Replace(changing.ReplaceAllString(text, "…"))
	const most = 140
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return text
}
