//go:build integration

package faults_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web/api"
)

// settings is a config file under construction: entries by section.
type settings map[string][]string

func (s settings) add(section string, lines ...string) {
	s[section] = append(s[section], "  - "+strings.Join(lines, "\n    ")+"\n")
}

func (s settings) String() string {
	var b strings.Builder
	for _, section := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s:\n%s", section, strings.Join(s[section], ""))
	}
	return b.String()
}

func schedule() string { return fmt.Sprintf("interval: %s\n    timeout: %s", interval, timeout) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is one running lostorder.
type program struct {
	t      *testing.T
	url    string
	file   string
	wrap   []string // a command that runs it
	cmd    *exec.Cmd
	client http.Client
	exited chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// start runs lostorder with a config file, wrapped in another command if there is one, and stops it
// at the end of the test.
func start(t *testing.T, config string, wrap ...string) *program {
	t.Helper()
	p := &program{t: t, file: filepath.Join(t.TempDir(), "lostorder.yml"), wrap: wrap}
	write(t, p.file, config)
	p.run()
	t.Cleanup(func() {
		p.stop()
		if text := p.logged(); t.Failed() {
			t.Logf("end of the log of lostorder:\n%s", text[max(0, len(text)-4000):])
		} else if strings.Contains(text, "panic") || strings.Contains(text, secret) {
			t.Errorf("the log holds a panic or a password:\n%.4000s", text)
		}
	})
	return p
}

func (p *program) run() {
	p.t.Helper()
	command := append(slices.Clone(p.wrap), binary, "run", "--config.file="+p.file, "--web.listen-address=127.0.0.1:0")
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_EC2_METADATA_DISABLED=true")
	p.client.Timeout = 10 * time.Second
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	address, exited := make(chan string, 1), make(chan struct{})
	p.exited = exited
	go func() {
		defer close(exited)
		lines := bufio.NewReader(stderr)
		for {
			line, err := lines.ReadString('\n')
			p.mu.Lock()
			p.log.WriteString(line)
			p.mu.Unlock()
			if m := listening.FindStringSubmatch(line); m != nil {
				address <- m[1]
			}
			if err != nil {
				_ = p.cmd.Wait()
				return
			}
		}
	}()
	select {
	case a := <-address:
		p.url = "http://" + a
	case <-exited:
		p.t.Fatalf("lostorder ended:\n%s", p.logged())
	case <-time.After(patience):
		p.t.Fatal("lostorder does not listen")
	}
}

func (p *program) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// stop stops lostorder as an orchestrator does.
func (p *program) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Error("lostorder did not stop within 20 s of SIGTERM")
	}
}

// get decodes an answer of the API.
func (p *program) get(path string, into any) error {
	answer, err := p.client.Get(p.url + path)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func (p *program) targets() (map[string]api.Target, error) {
	var answer api.Targets
	err := p.get("/api/v1/targets", &answer)
	all := map[string]api.Target{}
	for _, one := range answer.Targets {
		all[one.Collector+"/"+one.Target] = one
	}
	return all, err
}

// findings are the open findings, by id, and how many are closed.
func (p *program) findings() (open map[string]api.Finding, closed []string, err error) {
	var answer api.Findings
	err = p.get("/api/v1/findings?state=all", &answer)
	open = map[string]api.Finding{}
	for _, f := range answer.Findings {
		if f.ClosedAt.IsZero() {
			open[f.ID] = f
		} else {
			closed = append(closed, string(f.Mode)+" of "+f.Subject)
		}
	}
	return open, closed, err
}

// memory is the resident memory of lostorder.
func (p *program) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
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

func age(target api.Target) time.Duration {
	if target.ReadingAgeSeconds == nil {
		return 24 * time.Hour
	}
	return time.Duration(*target.ReadingAgeSeconds * float64(time.Second))
}

// stops stops lostorder for as long as a fault lasts.
func (p *program) stops() {
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(*length)
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
}

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}
