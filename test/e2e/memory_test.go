//go:build integration

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// The limits for the smallest useful config, in MB: of all resident memory, and of the part that
// lostorder allocated. The rest is what the kernel maps of the program's own file and can drop at
// any time.
const (
	mostResident  = 48
	mostAllocated = 16
)

// TestRealSmallestConfigStaysWithinItsMemory measures the resident memory of lostorder
// with one broker and all topics of the other tests.
func TestRealSmallestConfigStaysWithinItsMemory(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic := b.topic("orders", 12)
	b.join(b.prefix+"-billing", topic, pace{})
	n := 0
	repeat(t, 50*time.Millisecond, func() error { n++; return b.write(topic, int32(n%12), fmt.Sprint("o-", n)) })
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	rewrite(t, file, fmt.Sprintf("kafka:\n  - name: main\n    brokers: [%q]\n    interval: 250ms\n    timeout: 5s\n", b.addr))
	p := startFile(t, plainBinary, file)
	p.lenient = true // it sees what the other tests break
	for range 4 {
		p.cycles(6)
		p.metrics()
	}
	resident, allocated := p.memory("VmRSS"), p.memory("RssAnon")
	t.Logf("%.1f MB resident, %.1f MB of it allocated", resident, allocated)
	if resident > mostResident || allocated > mostAllocated {
		t.Errorf("after 24 readings and some scrapes, want at most %d MB resident and %d MB allocated", mostResident, mostAllocated)
	}
}

// memory returns one figure of lostorder's memory as /proc/PID/status names it, in MB.
func (p *program) memory(name string) float64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatalf("read memory: %v", err)
	}
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		p.t.Fatalf("no %s in %s", name, status)
	}
	kB, err := strconv.Atoi(string(found[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return float64(kB) / 1024
}
