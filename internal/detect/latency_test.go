package detect_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

var update = flag.Bool("update", false, "write the table of docs/latency.md")

// delays are how late the findings of a mode came.
type delays struct {
	findings        int
	waited, decided time.Duration // the longest, from the beginning until it was decidable and until it was found after that
}

// measureDelays plays all stories of this package in which every reading succeeds.
func measureDelays(t *testing.T) map[signal.Mode]*delays {
	all := map[signal.Mode]*delays{}
	for _, mode := range detect.Modes() {
		all[mode] = &delays{}
	}
	note := func(story func(s *script)) {
		s := newScript(t)
		story(s)
		if s.interrupted {
			return
		}
		for i := range s.opened {
			f, d := &s.opened[i], all[s.opened[i].Mode]
			d.findings++
			d.decided = max(d.decided, f.DetectedAt.Sub(f.DecidableAt))
			if begin := f.Since; begin.After(s.begin) {
				d.waited = max(d.waited, f.DecidableAt.Sub(begin))
			}
		}
	}
	for _, scenarios := range []map[string]scenario{
		queueCases, transactionCases, growthCases, expiryCases, overdueCases, unknownStateCases, retryCases, letterCases, trimmingCases, slotCases,
		binlogCases, skippedCases, skippedLogCases, heldCases, deletionCases, groupCases,
	} {
		for _, c := range scenarios {
			note(c.story)
		}
	}
	for _, c := range joined(allStoreCases(), checkCases) {
		note(c.story)
	}
	return all
}

// TestEveryModeIsFoundWithinOneIntervalOfWhenItCouldBeDecided measures it in virtual time and
// compares the table with the page.
func TestEveryModeIsFoundWithinOneIntervalOfWhenItCouldBeDecided(t *testing.T) {
	var table strings.Builder
	table.WriteString("| mode | stories | decidable after it began, at most | found after that, at most |\n|---|---|---|---|\n")
	measured := measureDelays(t)
	for _, mode := range detect.Modes() {
		d := measured[mode]
		if d.findings == 0 {
			t.Errorf("no story finds %s", mode)
		}
		took := float64(d.decided) / float64(interval)
		if took > 1 {
			t.Errorf("%s was found %s after it could be decided, which is %.1f intervals", mode, d.decided, took)
		}
		waited := "at once"
		if d.waited > 0 {
			waited = phrase.Duration(d.waited)
		}
		found := "at once"
		if d.decided > 0 {
			found = fmt.Sprintf("%.1f intervals", took)
		}
		fmt.Fprintf(&table, "| `%s` | %d | %s | %s |\n", mode, d.findings, waited, found)
	}
	collectortest.CheckTable(t, "../../docs/latency.md", "go test ./internal/detect -run Interval -update", table.String(), *update)
}
