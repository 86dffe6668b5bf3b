package detect

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Detector decides which failure modes hold. It is not safe for concurrent use.
type Detector struct {
	decisions []Decision
	memories  map[signal.TargetID]*targetMemory
	ledger    ledger
	tally     Counters

	acknowledgements []Acknowledgement

	now       signal.Instant // of the latest report
	explained bool           // the findings are linked as of now
}

// ChangeKind says what happened to a finding.
type ChangeKind string

// What can happen to a finding.
const (
	Opened ChangeKind = "opened"
	Grown  ChangeKind = "grown" // it affects many more than when that was last reported
	Closed ChangeKind = "closed"
)

// Change is a finding that was opened or closed, or has grown.
type Change struct {
	Kind    ChangeKind
	Finding signal.Finding
	// Before is how many a finding that has grown affected when that was last reported, and
	// At is when it grew.
	Before int64
	At     time.Time
}

// New returns a detector without any memory.
func New() *Detector {
	d := &Detector{
		decisions: Decisions(),
		memories:  map[signal.TargetID]*targetMemory{},
		ledger:    ledger{open: map[caseKey]*episode{}},
		tally:     Counters{Findings: map[signal.Mode]int64{}},
	}
	for _, decision := range d.decisions {
		d.tally.Findings[decision.Mode] = 0
	}
	return d
}

// Observe takes one report and returns the findings that it opened and closed, and those
// that have grown.
// Reports of one target come in the order of their time. A report without readings
// changes nothing: what was not read is neither found nor healed.
func (d *Detector) Observe(r *signal.Report) (changes []Change) {
	if r.Empty() && !r.Complete() {
		return nil
	}
	at := signal.InstantOf(r.At)
	d.now, d.explained = max(d.now, at), false
	memory, known := d.memories[r.TargetID]
	if known && memory.identity != r.Identity && memory.identity != "" && r.Identity != "" {
		// The name is the same and the target is another one: the memory is worthless.
		changes, known = d.Forget(r.TargetID, at), false
	}
	if !known {
		memory = newTargetMemory(at)
		d.memories[r.TargetID] = memory
	}
	if r.Identity != "" {
		memory.identity = r.Identity
	}
	v := &view{report: r, at: at, memory: memory}
	if v.gap = memory.observe(v, d.decisions); v.gap {
		d.tally.Gaps++
	}

	cases := make(map[signal.Mode][]Case, len(d.decisions))
	for _, decision := range d.decisions {
		cases[decision.Mode] = decision.decide(v)
	}
	open := d.ledger.openOf(r.TargetID)
	memory.dropSymptoms(cases, d.undecided(open, v), at)
	acknowledged := d.acknowledge(cases, v) // after the symptoms: a cause that is known still explains them
	for _, decision := range d.decisions {
		changed := d.ledger.settle(&decision, cases[decision.Mode], open[decision.Mode], acknowledged, v)
		for _, c := range changed {
			if c.Kind == Opened {
				d.tally.Findings[decision.Mode]++
			}
		}
		changes = append(changes, changed...)
	}
	if len(changes) > 0 {
		d.explain()
		d.linked(changes)
	}
	return changes
}

// undecided returns the subjects of the open findings about which the reading says nothing
// yet, by mode. After an observation gap a cause needs longer than its symptoms.
func (d *Detector) undecided(open map[signal.Mode][]caseKey, v *view) map[signal.Mode][]signal.Subject {
	subjects := map[signal.Mode][]signal.Subject{}
	for _, decision := range d.decisions {
		for _, key := range open[decision.Mode] {
			if decision.presence(v, key.subject) == unread {
				subjects[decision.Mode] = append(subjects[decision.Mode], key.subject)
			}
		}
	}
	return subjects
}

// Forget drops the memory of a target that is no longer watched and closes its
// findings as of at.
func (d *Detector) Forget(id signal.TargetID, at signal.Instant) []Change {
	delete(d.memories, id)
	d.now, d.explained = max(d.now, at), false
	return d.ledger.forget(id, at)
}

// Open returns the open findings: the most severe first, then the oldest. A symptom comes
// after its cause, which is no less severe and no younger.
func (d *Detector) Open() []signal.Finding {
	if !d.explained {
		d.explain()
	}
	open := make([]signal.Finding, 0, len(d.ledger.open))
	for _, e := range d.ledger.open {
		open = append(open, e.finding)
	}
	slices.SortFunc(open, signal.CompareFindings)
	return open
}

// Expiries returns the queues whose messages will be removed unprocessed, in a stable
// order. Those of a target that can no longer be read stay until it can.
func (d *Detector) Expiries() []Expiry {
	var all []Expiry
	for _, memory := range d.memories {
		all = append(all, memory.expiries...)
	}
	slices.SortFunc(all, func(a, b Expiry) int { return compareQueues(a.QueueID, b.QueueID) })
	return all
}

// Counters returns the counters since the start. Every queue that has a log has a counter
// of its lost messages: it is zero until one is lost, and disappears with the queue. So
// has every broker that counts dropped messages for all its queues.
func (d *Detector) Counters() Counters {
	t := Counters{Findings: maps.Clone(d.tally.Findings), Gaps: d.tally.Gaps}
	for _, memory := range d.memories {
		t.Lost = memory.appendLosses(t.Lost)
	}
	slices.SortFunc(t.Lost, func(a, b Loss) int {
		return cmp.Or(compareQueues(a.QueueID, b.QueueID), cmp.Compare(a.Reason, b.Reason))
	})
	return t
}
