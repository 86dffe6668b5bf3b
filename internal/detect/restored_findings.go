package detect

import (
	"cmp"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// OpenFinding is one open finding with what the ledger needs to continue it after a
// restart.
type OpenFinding struct {
	Finding signal.Finding
	Seen    signal.Instant // when a reading last contained what it is decided from
	Quiet   int            // readings in a row that no longer showed it
	Said    int64          // how many it affected when that was last reported; 0: as many as now
}

// OpenFindings returns the open findings for the memory, in no order.
func (d *Detector) OpenFindings() []OpenFinding {
	open := make([]OpenFinding, 0, len(d.ledger.open))
	for _, e := range d.ledger.open {
		open = append(open, OpenFinding{e.finding, e.seen, e.quiet, e.said})
	}
	return open
}

// recheckedWithin is how long a source that does not say when it has found again what it
// knew before a restart is given for it.
const recheckedWithin = time.Hour

// awaits reports whether a restored finding is not shown by a reading because its source
// has not found it again yet.
func (e *episode) awaits(d *Decision, v *view) bool {
	if !e.finding.Unconfirmed || d.foundAgain == nil || v.report.Recalled {
		return false
	}
	if !e.resumed.Known() {
		e.resumed = v.at
	}
	if v.at.Sub(e.resumed) >= unseenFor {
		return false
	}
	if !d.foundAgain(v, e.finding.Subject, e.resumed) {
		return true
	}
	if !e.compared.Known() {
		e.compared = v.at
	}
	return v.at.Sub(e.compared) < confirmedAfter(v, e.finding.Subject)
}

// confirmedAfter is how long a mismatch that was found is not reported yet.
func confirmedAfter(v *view, s signal.Subject) time.Duration {
	for i := range v.report.Reconciliations {
		if r := &v.report.Reconciliations[i]; r.Name == s.Check {
			return r.Grace + blindAfter*(v.report.Interval+v.report.Duration)
		}
	}
	return 0
}

// rechecked is the foundAgain of a mode whose source follows rows and finds an old one
// when it reads it again.
func rechecked(v *view, _ signal.Subject, restart signal.Instant) bool {
	return v.at.Sub(restart) >= recheckedWithin
}

// compared is the foundAgain of a mode of reconciliations: a pass has compared all rows.
func compared(v *view, s signal.Subject, _ signal.Instant) bool {
	for i := range v.report.Reconciliations {
		if r := &v.report.Reconciliations[i]; r.Name == s.Check {
			return r.Pass.Completed > 0
		}
	}
	return false
}

// RestoreFindings opens findings that were open before a restart. They keep their ids and
// since, are no change that is reported, and stay unconfirmed until Confirm. After an
// observation gap, the first reading that no longer shows one closes it.
func (d *Detector) RestoreFindings(open []OpenFinding) {
	d.explained = false
	for _, o := range open {
		f := o.Finding
		f.Unconfirmed = true
		d.ledger.open[caseKey{f.Mode, f.Target, f.Subject}] = &episode{finding: f, seen: o.Seen, quiet: o.Quiet, said: cmp.Or(o.Said, f.Count)}
	}
}

// Confirm ends that restored findings of a target are unconfirmed: those whose subject
// was in the reading of that moment. It returns how many are still unconfirmed.
func (d *Detector) Confirm(target signal.TargetID, at signal.Instant) (unconfirmed int) {
	for key, e := range d.ledger.open {
		if key.target != target || !e.finding.Unconfirmed {
			continue
		}
		if e.seen == at {
			e.finding.Unconfirmed = false
		} else {
			unconfirmed++
		}
	}
	return unconfirmed
}
