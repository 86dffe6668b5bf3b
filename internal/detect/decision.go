package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Decision is one failure mode and how it is told.
type Decision struct {
	Mode signal.Mode
	// Means is one sentence: what happened when this mode is found.
	Description string
	// Benign is one sentence: what looks like it and is not.
	BenignTwin string
	judge      func(v *view) []Case
}

// Decisions returns all failure modes that are built, in the order in which an
// order passes them.
func Decisions() []Decision {
	return []Decision{
		eventMissing,
		outboxStalled,
		messageLost,
		consumerAbsent,
		consumerStalled,
		retryLoop,
		backlogGrowing,
		messageExpiring,
		dlqMissing,
		dlqFilling,
		orderOverdue,
		orderUnmatched,
		effectDuplicate,
		orderConflict,
		orderDuplicate,
		sagaStuck,
		compensationFailed,
		replicaDivergence,
	}
}

// Modes returns the ids of all failure modes that are built.
func Modes() []signal.Mode {
	modes := make([]signal.Mode, 0, len(Decisions()))
	for _, d := range Decisions() {
		modes = append(modes, d.Mode)
	}
	return modes
}

// Case is what a decision says of one subject: that its mode holds, and why.
type Case struct {
	Subject  signal.Subject
	Severity signal.Severity
	// Since is when the trouble began, as well as the readings tell.
	Since signal.Instant
	// Anchor is a moment that can be read again after a restart. It identifies the case
	// in place of Since.
	Anchor signal.Instant
	// DecidableAt is the earliest moment at which it could be told from its benign
	// twin.
	DecidableAt signal.Instant
	Count       int64
	Orders      []signal.OrderRef
	Evidence    signal.Evidence
}

// view is what a decision may look at: one report and the history of its target
// up to and with that report.
type view struct {
	report  *signal.Report
	at      signal.Instant
	history *history
	threats *[]Expiry
}

// threaten notes that messages of a queue will be removed unprocessed.
func (v *view) threaten(id signal.QueueID, in time.Duration) {
	*v.threats = append(*v.threats, Expiry{QueueID: id, In: in})
}

// deadLetters reports whether a queue is one for dead letters. Nobody reads those as
// a matter of course; what sits in them is dlq_filling and nothing else.
func (v *view) deadLetters(q *signal.Queue) bool {
	_, ok := v.history.dlqs[q.Destination]
	return ok
}

// maxOrders bounds the sample of orders that a finding names.
const maxOrders = 20

func orderIDs(refs []signal.OrderRef) []string {
	ids := make([]string, 0, min(len(refs), maxOrders))
	for _, ref := range refs {
		if len(ids) == maxOrders {
			break
		}
		if ref.ID != "" {
			ids = append(ids, ref.ID)
		}
	}
	return ids
}

// traced are the first of the orders whose trace is known.
func traced(refs []signal.OrderRef) []signal.OrderRef {
	var known []signal.OrderRef
	for _, ref := range refs {
		if ref.TraceID != "" && len(known) < maxOrders {
			known = append(known, ref)
		}
	}
	return known
}

// inWords writes a duration as people say it: to the second, and no finer than a
// tenth of one below ten seconds.
func inWords(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
