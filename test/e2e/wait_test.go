//go:build integration

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The objectives of the tests: seconds, where a shop has minutes.
const (
	interval    = 500 * time.Millisecond
	maxAge      = 3 * time.Second
	absentAfter = 3 * time.Second
	// watchFor is how long a benign twin is watched: a multiple of every objective.
	watchFor = 3 * maxAge
	// patience is how long something may take on a busy machine.
	patience = 3 * time.Minute
	tick     = 50 * time.Millisecond
)

// eventually calls ask until it returns true. Its second result describes the current state
// for the failure message.
func eventually(t *testing.T, what string, ask func() (yes bool, no string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		yes, no := ask()
		if yes {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s; %s", patience, what, no)
		}
		<-ticker.C
	}
}

// repeat calls do every d until the test ends or the returned function is called, which
// waits for the last call.
func repeat(t *testing.T, d time.Duration, do func() error) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				if err := do(); err != nil {
					t.Errorf("repeat: %v", err)
					return
				}
			}
		}
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			close(end)
			<-ended
		}
	}
	t.Cleanup(stop)
	return stop
}

// unique returns a name for one test's objects on a shared server.
func unique(t *testing.T) string {
	t.Helper()
	name := strings.ToLower(strings.TrimPrefix(t.Name(), "TestReal"))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	return fmt.Sprintf("e2e-%s-%x", name[:min(len(name), 60)], time.Now().UnixNano()&0xffffff)
}
