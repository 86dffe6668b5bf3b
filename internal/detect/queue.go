package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// queueMemory is what is remembered of one queue of one group. Its exported fields are
// saved across restarts.
type queueMemory struct {
	ID          signal.QueueID
	At          signal.Instant // of the last reading
	VanishedAt  signal.Instant // when the group was gone
	Objective   signal.Objective
	Incarnation string // of the last reading that had one

	// The trackers. Modes read them and do not change them.
	Consumers consumers
	Progress  progress
	Flow      flow

	// What each mode remembers. Only the files of the mode use it.
	Absence       absence       // consumer_absent
	GroupStall    groupStall    // consumer_stalled
	Loop          retries       // retry_loop
	Growth        growth        // backlog_growing
	Expiring      expiring      // message_expiring
	Losses        losses        // message_lost
	Lateness      lateness      // message_overdue
	DeadLettering deadLettering // dlq_missing
	Transactions  []hold        // transaction_hanging
}

// queueReading is one reading of a queue, with the memory that the trackers have already
// updated.
type queueReading struct {
	*signal.Queue
	memory   *queueMemory
	at       signal.Instant
	previous signal.Instant // the reading before; zero for the first
	interval time.Duration
	rebase   bool        // there was an observation gap before this reading
	before   []partition // the partitions as they were before this reading
}

// follow drops what is known of the offsets of a queue that was deleted and created again:
// they say nothing about those of the new one. What was lost before stays lost.
func (m *queueMemory) follow(incarnation string) (recreated bool) {
	if incarnation == "" {
		return false
	}
	recreated = m.Incarnation != "" && m.Incarnation != incarnation
	if recreated {
		m.Progress, m.Flow, m.Loop, m.Growth, m.Expiring, m.Lateness, m.GroupStall = progress{}, flow{}, retries{}, growth{}, expiring{}, lateness{}, groupStall{}
		m.Losses.Settled, m.Losses.Suspects = nil, nil
	}
	m.Incarnation = incarnation
	return recreated
}

// observeQueue takes the next reading of a queue into the trackers.
func (m *targetMemory) observeQueue(q *signal.Queue, at signal.Instant, interval time.Duration) queueReading {
	memory := m.queue(q.QueueID)
	if memory.follow(q.Incarnation) {
		m.outdate(Outdated{Cause: Recreated, Cluster: q.Cluster, Name: q.Destination})
	}
	r := queueReading{
		Queue: q, memory: memory, at: at, previous: memory.At, interval: interval,
		rebase: memory.At.Known() && blind(memory.At, at, interval),
	}
	memory.Objective = q.Objective
	away := memory.Consumers.Connected == 0
	memory.Consumers.observe(&r)
	memory.Progress.align(q.Partitions)
	m.before = append(m.before[:0], memory.Progress.Partitions...)
	r.before = m.before
	memory.Progress.observe(&r, memory.Consumers.Connected != 0)
	memory.Flow.observe(&r, away || standsHeldBack(&r))
	memory.At = at
	return r
}
