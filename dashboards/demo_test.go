//go:build integration

package dashboards_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/demo/demotest"
)

// shop is a demo that runs.
type shop struct {
	t   *testing.T
	cmd *exec.Cmd
	out strings.Builder
}

// open builds lostorder and runs its demo where Prometheus scrapes.
func (p *prometheusServer) open(flags ...string) *shop {
	p.t.Helper()
	binary := filepath.Join(p.t.TempDir(), "lostorder")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/lostorder").CombinedOutput(); err != nil {
		p.t.Fatalf("build lostorder: %v\n%s", err, out)
	}
	s := &shop{t: p.t, cmd: exec.Command(binary, append([]string{"demo", "--json", "--web.listen-address=" + p.scraped}, flags...)...)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			s.wait()
		}
	})
	return s
}

func (s *shop) wait() {
	if err := s.cmd.Wait(); err != nil {
		// Whether everything is found and nothing else is what its own tests ask.
		s.t.Logf("the demo: %v\n%s", err, s.out.String())
	}
}

// close ends the demo before its time.
func (s *shop) close() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	s.wait()
}

// breaks lets the demo break everything, and tells from when on and until when.
func (p *prometheusServer) breaks() (began, ended time.Time) {
	p.t.Helper()
	demotest.Play(p.t, func(slower string) demo.Summary {
		began = time.Now()
		s := p.open("--faults=all", slower)
		s.wait()
		ended = time.Now()
		lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
		var last struct{ Summary demo.Summary }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			p.t.Fatalf("the last line is no summary: %v\n%s", err, s.out.String())
		}
		return last.Summary
	})
	return began, ended
}
