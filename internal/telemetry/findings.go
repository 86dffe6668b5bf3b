package telemetry

import (
	"maps"
	"slices"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

var severities = []signal.Severity{signal.Critical, signal.Warning, signal.Info}

// A tally is what is known of one mode.
type tally struct {
	total  int64
	open   map[signal.Severity]int
	latest *signal.Finding // open or closed lately
}

// modes returns every mode that lostorder decides, and any other that has a finding.
func (v *view) modes() map[string]*tally {
	modes := map[string]*tally{}
	of := func(mode signal.Mode) *tally {
		name := valid(string(mode))
		if modes[name] == nil {
			modes[name] = &tally{open: map[signal.Severity]int{}}
		}
		return modes[name]
	}
	for _, mode := range detect.Modes() {
		of(mode)
	}
	for mode, total := range v.Counters.Findings {
		of(mode).total += total
	}
	for _, findings := range [][]signal.Finding{v.Open, v.Closed} {
		for i := range findings {
			f := &findings[i]
			t := of(f.Mode)
			if f.Open() {
				t.open[f.Severity]++
			}
			if t.latest == nil || f.DetectedAt.After(t.latest.DetectedAt) {
				t.latest = f
			}
		}
	}
	return modes
}

// openFindings adds every mode with every severity, at zero when there is none,
// so that a rule can tell "none" from "not built".
func openFindings(v *view, out *block) {
	modes := v.modes()
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		labels := v.labels.of(label{labelMode, mode})
		for _, severity := range severities {
			out.add(float64(modes[mode].open[severity]), labels, v.labels.pair(labelSeverity, string(severity)))
		}
	}
}

// findingsTotal adds what was ever found, with the latest finding as exemplar.
func findingsTotal(v *view, out *block) {
	modes := v.modes()
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		out.add(float64(modes[mode].total), v.labels.of(label{labelMode, mode}))
		if latest := modes[mode].latest; latest != nil {
			out.exemplar(exemplarOf(latest))
		}
	}
}

func observationGaps(v *view, out *block) { out.add(float64(v.Counters.Gaps), nil) }
