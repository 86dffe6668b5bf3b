package detect

import "github.com/lostorder/lostorder/internal/signal"

// OpenFinding is one open finding with what the ledger needs to continue it after a
// restart.
type OpenFinding struct {
	Finding signal.Finding
	Seen    signal.Instant // when a reading last contained what it is decided from
	Quiet   int            // readings in a row that no longer showed it
}

// OpenFindings returns the open findings for the memory, in no order.
func (d *Detector) OpenFindings() []OpenFinding {
	open := make([]OpenFinding, 0, len(d.ledger.open))
	for _, e := range d.ledger.open {
		open = append(open, OpenFinding{e.finding, e.seen, e.quiet})
	}
	return open
}

// RestoreFindings opens findings that were open before a restart. They keep their ids and
// since, are no change that is reported, and stay unconfirmed until Confirm.
func (d *Detector) RestoreFindings(open []OpenFinding) {
	for _, o := range open {
		f := o.Finding
		f.Unconfirmed = true
		d.ledger.open[caseKey{f.Mode, f.Target, f.Subject}] = &episode{finding: f, seen: o.Seen, quiet: o.Quiet}
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
