package detect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Acknowledgement says that some orders are known to be wrong. Until it ends they do not
// count. One of Finding, Check and Lifecycle says which findings it is about, and Orders or
// UpTo what is known.
type Acknowledgement struct {
	Finding, Check, Lifecycle string
	// Orders are the ids of known orders in every way in which a report may show them, each
	// with the one that may be shown.
	Orders map[string]string
	UpTo   int64
	Until  time.Time
	Why    string
}

// Acknowledged is what one acknowledgement takes from one finding.
type Acknowledged struct {
	Index    int // of the acknowledgement
	ID       string
	Mode     signal.Mode
	Severity signal.Severity
	Target   signal.TargetID
	Subject  signal.Subject
	Labels   signal.Labels
	Count    int64    // affected orders or messages that do not count
	Orders   []string // those that are named
	Why      string
	Until    time.Time
}

// Acknowledge replaces the acknowledgements. They hold from the next report on.
func (d *Detector) Acknowledge(all []Acknowledgement) { d.acknowledgements = all }

// Acknowledged returns what does not count now, in a stable order.
func (d *Detector) Acknowledged() []Acknowledged {
	var all []Acknowledged
	for _, memory := range d.memories {
		all = append(all, memory.acknowledged...)
	}
	slices.SortFunc(all, func(a, b Acknowledged) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.ID, b.ID)) })
	return all
}

// about reports whether the acknowledgement is about a finding.
func (a *Acknowledgement) about(id string, s signal.Subject) bool {
	return a.Finding != "" && a.Finding == id || a.Check != "" && a.Check == s.Check || a.Lifecycle != "" && a.Lifecycle == s.Lifecycle
}

// acknowledge takes the known orders out of the cases, and drops the cases that consist of
// them. It returns the subjects of the dropped ones, by mode, with what it took.
func (d *Detector) acknowledge(cases map[signal.Mode][]Case, v *view) map[caseKey]string {
	v.memory.acknowledged = nil
	if len(d.acknowledgements) == 0 {
		return nil
	}
	dropped := map[caseKey]string{}
	for mode := range cases {
		kept := cases[mode][:0]
		for _, c := range cases[mode] {
			key := caseKey{mode, v.report.TargetID, c.Subject}
			if note := d.leaveOut(&c, key, v); note != "" && c.Count <= 0 {
				dropped[key] = note
				continue
			}
			kept = append(kept, c)
		}
		cases[mode] = kept
	}
	return dropped
}

// leaveOut takes the known orders out of a case, and describes them; empty where there are
// none.
func (d *Detector) leaveOut(c *Case, key caseKey, v *view) (note string) {
	id, all := findingID(key), c.Count
	for i := range d.acknowledgements {
		a := &d.acknowledgements[i]
		if c.Count <= 0 || !a.about(id, c.Subject) || !v.at.Time().Before(a.Until) {
			continue
		}
		n, named := a.known(c)
		if n == 0 {
			continue
		}
		c.Count -= n
		v.memory.acknowledged = append(v.memory.acknowledged, Acknowledged{
			Index: i, ID: id, Mode: key.mode, Severity: v.severity(c), Target: key.target, Subject: c.Subject, Labels: v.labels(c.Subject),
			Count: n, Orders: named, Why: a.Why, Until: a.Until,
		})
		if note != "" {
			note += "; "
		}
		note += fmt.Sprintf("%d until %s: %s", n, a.Until.UTC().Format("2006-01-02 15:04 MST"), a.Why)
	}
	if note != "" && c.Count > 0 {
		c.Summary += fmt.Sprintf(" Of them, %d %s known and acknowledged.", all-c.Count, verb(all-c.Count, "is", "are"))
		c.Evidence = withNote(c.Evidence, note)
	}
	return note
}

// AcknowledgedFact is the name of the fact that says what is known.
const AcknowledgedFact = "acknowledged"

// withNote returns the evidence with what is known.
func withNote(evidence signal.Evidence, note string) signal.Evidence {
	others := slices.DeleteFunc(slices.Clone(evidence), func(f signal.Fact) bool { return f.Name == AcknowledgedFact })
	return append(others, signal.TextFact(AcknowledgedFact, note))
}

// known returns how many of the affected orders are known, and takes the named ones out of
// the sample.
func (a *Acknowledgement) known(c *Case) (n int64, named []string) {
	if a.UpTo > 0 {
		return min(a.UpTo, c.Count), nil
	}
	others := make([]signal.OrderRef, 0, len(c.Orders))
	seen := map[string]bool{}
	for _, ref := range c.Orders {
		shown, known := a.Orders[ref.ID]
		if !known {
			others = append(others, ref)
			continue
		}
		if !seen[shown] {
			seen[shown] = true
			named = append(named, shown)
		}
	}
	c.Orders = others
	n = int64(len(named))
	if c.Groups != nil {
		n = c.Groups(func(ref signal.OrderRef) bool { _, known := a.Orders[ref.ID]; return known })
	}
	return min(n, c.Count), named
}
