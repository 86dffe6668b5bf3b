package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// transactionHanging: a group stands at the first message of an open transaction for as
// long as a message may wait, and nothing shows that the producer is still at work.
// Consumers that read committed messages receive nothing more from the partition until the
// transaction ends.
//
// A transaction whose producer still writes to it, and that is below its own timeout, is a
// long one. The broker ends it if the producer does not.
var transactionHanging = Decision{
	Mode:         signal.TransactionHanging,
	Description:  "An open transaction blocks the consumers that read committed messages.",
	BenignTwin:   "A long transaction whose producer still writes and that is below its timeout, an aborted transaction, many short transactions, a consumer that hangs elsewhere.",
	observeQueue: observeHolds,
	decide:       decideTransactionHanging,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool {
			// While consumers restart, nothing shows what the transaction does to them.
			away := len(q.OpenTransactions) > 0 && v.memory.queues[q.QueueID].Consumers.Connected == 0
			return readAny(q) && !v.mayStillBeHeld(q) && !away
		})
	},
}

// mayStillBeHeld reports whether messages of a partition wait since the first reading, or
// since an observation gap, and it is too early to decide why.
func (v *view) mayStillBeHeld(q *signal.Queue) bool {
	return slices.ContainsFunc(v.memory.queues[q.QueueID].Progress.Partitions, func(p partition) bool {
		return p.Waiting > 0 && !p.SawProgress && v.at.Sub(p.StuckSince) < q.Objective.MaxAge
	})
}

// hold is an open transaction at which a group stands, and since when.
type hold struct {
	Partition int32
	Start     int64
	Since     signal.Instant
	// EndedSince is since when its coordinator has ended it. For a moment that is so at the
	// end of every transaction.
	EndedSince signal.Instant
}

const (
	// longestTransaction is the longest timeout that brokers allow by default. Once
	// it is older, a transaction hangs for certain, also where nothing else is known.
	longestTransaction = 15 * time.Minute
	// abortsWithin is how late a broker may abort a transaction that is past its timeout.
	abortsWithin = 30 * time.Second
)

// heldBack reports whether a group stands at an open transaction in a partition.
func heldBack(q *signal.Queue, partition int32) bool {
	return slices.ContainsFunc(q.OpenTransactions, func(t signal.OpenTransaction) bool { return t.Partition == partition })
}

// standsHeldBack reports whether an open transaction holds back a partition that has not advanced since
// the last reading. With short transactions a group stands at one now and then, and advances.
func standsHeldBack(r *queueReading) bool {
	return slices.ContainsFunc(r.memory.Progress.Partitions, func(p partition) bool {
		return p.Waiting > 0 && !p.Advanced && heldBack(r.Queue, p.ID)
	})
}

func observeHolds(r *queueReading) {
	memory := r.memory
	if len(memory.Transactions) == 0 && len(r.OpenTransactions) == 0 {
		return
	}
	var holds []hold
	for i := range r.Partitions {
		p := &memory.Progress.Partitions[i]
		before := slices.IndexFunc(memory.Transactions, func(h hold) bool { return h.Partition == p.ID })
		now := slices.IndexFunc(r.OpenTransactions, func(t signal.OpenTransaction) bool { return t.Partition == p.ID })
		switch {
		case r.Partitions[i].End < 0 && before >= 0:
			holds = append(holds, memory.Transactions[before]) // its leader did not answer
		case now >= 0:
			open := &r.OpenTransactions[now]
			h := hold{Partition: p.ID, Start: open.Start, Since: r.at}
			switch {
			case before >= 0 && memory.Transactions[before].Start == h.Start && !restarts(r.rebase, memory.Transactions[before].Since, r.previous, r.Objective.MaxAge):
				h.Since = memory.Transactions[before].Since
			case !p.StuckSince.Known():
			case p.Committed == h.Start:
				h.Since = p.StuckSince // the message at which it stood is of this transaction
			case decidable(open.Since):
				h.Since = min(r.at, max(p.StuckSince, open.Since.Since)) // behind what no consumer sees
			}
			if before >= 0 && memory.Transactions[before].Start == h.Start {
				h.EndedSince = memory.Transactions[before].EndedSince
			}
			switch {
			case !open.Ended:
				h.EndedSince = 0
			case !h.EndedSince.Known() || r.rebase:
				h.EndedSince = r.at
			}
			holds = append(holds, h)
		}
	}
	memory.Transactions = holds
}

func decideTransactionHanging(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		if len(t.Transactions) == 0 || t.Consumers.Connected == 0 || q.Objective.MaxAge <= 0 || v.needsNoConsumers(q) {
			continue
		}
		var hanging []heldPartition
		for j := range q.OpenTransactions {
			open := &q.OpenTransactions[j]
			at := slices.IndexFunc(t.Transactions, func(h hold) bool { return h.Partition == open.Partition })
			index := slices.IndexFunc(q.Partitions, func(p signal.Partition) bool { return p.ID == open.Partition })
			if at < 0 || index < 0 {
				continue
			}
			h := heldPartition{OpenTransaction: open, since: t.Transactions[at].Since, index: index}
			if since := t.Transactions[at].EndedSince; since.Known() {
				h.unmarked = v.at.Sub(since) >= min(q.Objective.MaxAge, abortsWithin)
			}
			if p := &t.Progress.Partitions[index]; p.seenFor(h.since, v.at) >= q.Objective.MaxAge && !h.alive(v.at, q.Objective.MaxAge) {
				hanging = append(hanging, h)
			}
		}
		if len(hanging) > 0 {
			cases = append(cases, heldQueue(v, q, t, hanging))
		}
	}
	return cases
}

// heldPartition is a partition with the open transaction at which a group stands.
type heldPartition struct {
	*signal.OpenTransaction
	since signal.Instant
	index int // of the partition in the reading
	// unmarked: its coordinator ended it so long ago that the partition will not learn of it.
	unmarked bool
}

// alive reports whether the producer still writes to the transaction, which is below its
// timeout as far as that is known.
func (h *heldPartition) alive(at signal.Instant, silence time.Duration) bool {
	return at < h.silentSince(silence)
}

// silentSince returns from when on the producer is no longer alive; zero where it was never
// seen to write, or can no longer end the transaction.
func (h *heldPartition) silentSince(silence time.Duration) signal.Instant {
	if h.unmarked || !h.LastWrite.Known() {
		return 0
	}
	until := h.LastWrite.Add(silence)
	if h.Timeout > 0 {
		until = min(until, h.since.Add(h.Timeout+abortsWithin)+1) // the first instant past it
	}
	return until
}

// pastTimeout reports whether the coordinator should have aborted the transaction, by our
// own clock: that of the broker may differ.
func (h *heldPartition) pastTimeout(at signal.Instant) bool {
	return h.Timeout > 0 && at.Sub(h.since) > h.Timeout+abortsWithin
}

// certain reports whether the transaction will not end by itself.
func (h *heldPartition) certain(at signal.Instant) bool {
	switch {
	case h.unmarked, h.pastTimeout(at):
		return true
	case h.AbortsAt().Known():
		return false
	}
	return at.Sub(h.since) >= longestTransaction
}

// heldQueue is the case of a queue with the partitions that are held back.
func heldQueue(v *view, q *signal.Queue, t *queueMemory, hanging []heldPartition) Case {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Warning, Orders: q.Sample}
	var positions, ids, producers []string
	var decided signal.Instant
	for _, h := range hanging {
		read, p := &q.Partitions[h.index], &t.Progress.Partitions[h.index]
		since := h.since
		if !p.SawProgress && read.Head.Bound == signal.Measured && read.Head.Since < since {
			since = read.Head.Since // it was open before our first reading
		}
		c.Since, decided = earlier(c.Since, since), earlier(decided, max(h.since.Add(q.Objective.MaxAge), h.silentSince(q.Objective.MaxAge)))
		c.Count += int64(max(0, h.Messages))
		if len(positions) < maxListed {
			positions = append(positions, fmt.Sprintf("partition %d: open transaction at offset %d, log end %d", h.Partition, h.Start, read.End))
		}
		if h.ID != "" && len(ids) < maxListed {
			ids = appendNew(ids, h.ID)
		}
		if h.Producer >= 0 && len(producers) < maxListed {
			producers = appendNew(producers, fmt.Sprintf("%d, epoch %d", h.Producer, h.ProducerEpoch))
		}
		if h.certain(v.at) || v.at.Sub(h.since) >= 2*q.Objective.MaxAge {
			c.Severity = signal.Critical
		}
	}
	c.DecidableAt = decided
	heldFor := v.at.Sub(decided)
	first := &hanging[0]
	c.Summary = fmt.Sprintf("An open transaction has held back partition %d at offset %d for %s while %s.", first.Partition, first.Start, phrase.Duration(heldFor), waiting(c.Count))
	if len(hanging) > 1 {
		c.Summary = fmt.Sprintf("Open transactions have held back %d of %d partitions for %s while %s.", len(hanging), len(q.Partitions), phrase.Duration(heldFor), waiting(c.Count))
	}
	c.Evidence = signal.Evidence{
		signal.ListFact("position", positions...),
		signal.CountFact("waiting_messages", c.Count),
		signal.DurationFact("held_for", heldFor),
		signal.DurationFact("objective_max_age", q.Objective.MaxAge),
	}
	if len(ids) > 0 {
		c.Evidence = append(c.Evidence, signal.ListFact("transactional_id", ids...))
	}
	if len(producers) > 0 {
		c.Evidence = append(c.Evidence, signal.ListFact("producer", producers...))
	}
	c.Evidence = append(c.Evidence, first.state(v.at)...)
	if first.Remedy != "" {
		c.Evidence = append(c.Evidence, signal.TextFact("command_to_end_it", first.Remedy))
	}
	c.Evidence = append(c.Evidence, v.alsoHeld(q)...)
	c.Evidence = append(c.Evidence, connectedConsumers(q)...)
	return c
}

// state is what is known of a transaction and its producer.
func (h *heldPartition) state(at signal.Instant) (e signal.Evidence) {
	switch {
	case h.unmarked:
		e = append(e, signal.TextFact("transaction_state", "ended by its coordinator; the partition never received the end"))
	case h.pastTimeout(at):
		e = append(e, signal.TextFact("transaction_state", "open beyond its timeout; the coordinator does not abort it"))
	case h.AbortsAt().Known():
		e = append(e, signal.TextFact("transaction_state", "open, and its producer is silent"), signal.MomentFact("broker_aborts_it_at", h.AbortsAt()))
	default:
		e = append(e, signal.TextFact("transaction_state", "unknown; lostorder may not describe it, or its coordinator does not know it"))
	}
	if h.Began.Known() {
		e = append(e, signal.MomentFact("transaction_began", h.Began))
	}
	if h.Timeout > 0 {
		e = append(e, signal.DurationFact("transaction_timeout", h.Timeout))
	}
	if h.LastWrite.Known() {
		e = append(e, signal.MomentFact("producer_last_wrote", h.LastWrite))
	}
	return e
}

// alsoHeld lists the other groups that an open transaction of the same queue holds back.
func (v *view) alsoHeld(q *signal.Queue) signal.Evidence {
	var groups []string
	for i := range v.report.Queues {
		other := &v.report.Queues[i]
		if len(other.OpenTransactions) > 0 && other.Destination == q.Destination && other.Group != q.Group && len(groups) < maxListed {
			groups = append(groups, other.Group)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return signal.Evidence{signal.ListFact("other_groups_held_back", groups...)}
}
