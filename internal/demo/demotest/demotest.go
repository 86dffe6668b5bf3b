// Package demotest plays the demo in tests. On a machine that is too busy it plays the demo
// again, slower.
package demotest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/demo"
)

// paces are the values of --slower that are tried in turn.
var paces = []int{1, 3, 9}

// Perfect fails the test unless the demo finds every fault and nothing else. play runs the
// demo with --json and the given flag; it returns what the demo printed and details for a
// failure message. A demo that is not perfect runs again at a slower pace only if the demo
// itself reported that the machine was too busy.
func Perfect(t *testing.T, play func(slower string) (out, more string)) (s demo.Summary, out string) {
	t.Helper()
	var more string
	Play(t, func(slower string) demo.Summary {
		out, more = play(slower)
		s = summary(t, out, more)
		return s
	})
	if !s.Perfect() {
		t.Fatalf("the demo is not perfect: %+v\n%s%s", s, out, more)
	}
	return s, out
}

// Play is Perfect for tests about something else: it accepts any result, unless the machine
// was too busy.
func Play(t *testing.T, play func(slower string) demo.Summary) {
	t.Helper()
	for _, pace := range paces {
		s := play(fmt.Sprint("--slower=", pace))
		if s.Perfect() || !s.Busy {
			return
		}
		t.Logf("--slower=%d: the machine is too busy: %+v", pace, s)
	}
}

// summary returns the summary in the last line that the demo printed.
func summary(t *testing.T, out, more string) demo.Summary {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last struct{ Summary *demo.Summary }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Summary == nil {
		t.Fatalf("the last line is not a summary: %v\n%s%s", err, out, more)
	}
	return *last.Summary
}
