package detect

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// Detector decides which failure modes hold. It is not safe for concurrent use.
type Detector struct {
	decisions []Decision
	histories map[signal.TargetID]*history
	ledger    ledger
	tally     Counters
}

// ChangeKind says what happened to a finding.
type ChangeKind string

// What can happen to a finding.
const (
	Opened ChangeKind = "opened"
	Closed ChangeKind = "closed"
)

// Change is a finding that was opened or closed.
type Change struct {
	Kind    ChangeKind
	Finding signal.Finding
}

// New returns a detector that has seen nothing.
func New() *Detector {
	d := &Detector{
		decisions: Decisions(),
		histories: map[signal.TargetID]*history{},
		ledger:    ledger{open: map[caseKey]*episode{}},
		tally:     Counters{Findings: map[signal.Mode]int64{}},
	}
	for _, decision := range d.decisions {
		d.tally.Findings[decision.Mode] = 0
	}
	return d
}

// Observe takes one report and returns the findings that it opened and closed.
// Reports of one target come in the order of their time. A report without readings
// changes nothing: what cannot be seen is neither found nor healed.
func (d *Detector) Observe(r *signal.Report) (changes []Change) {
	if r.Empty() && !r.Complete() {
		return nil
	}
	at := signal.InstantOf(r.At)
	h, known := d.histories[r.TargetID]
	if known && h.identity != r.Identity && h.identity != "" && r.Identity != "" {
		// The name is the same and the target is another one: what we know is of no use.
		changes, known = d.Forget(r.TargetID, at), false
	}
	if !known {
		h = newHistory(at)
		d.histories[r.TargetID] = h
	}
	if r.Identity != "" {
		h.identity = r.Identity
	}
	if h.observe(r) {
		d.tally.Gaps++
	}

	h.threats = h.threats[:0]
	v := view{report: r, at: at, history: h, threats: &h.threats}
	cases := make(map[signal.Mode][]Case, len(d.decisions))
	for _, decision := range d.decisions {
		cases[decision.Mode] = decision.judge(&v)
	}
	h.sayOnlyCauses(cases, at)
	for _, decision := range d.decisions {
		changed := d.ledger.settle(decision.Mode, cases[decision.Mode], r, h.first)
		for _, c := range changed {
			if c.Kind == Opened {
				d.tally.Findings[decision.Mode]++
			}
		}
		changes = append(changes, changed...)
	}
	return changes
}

// Forget drops the history of a target that is no longer watched and closes its
// findings as of at.
func (d *Detector) Forget(id signal.TargetID, at signal.Instant) []Change {
	delete(d.histories, id)
	return d.ledger.forget(id, at)
}

// Open returns the open findings: the most severe first, then the oldest.
func (d *Detector) Open() []signal.Finding {
	open := make([]signal.Finding, 0, len(d.ledger.open))
	for _, e := range d.ledger.open {
		open = append(open, e.finding)
	}
	rank := map[signal.Severity]int{signal.Critical: 0, signal.Warning: 1, signal.Info: 2}
	slices.SortFunc(open, func(a, b signal.Finding) int {
		return cmp.Or(
			cmp.Compare(rank[a.Severity], rank[b.Severity]),
			a.Since.Compare(b.Since),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return open
}

// Closed returns the findings that were closed lately, the latest first.
func (d *Detector) Closed() []signal.Finding { return slices.Clone(d.ledger.closed) }

// Expiries returns the queues whose messages will be removed before anybody has
// processed them, in a stable order. What a target that can no longer be read said
// last stands until it can.
func (d *Detector) Expiries() []Expiry {
	var all []Expiry
	for _, h := range d.histories {
		all = append(all, h.threats...)
	}
	slices.SortFunc(all, func(a, b Expiry) int { return compareQueues(a.QueueID, b.QueueID) })
	return all
}

// Counters returns the counters since start. Every queue that has a log has a counter
// of what it lost, at zero until something is lost, gone when the queue is; so has
// every broker that counts what it drops for all its queues.
func (d *Detector) Counters() Counters {
	t := Counters{Findings: maps.Clone(d.tally.Findings), Gaps: d.tally.Gaps}
	for _, h := range d.histories {
		for id, q := range h.queues {
			if len(q.partitions) > 0 && q.partitions[0].start >= 0 {
				t.Lost = append(t.Lost, Loss{QueueID: id, Reason: Retention, Messages: q.loss.total})
			}
			for reason, c := range q.counted {
				t.Lost = append(t.Lost, Loss{QueueID: id, Reason: reason, Messages: c.total})
			}
		}
		for key, b := range h.brokers {
			for reason, c := range b.lost {
				t.Lost = append(t.Lost, Loss{QueueID: signal.QueueID{System: key.system, Cluster: key.cluster}, Reason: reason, Messages: c.total})
			}
		}
	}
	slices.SortFunc(t.Lost, func(a, b Loss) int {
		return cmp.Or(compareQueues(a.QueueID, b.QueueID), cmp.Compare(a.Reason, b.Reason))
	})
	return t
}

func compareQueues(a, b signal.QueueID) int {
	return cmp.Or(
		cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Destination, b.Destination),
		cmp.Compare(a.Group, b.Group), cmp.Compare(a.System, b.System),
	)
}
