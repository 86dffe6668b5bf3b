// Package demotest plays the demo in tests: on a machine that is too busy for it, once
// more and slower.
package demotest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/demo"
)

// paces are those at which the demo is tried.
var paces = []int{1, 3, 9}

// Perfect demands that everything that the demo breaks is found, and nothing else. play
// plays it with --json and a flag that sets its pace, and returns what it printed and what
// more there is to say about a failure. A demo that is not perfect is forgiven, and tried
// at another pace, only when it says itself that the machine was too busy for it.
func Perfect(t *testing.T, play func(slower string) (out, more string)) (s demo.Summary, out string) {
	t.Helper()
	var more string
	Play(t, func(slower string) demo.Summary {
		out, more = play(slower)
		s = summary(t, out, more)
		return s
	})
	if !s.Perfect() {
		t.Fatalf("it is not perfect: %+v\n%s%s", s, out, more)
	}
	return s, out
}

// Play is Perfect for tests that are about something else: it takes what comes of the demo
// unless the machine was too busy for it.
func Play(t *testing.T, play func(slower string) demo.Summary) {
	t.Helper()
	for _, pace := range paces {
		s := play(fmt.Sprint("--slower=", pace))
		if s.Perfect() || !s.Busy {
			return
		}
		t.Logf("%d times slower, and the machine is too busy: %+v", pace, s)
	}
}

// summary is the last line of what the demo printed.
func summary(t *testing.T, out, more string) demo.Summary {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last struct{ Summary *demo.Summary }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Summary == nil {
		t.Fatalf("the last line is no summary: %v\n%s%s", err, out, more)
	}
	return *last.Summary
}
