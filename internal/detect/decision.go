package detect

import (
	"github.com/lostorder/lostorder/internal/signal"
)

// Decision is one failure mode: what it means, what it remembers of a target, and how it
// decides. What it remembers stands in the memory of a queue, an outbox or a target, in a
// field that only the files of the mode use.
type Decision struct {
	Mode signal.Mode
	// Description is one sentence: what happened when this mode is found.
	Description string
	// BenignTwin is one sentence: what resembles it and is not.
	BenignTwin string

	// observeQueue takes one queue of a reading, after the trackers that modes share; nil
	// where the mode remembers nothing of a queue.
	observeQueue func(r *queueReading)
	// observe takes the whole reading, after its queues; nil where the mode remembers
	// nothing else.
	observe func(v *view)
	// decide returns the cases in which the mode holds.
	decide func(v *view) []Case
	// presence says whether the reading contains what the mode decides a subject from.
	presence func(v *view, s signal.Subject) presence
	// foundAgain says whether the source has found again by now what it knew of a subject
	// before a restart; nil where each reading shows everything.
	foundAgain func(v *view, s signal.Subject, restart signal.Instant) bool
	// atRisk says that a case counts what would be harmed, and not what is: its growth is no
	// event.
	atRisk bool
}

// presence says what a reading shows of a subject. A finding opens, heals and closes only
// by what the reading contains.
//
// After a start or an observation gap a mode may need to watch for a while before it can
// tell a failure that continues from one that healed. Until then the answer is unread.
type presence uint8

const (
	gone    presence = iota // the reading does not contain the subject
	unread                  // it contains the subject, and not what the mode decides from, or not for long enough
	present                 // it contains what the mode decides from
)

// presentIf returns present or unread.
func presentIf(read bool) presence {
	if read {
		return present
	}
	return unread
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
		transactionHanging,
		retryLoop,
		backlogGrowing,
		messageExpiring,
		messageOverdue,
		dlqMissing,
		dlqFilling,
		orderOverdue,
		orderStateUnknown,
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

// Case is the result of a decision about one subject: its mode holds, and why.
type Case struct {
	Subject  signal.Subject
	Severity signal.Severity
	// Summary is what happened, in one sentence.
	Summary string
	// Since is when the failure began, as far as the readings show.
	Since signal.Instant
	// DecidableAt is the earliest moment at which the case differed from its benign twin.
	DecidableAt signal.Instant
	Count       int64
	Orders      []signal.OrderRef
	AtStake     signal.Stake
	Evidence    signal.Evidence
	// Groups counts how many of the affected orders are known, where Count is not the number
	// of orders; nil where it is.
	Groups func(known func(signal.OrderRef) bool) int64
}

// view is what a decision reads: one report and the memory of its target up to and with
// that report.
type view struct {
	report *signal.Report
	at     signal.Instant
	memory *targetMemory
	gap    bool // there was an observation gap before this report

	queues      map[signal.QueueID]*signal.Queue   // of the report, filled when first needed
	deadLetters map[string]*signal.DeadLetterQueue // by name; nil until asked for
	shared      map[string]signal.Objective        // what the sources of a dead letter queue share, by its name
}

// queue returns the queue of the report that a finding is about; nil where it is not in
// the report.
func (v *view) queue(s signal.Subject) *signal.Queue {
	if v.queues == nil {
		v.queues = make(map[signal.QueueID]*signal.Queue, len(v.report.Queues))
		for i := range v.report.Queues {
			v.queues[v.report.Queues[i].QueueID] = &v.report.Queues[i]
		}
	}
	return v.queues[queueOf(s)]
}

// queuePresence answers for a mode of queues that needs some facts of one.
func (v *view) queuePresence(s signal.Subject, read func(q *signal.Queue) bool) presence {
	if q := v.queue(s); q != nil {
		return presentIf(read(q))
	}
	return gone
}

// deadLetterQueue returns the dead letter queue of the report that a finding is about;
// nil where it is not in the report.
func (v *view) deadLetterQueue(s signal.Subject) *signal.DeadLetterQueue {
	if s.Group != "" {
		return nil
	}
	if v.deadLetters == nil {
		v.deadLetters = make(map[string]*signal.DeadLetterQueue, len(v.report.DeadLetters))
		for i := range v.report.DeadLetters {
			if d := &v.report.DeadLetters[i]; v.deadLetters[d.Destination] == nil {
				v.deadLetters[d.Destination] = d
			}
		}
	}
	return v.deadLetters[s.Destination]
}

// needsNoConsumers reports whether no consumer is expected on a queue: it keeps failed
// messages, which is dlq_filling and nothing else, it passes messages on after a time, or
// it is lost with the process that it belongs to.
func (v *view) needsNoConsumers(q *signal.Queue) bool {
	if q.Purpose.Role != "" {
		return !q.Purpose.Role.ExpectsConsumers()
	}
	return v.holdsDeadLetters(q.Destination)
}

// holdsDeadLetters reports whether a queue is a dead letter queue. Consumers need not
// read it. Messages in it are dlq_filling and nothing else.
func (v *view) holdsDeadLetters(destination string) bool {
	_, ok := v.memory.deadLetters[destination]
	return ok
}

// outboxPresence answers for a mode of outboxes.
func (v *view) outboxPresence(s signal.Subject, read func(o *signal.Outbox) bool) presence {
	for i := range v.report.Outboxes {
		if o := &v.report.Outboxes[i]; o.Name == s.Outbox {
			return presentIf(read(o))
		}
	}
	return gone
}

// lifecyclePresence answers for a mode of lifecycles.
func (v *view) lifecyclePresence(s signal.Subject, read func(l *signal.Lifecycle) presence) presence {
	for i := range v.report.Lifecycles {
		if l := &v.report.Lifecycles[i]; l.Name == s.Lifecycle {
			return read(l)
		}
	}
	return gone
}
