package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/ownership/leasetest"
	"github.com/lostorder/lostorder/internal/web/api"
)

const (
	// sharedTargets is how many targets the replicas of the test share.
	sharedTargets = 30
	// shortLease is the shortest that the program takes.
	shortLease = 3 * time.Second
	// slack is for starts of processes and readings on a busy machine.
	slack = 10 * time.Second
)

// stuckIn are the targets with an order that is stuck.
var stuckIn = map[int]bool{3: true, 11: true, 12: true, 20: true, 27: true}

// sharedShop is a database with a lifecycle for each target. It returns the config file, which
// has more sections at its end.
func sharedShop(t *testing.T, sections ...string) (file string, shop *databasetest.Shop) {
	shop = databasetest.SQLite(t)
	text := "databases: [{name: shop, url: \"" + shop.URL + "\"}]\nlifecycles:\n"
	for i := range sharedTargets {
		table := fmt.Sprintf("orders%d", i)
		shop.Run(t,
			"CREATE TABLE "+table+" (id TEXT PRIMARY KEY, state TEXT, updated_at TEXT, created_at TEXT)",
			"CREATE INDEX "+table+"_state ON "+table+" (state, updated_at, id)", "CREATE INDEX "+table+"_creation ON "+table+" (created_at)")
		if stuckIn[i] {
			shop.Run(t, "INSERT INTO "+table+" VALUES ('o-1', 'placed', datetime('now', '-1 hour'), datetime('now', '-1 hour'))")
		}
		text += fmt.Sprintf("- {name: %s, source: {database: shop, table: %s}, states: {placed: {max: 1m, next: [paid]}, paid: {}}, interval: 500ms}\n", table, table)
	}
	file = filepath.Join(t.TempDir(), "lostorder.yml")
	text += strings.Join(sections, "")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, shop
}

// replica is one process of the program.
type replica struct {
	name, url string
	cmd       *exec.Cmd
	log       lockedBuffer
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startReplica starts the program as a process, which is the test binary under another name.
func startReplica(t *testing.T, name, address, file string, flags ...string) *replica {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{name: name, url: "http://" + address}
	r.cmd = exec.Command(binary)
	r.cmd.Args = append([]string{"lostorder", "run", "--config.file=" + file, "--web.listen-address=" + address}, flags...)
	r.cmd.Stderr = &r.log
	r.cmd.Env = append(os.Environ(), "STATE_DIR="+t.TempDir())
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Signal(syscall.SIGCONT)
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", r.name, r.log.String())
		}
	})
	return r
}

func (r *replica) get(path string) string {
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get(r.url + path)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

var upSeries = regexp.MustCompile(`(?m)^lostorder_collector_up{collector="orders",target="(\w+)"} 1$`)

// reads are the targets that a replica exports as read.
func (r *replica) reads() (names []string) {
	for _, match := range upSeries.FindAllStringSubmatch(r.get("/metrics"), -1) {
		names = append(names, match[1])
	}
	return names
}

// findings are all that a replica shows, by id.
func (r *replica) findings(t *testing.T) map[string]api.Finding {
	var answer api.Findings
	if err := json.Unmarshal([]byte(r.get("/api/v1/findings")), &answer); err != nil {
		return nil
	}
	all := map[string]api.Finding{}
	for _, f := range answer.Findings {
		if _, twice := all[f.ID]; twice {
			t.Errorf("%s shows finding %s twice", r.name, f.ID)
		}
		all[f.ID] = f
	}
	return all
}

// divided waits until each target is read by exactly one of the replicas, and reports after
// how long that was.
func divided(t *testing.T, what string, within time.Duration, replicas ...*replica) {
	t.Helper()
	began := time.Now()
	for last := ""; ; time.Sleep(100 * time.Millisecond) {
		readers, total := map[string]int{}, 0
		last = ""
		for _, r := range replicas {
			names := r.reads()
			last += fmt.Sprintf(" %s %d", r.name, len(names))
			for _, name := range names {
				readers[name]++
				total++
			}
		}
		if len(readers) == sharedTargets && total == sharedTargets {
			t.Logf("%s: each target is read by one after %s:%s", what, time.Since(began).Round(100*time.Millisecond), last)
			return
		}
		if time.Since(began) > within {
			t.Fatalf("%s: after %s the targets are read by%s", what, within, last)
		}
	}
}

// shows waits until each replica shows the findings as they were, all of them confirmed.
func shows(t *testing.T, what string, before map[string]api.Finding, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		eventuallyWithin(t, what+": "+r.name+" shows all findings", slack, func() bool {
			after := r.findings(t)
			for id, old := range before {
				f, known := after[id]
				if known && !f.Since.Equal(old.Since) || known && !f.DetectedAt.Equal(old.DetectedAt) {
					t.Fatalf("%s: %s has finding %s since %s, detected %s; it was since %s, detected %s", what, r.name, id, f.Since, f.DetectedAt, old.Since, old.DetectedAt)
				}
				if !known || f.Unconfirmed {
					return false
				}
			}
			return len(after) == len(before)
		})
	}
}

func eventuallyWithin(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happens: " + what)
		}
	}
}

// exportedOnce fails when a finding has a series in more than one replica, or a finding was
// announced again, or as closed.
func exportedOnce(t *testing.T, before map[string]api.Finding, alive, all []*replica) {
	t.Helper()
	for id := range before {
		series, opened, closed := 0, 0, 0
		for _, r := range alive {
			series += strings.Count(r.get("/metrics"), `lostorder_finding_affected{mode="order_overdue",severity="critical",finding="`+id+`"`)
		}
		for _, r := range all {
			for line := range strings.SplitSeq(r.log.String(), "\n") {
				if strings.Contains(line, "finding="+id) && strings.Contains(line, "finding opened") {
					opened++
				}
				if strings.Contains(line, "finding="+id) && strings.Contains(line, "finding closed") {
					closed++
				}
			}
		}
		if series != 1 || opened != 1 || closed != 0 {
			t.Errorf("finding %s has %d series, and was announced as open %d times and as closed %d times", id, series, opened, closed)
		}
	}
}

// announcements are what a webhook received, by finding.
type announcements struct {
	sync.Mutex
	of map[string][]string
}

func (a *announcements) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var event struct{ Type, Subject string }
	_ = json.NewDecoder(r.Body).Decode(&event)
	a.Lock()
	defer a.Unlock()
	a.of[event.Subject] = append(a.of[event.Subject], event.Type)
}

func (a *announcements) all() map[string][]string {
	a.Lock()
	defer a.Unlock()
	return maps.Clone(a.of)
}

// TestReplicasHandOverTheirTargets plays three replicas that hold Leases, each with a memory of
// its own. One is killed, one is frozen and wakes, one stops in order, and one is added. A
// webhook hears once of each finding.
func TestReplicasHandOverTheirTargets(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	leases := leasetest.New()
	kubernetes := httptest.NewServer(leases)
	defer kubernetes.Close()
	heard := &announcements{of: map[string][]string{}}
	receiver := httptest.NewServer(heard)
	defer receiver.Close()
	file, shop := sharedShop(t, "alerting: {interval: 1s, webhooks: [{format: cloudevents, url: \""+receiver.URL+"\"}]}\nstate: {dir: \"${STATE_DIR}\"}\n")
	var all []*replica
	start := func(name string) *replica {
		address := freePort(t)
		r := startReplica(t, name, address, file, "--shard.leases=shop/lostorder", "--shard.member="+name, "--shard.url=http://"+address,
			"--shard.api-server="+kubernetes.URL, "--shard.lease-duration="+shortLease.String())
		all = append(all, r)
		return r
	}
	a := start("pod-a")
	var before map[string]api.Finding
	eventuallyWithin(t, "all stuck orders are found", 6*slack, func() bool {
		before = a.findings(t)
		return len(before) == len(stuckIn)
	})
	eventuallyWithin(t, "the webhook hears of each finding", 6*slack, func() bool { return len(heard.all()) == len(stuckIn) })
	b, c := start("pod-b"), start("pod-c")
	eventuallyWithin(t, "those that are added read their share", 2*shortLease+6*slack, func() bool { return len(b.reads()) > 0 && len(c.reads()) > 0 })
	divided(t, "start", 2*shortLease+slack, a, b, c)
	shows(t, "start", before, a, b, c)
	exportedOnce(t, before, all, all)
	eventuallyWithin(t, "the page shows the whole", 6*slack, func() bool { // a reading may be late on a busy machine
		page := a.get("/")
		return strings.Contains(page, "pod-b</a>") && strings.Contains(page, "All 30 targets can be read")
	})
	if text := a.get("/metrics"); strings.Count(text, "lostorder_target_owned{") != sharedTargets || !strings.Contains(text, `lostorder_members{member="pod-a"} 3`) {
		t.Error("the metrics do not say what is owned")
	}
	time.Sleep(2 * shortLease / 3) // the others ask every third of a lease

	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	divided(t, "one is killed", 2*shortLease+slack, a, c)
	shows(t, "one is killed", before, a, c)
	exportedOnce(t, before, []*replica{a, c}, all)

	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	divided(t, "one is frozen", 2*shortLease+slack, a)
	shows(t, "one is frozen", before, a)
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventuallyWithin(t, "the one that wakes reads its share again", 2*shortLease+slack, func() bool { return len(c.reads()) > 0 && len(a.reads()) < sharedTargets })
	divided(t, "it wakes", 2*shortLease+slack, a, c)
	shows(t, "it wakes", before, a, c)
	exportedOnce(t, before, []*replica{a, c}, all)

	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	divided(t, "one stops in order", 2*shortLease+slack, c)
	shows(t, "one stops in order", before, c)
	d := start("pod-d")
	eventuallyWithin(t, "a new one reads its share", 2*shortLease+slack, func() bool { return len(d.reads()) > 0 })
	divided(t, "one is added", 2*shortLease+slack, c, d)
	shows(t, "one is added", before, c, d)
	exportedOnce(t, before, []*replica{c, d}, all)

	// The end of a finding is announced once, by the replica that reads its target now.
	shop.Run(t, "UPDATE orders3 SET state = 'paid'")
	eventuallyWithin(t, "the webhook hears that a finding has closed", 6*slack, func() bool {
		for _, types := range heard.all() {
			if len(types) > 1 {
				return true
			}
		}
		return false
	})
	closed := 0
	for finding, types := range heard.all() {
		switch text := strings.Join(types, " "); text {
		case "io.github.lostorder.finding.opened":
		case "io.github.lostorder.finding.opened io.github.lostorder.finding.closed":
			closed++
		default:
			t.Errorf("of finding %s the webhook heard %s", finding, text)
		}
	}
	if closed != 1 {
		t.Errorf("%d findings closed", closed)
	}
}

// TestFixedShardsShowTheWhole plays three fixed shards. One is missing at first.
func TestFixedShardsShowTheWhole(t *testing.T) {
	file, _ := sharedShop(t)
	addresses := []string{freePort(t), freePort(t), freePort(t)}
	start := func(i int) *replica {
		flags := []string{fmt.Sprintf("--shard=%d/3", i+1)}
		for j, address := range addresses {
			if i != j {
				flags = append(flags, "--shard.peers=http://"+address)
			}
		}
		return startReplica(t, fmt.Sprintf("shard-%d", i+1), addresses[i], file, flags...)
	}
	first, second := start(0), start(1)
	eventuallyWithin(t, "two shards read their share", 6*slack, func() bool { return len(first.reads()) > 0 && len(second.reads()) > 0 })
	if page := first.get("/"); !strings.Contains(page, "do not answer this one") || !strings.Contains(page, "not known here · shard-3") {
		t.Errorf("the page does not say what is missing: %s", page)
	}
	if text := first.get("/api/v1/targets"); !strings.Contains(text, `"owner": "shard-3"`) {
		t.Errorf("the API does not say who owns what: %s", text)
	}
	third := start(2)
	divided(t, "start", 6*slack, first, second, third)
	var found map[string]api.Finding
	eventuallyWithin(t, "the first shard shows all findings", 2*slack, func() bool {
		found = first.findings(t)
		return len(found) == len(stuckIn)
	})
	shows(t, "start", found, first, second, third)
}

// TestReplicasBehindAPasswordShowTheWhole plays two replicas that hold Leases and whose pages
// ask for a password.
func TestReplicasBehindAPasswordShowTheWhole(t *testing.T) {
	kubernetes := httptest.NewServer(leasetest.New())
	defer kubernetes.Close()
	file, _ := sharedShop(t)
	dir := t.TempDir()
	hash, err := bcrypt.GenerateFromPassword([]byte("Tr0ub4dor"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	asked := write("web.yml", fmt.Sprintf("basic_auth_users: {lostorder: %q}\n", hash))
	asks := write("client.yml", "basic_auth: {username: lostorder, password: Tr0ub4dor}\n")
	start := func(name string) *replica {
		address := freePort(t)
		r := startReplica(t, name, address, file, "--shard.leases=shop/lostorder", "--shard.member="+name, "--shard.url=http://"+address,
			"--shard.api-server="+kubernetes.URL, "--shard.lease-duration="+shortLease.String(), "--web.config.file="+asked, "--shard.http.config.file="+asks)
		r.url = "http://lostorder:Tr0ub4dor@" + address
		return r
	}
	a, b := start("pod-a"), start("pod-b")
	eventuallyWithin(t, "both read a share", 2*shortLease+6*slack, func() bool { return len(a.reads()) > 0 && len(b.reads()) > 0 })
	divided(t, "start", 2*shortLease+slack, a, b)
	var found map[string]api.Finding
	eventuallyWithin(t, "all stuck orders are found", 6*slack, func() bool {
		found = a.findings(t)
		return len(found) == len(stuckIn)
	})
	shows(t, "start", found, a, b)
}

func TestWrongFlagsOfShardsAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	if err := os.WriteFile(file, []byte("kafka: [{name: main, brokers: ['127.0.0.1:1']}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asks := filepath.Join(t.TempDir(), "client.yml")
	if err := os.WriteFile(asks, []byte("basic_auth: {username: a, password: b}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{
		"--shard.http.config.file=" + asks:          "--shard.http.config.file is for processes that share their targets",
		"--shard=4/3":                               `--shard: "4/3" is shard 4 of 3, and the first is 1`,
		"--shard=1/3 --shard.leases=shop/lostorder": "--shard and --shard.leases exclude each other",
		"--shard.peers=http://a:1":                  "--shard.peers needs --shard=i/n",
		"--shard.http.config.file=client.yml":       "--shard.http.config.file: client.yml: open client.yml: no such file",
		"--shard.leases=shop":                       `--shard.leases: "shop" is no namespace and name of a group`,
		"--shard.leases=shop/lostorder --shard.api-server=http://127.0.0.1:1 --shard.lease-duration=1s": "--shard.leases: a lease of 1s is too short",
	} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), append([]string{"run", "--config.check", "--config.file=" + file}, strings.Fields(flags)...), &out, &errs)
		if code != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %s", flags, code, errs.String())
		}
	}
}
