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

// mostMemory is the limit for the smallest useful config, in MB.
const mostMemory = 40

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
	if n := p.resident(); n > mostMemory {
		t.Errorf("%.1f MB resident after 24 readings and some scrapes, want at most %d MB", n, mostMemory)
	} else {
		t.Logf("%.1f MB resident", n)
	}
}

// resident returns lostorder's resident memory in MB.
func (p *program) resident() float64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatalf("read memory: %v", err)
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		p.t.Fatalf("no VmRSS in %s", status)
	}
	kB, err := strconv.Atoi(string(found[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return float64(kB) / 1024
}
