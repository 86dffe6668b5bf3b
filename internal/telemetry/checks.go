package telemetry

import "github.com/lostorder/lostorder/internal/detect"

// perCheck makes the series of a metric of reconciliations.
func perCheck(each func(v *view, c *check, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.checks.all {
			each(v, &v.checks.all[i], out)
		}
	}
}

func reconciliationMismatches(v *view, c *check, out *block) {
	for i := range c.Mismatches {
		m := &c.Mismatches[i]
		out.count(m.Count, c.labels, v.labels.pair(labelKind, valid(string(m.Kind))))
	}
}

// checkModes adds, for each kind of mismatch that a check detects, the mode that reports it.
func checkModes(v *view, c *check, out *block) {
	for i := range c.Mismatches {
		kind := c.Mismatches[i].Kind
		out.add(1, c.labels, v.labels.pair(labelKind, valid(string(kind))), v.labels.pair(labelMode, string(detect.ModeOfMismatch(c.Kind, kind))))
	}
}

func reconciliationProgress(_ *view, c *check, out *block) {
	if part := c.Pass.Fraction; part >= 0 {
		out.add(part, c.labels)
	}
}
