package detect

import (
	"fmt"
	"maps"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// content is what the last reading of a queue held, in case the queue is deleted.
type content struct {
	Messages  int64 // that no consumer had processed
	Drained   int64 // since the reading before
	Role      signal.Role
	Expires   time.Duration // after how long without consumers the broker deletes the queue
	Temporary bool
	// LeavesAfter is when messages leave for another queue by themselves; 0: never.
	LeavesAfter time.Duration
}

// deletion is a queue that was deleted with messages in it.
type deletion struct {
	ID        signal.QueueID
	Content   content
	Read      signal.Instant // when the queue was last read
	Missed    signal.Instant // of the first reading without it
	Confirmed signal.Instant // of the second; zero before it
	Severity  signal.Severity
	Unread    bool // no consumer was connected
	Objective signal.Objective
}

// observeContent remembers what a queue holds.
func (t *losses) observeContent(r *queueReading) {
	q, c := r.Queue, &t.Content
	*c = content{Drained: r.memory.Progress.drained, Role: q.Purpose.Role}
	if q.Semantics.Get().Log {
		c.Messages = r.memory.Progress.Backlog
	} else {
		c.Messages = int64(max(0, q.Ready.Add(q.InFlight).Add(q.Delayed)))
	}
	if q.Setup == nil {
		return
	}
	c.Expires, c.Temporary = q.Setup.ExpiresUnused, q.Setup.Temporary
	if passesOn(q) {
		c.LeavesAfter = q.Setup.Retention
	}
}

// observeDeletions notes the queues that a complete reading no longer contains, and
// confirms those that the next complete reading does not contain either. A group that
// is gone while its topic exists lost nothing.
func observeDeletions(v *view) {
	m := v.memory
	if !v.report.Complete() {
		return
	}
	maps.DeleteFunc(m.deletions, func(id signal.QueueID, d *deletion) bool {
		q, back := m.queues[id]
		back = back && q.At == v.at
		switch {
		case d.Confirmed.Known():
			return v.at.Sub(d.Confirmed) > lossHold
		case back, blind(d.Missed, v.at, v.report.Interval+v.report.Duration):
			return true
		}
		d.Confirmed = v.at
		return false
	})
	var destinations map[string]bool
	for id, q := range m.queues {
		if q.At == v.at {
			continue
		}
		if destinations == nil {
			destinations = map[string]bool{}
			for i := range v.report.Queues {
				destinations[v.report.Queues[i].Destination] = true
			}
		}
		if !destinations[id.Destination] && q.Losses.Content.lost(q, v) {
			m.deletions[id] = &deletion{
				ID: id, Content: q.Losses.Content, Read: q.At, Missed: v.at,
				Severity: q.Consumers.severity(), Unread: q.Consumers.Connected == 0,
				Objective: q.Objective,
			}
		}
	}
}

// lost reports whether messages were lost with a queue that a reading no longer contains.
// They were not if the queue belonged to one process, if they left by themselves before the
// queue did, or if its consumers could process them since the last reading. After an
// observation gap that is known only of a queue that no consumer read and that the broker
// deletes by itself when none does.
func (c *content) lost(q *queueMemory, v *view) bool {
	gap := v.at.Sub(q.At)
	switch {
	case c.Messages == 0, c.Role == signal.RoleReply:
		return false
	case blind(q.At, v.at, v.report.Interval+v.report.Duration) && (q.Consumers.Connected != 0 || c.Expires == 0 || gap < c.Expires):
		return false
	case c.LeavesAfter > 0 && (c.LeavesAfter <= 2*gap || c.Expires > 0 && c.LeavesAfter <= c.Expires):
		return false
	case q.Consumers.Connected == 0:
		return true
	}
	processed := c.Drained
	if q.Flow.N > 1 {
		processed = max(processed, int64(q.Flow.drain()*gap.Seconds()))
	}
	return c.Messages > processed
}

// reason is why the queue was deleted, as far as its last reading shows.
func (d *deletion) reason() LossReason {
	if d.Content.Expires > 0 && d.Unread {
		return QueueExpired
	}
	return QueueDeleted
}

// lostWithQueue is the case of messages that were lost with their queue.
func (d *deletion) lostWithQueue() Case {
	n := d.Content.Messages
	how := "The queue was deleted"
	switch {
	case d.reason() == QueueExpired:
		how = fmt.Sprintf("The queue expired after %s without consumers and was deleted", phrase.Duration(d.Content.Expires))
	case d.Content.Temporary:
		how = "The queue was deleted with its last consumer or its connection"
	}
	c := Case{
		Subject: queueSubject(d.ID), Severity: d.Severity, Since: d.Missed, DecidableAt: d.Confirmed, Count: n,
		Summary: fmt.Sprintf("%s; %s in it that no consumer had processed.", how, phrase.Count(int(n), "message")+verb(n, " was", " were")),
		Evidence: signal.Evidence{
			signal.CountFact("lost_messages", n),
			signal.TextFact("reason", string(d.reason())),
			signal.MomentFact("last_seen", d.Read),
			signal.TextFact("how_we_know", "two complete readings no longer contain the queue; the count is of the last reading that did. If it still exists, lostorder lost the permission to see it"),
		},
	}
	if d.Content.Expires > 0 {
		c.Evidence = append(c.Evidence, signal.DurationFact("expires_unused_after", d.Content.Expires))
	}
	return c
}

// objectiveOfDeleted is the objective of a queue that was deleted with messages in it.
func (m *targetMemory) objectiveOfDeleted(id signal.QueueID) signal.Objective {
	if d := m.deletions[id]; d != nil {
		return d.Objective
	}
	return signal.Objective{}
}
