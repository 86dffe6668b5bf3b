package detect

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// holdingUp are the modes that keep an order from being processed, and that may name it.
var holdingUp = []signal.Mode{
	signal.OutboxStalled, signal.MessageLost, signal.ConsumerAbsent, signal.ConsumerStalled, signal.TransactionHanging, signal.RetryLoop,
	signal.BacklogGrowing, signal.MessageOverdue, signal.DLQFilling,
}

// explains says which modes are symptoms of others where both name the same orders.
// symptomsOf is the same for one subject, whose symptoms are not reported at all: here the
// symptom is another subject, in another target, and is reported as a part of its cause.
var explains = []struct{ causes, symptoms []signal.Mode }{
	// An event that waits, or is lost, does not arrive at the next hop.
	{holdingUp, []signal.Mode{signal.EventMissing}},
	// An order whose event is not processed does not leave its state, and has no counterpart.
	{append(slices.Clone(holdingUp), signal.EventMissing), []signal.Mode{
		signal.OrderOverdue, signal.SagaStuck, signal.CompensationFailed, signal.OrderUnmatched, signal.ReplicaDivergence,
	}},
}

// CanBeSymptom reports whether a finding of a mode may be the symptom of another finding.
func CanBeSymptom(mode signal.Mode) bool {
	return slices.ContainsFunc(explains, func(e struct{ causes, symptoms []signal.Mode }) bool { return slices.Contains(e.symptoms, mode) })
}

// rootCauses returns the cause of each finding that another one explains. A cause that is a
// symptom itself is replaced by its own cause.
func rootCauses(open []*signal.Finding) map[*signal.Finding]*signal.Finding {
	var roots map[*signal.Finding]*signal.Finding
	for _, e := range explains {
		naming := map[string][]*signal.Finding{}
		for _, f := range open {
			if slices.Contains(e.causes, f.Mode) {
				for _, id := range distinct(f.OrderIDs) {
					naming[id] = append(naming[id], f)
				}
			}
		}
		if len(naming) == 0 {
			continue
		}
		for _, f := range open {
			if !slices.Contains(e.symptoms, f.Mode) {
				continue
			}
			if cause := causeOf(f, naming); cause != nil {
				if roots == nil {
					roots = map[*signal.Finding]*signal.Finding{}
				}
				roots[f] = cmp.Or(roots[cause], cause)
			}
		}
	}
	return roots
}

// causeOf returns the finding that explains a symptom best: the one that names most of its
// orders, and of several the one that began first. nil: none does.
func causeOf(s *signal.Finding, naming map[string][]*signal.Finding) (best *signal.Finding) {
	shared := map[*signal.Finding]int{}
	for _, id := range distinct(s.OrderIDs) {
		for _, cause := range naming[id] {
			shared[cause]++
		}
	}
	for cause, n := range shared {
		if !covers(cause, s, n) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(shared[best], n), cause.Since.Compare(best.Since), cmp.Compare(cause.ID, best.ID)) < 0 {
			best = cause
		}
	}
	return best
}

// covers reports whether a finding explains another with which it shares so many of the
// named orders. It began no later than the other, affects no fewer and is no less severe:
// a finding about more orders has something else in it, and has to be reported for itself.
func covers(cause, s *signal.Finding, shared int) bool {
	if cause.Since.After(s.Since) || cause.Count < s.Count || cause.Severity.Rank() > s.Severity.Rank() {
		return false
	}
	named, asked := len(distinct(cause.OrderIDs)), len(distinct(s.OrderIDs))
	if cause.Count <= int64(len(cause.OrderIDs)) {
		return shared == asked // all orders of the cause are named: one that is not is another matter
	}
	return 2*shared >= min(asked, named)
}

// distinct returns each id once. Several messages may be about one order.
func distinct(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// Explain links findings that several replicas report. Each links its own.
func Explain(open []signal.Finding) {
	all := make([]*signal.Finding, len(open))
	for i := range open {
		all[i] = &open[i]
	}
	for f, cause := range rootCauses(all) {
		if f.CausedBy == "" {
			f.CausedBy = cause.ID
		}
	}
	listSymptoms(all)
}

// listSymptoms gives each finding the ids of those that it explains.
func listSymptoms(open []*signal.Finding) {
	symptoms := map[string][]*signal.Finding{}
	for _, f := range open {
		f.Symptoms = nil
		if f.CausedBy != "" {
			symptoms[f.CausedBy] = append(symptoms[f.CausedBy], f)
		}
	}
	if len(symptoms) == 0 {
		return
	}
	for _, f := range open {
		of := symptoms[f.ID]
		slices.SortFunc(of, func(a, b *signal.Finding) int { return signal.CompareFindings(*a, *b) })
		for _, s := range of {
			f.Symptoms = append(f.Symptoms, s.ID)
		}
	}
}

// explain links the open findings as of now. A symptom stays with its cause for a while
// after that one closed: the orders that waited are processed one after the other.
func (d *Detector) explain() {
	d.explained = true
	all := make([]*signal.Finding, 0, len(d.ledger.open))
	for _, e := range d.ledger.open {
		all = append(all, &e.finding)
	}
	roots := rootCauses(all)
	for key, e := range d.ledger.open {
		if cause := roots[&e.finding]; cause != nil {
			e.finding.CausedBy, e.released, e.lasting = cause.ID, 0, d.drainTime(cause, key)
			continue
		}
		switch {
		case e.finding.CausedBy == "":
		case !e.released.Known():
			e.released = d.now
		case d.now.Sub(e.released) >= e.lasting:
			e.finding.CausedBy, e.released = "", 0
		}
	}
	listSymptoms(all)
}

// drainTime is how long a symptom may outlive its cause: as long as a message may wait
// there, and until the readings have shown that it has healed.
func (d *Detector) drainTime(cause *signal.Finding, symptom caseKey) time.Duration {
	var wait, interval time.Duration
	if m := d.memories[cause.Target]; m != nil {
		wait = m.objective(cause.Subject).MaxAge
	}
	if m := d.memories[symptom.target]; m != nil {
		interval = m.interval
	}
	return wait + (closeAfter+1)*interval
}

// linked copies the links of the open findings into changes.
func (d *Detector) linked(changes []Change) {
	for i := range changes {
		f := &changes[i].Finding
		if e := d.ledger.open[caseKey{f.Mode, f.Target, f.Subject}]; e != nil && f.Open() {
			f.CausedBy, f.Symptoms = e.finding.CausedBy, e.finding.Symptoms
		}
	}
}
