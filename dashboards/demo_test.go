//go:build integration

package dashboards_test

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// demo is a running demo.
type demo struct{ wait func() }

// demo builds lostorder and runs its demo where Prometheus scrapes.
func (p *prometheusServer) demo(flags ...string) *demo {
	p.t.Helper()
	binary := filepath.Join(p.t.TempDir(), "lostorder")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/lostorder").CombinedOutput(); err != nil {
		p.t.Fatalf("build lostorder: %v\n%s", err, out)
	}
	var out strings.Builder
	cmd := exec.Command(binary, append([]string{"demo", "--web.listen-address=" + p.scraped}, flags...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := false
	d := &demo{wait: func() {
		if over {
			return
		}
		over = true
		if err := <-ended; err != nil {
			// Whether everything is found and nothing else is what its own tests ask.
			p.t.Logf("the demo: %v\n%s", err, out.String())
		}
	}}
	p.t.Cleanup(func() {
		if !over {
			_ = cmd.Process.Kill()
			p.t.Logf("the demo was ended: %v", <-ended)
		}
	})
	return d
}
