package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// groupStall is what consumer_stalled remembers of a queue that keeps the order of messages
// within groups. Its position advances with every group that flows, so that it hides one that
// is blocked.
type groupStall struct {
	Since   signal.Instant // since when the oldest message is the same one
	Backlog int64          // the largest since then
	Drained int64          // messages that consumers processed since then
	Unread  bool           // the last reading does not show the oldest message
}

// observeGroups takes the next reading. If consumers processed the messages in the order in
// which they came, the oldest would be finished once as many were processed as had waited.
func observeGroups(r *queueReading) {
	t, since := &r.memory.GroupStall, r.GroupHeldSince
	if t.Unread = !since.Known(); t.Unread {
		return
	}
	if since != t.Since || r.rebase {
		*t = groupStall{Since: since, Backlog: r.memory.Progress.Backlog}
	}
	t.Backlog = max(t.Backlog, r.memory.Progress.Backlog)
	// Late counters show what was processed before.
	if r.previous.Known() && r.previous.Sub(since) >= r.CounterDelay {
		t.Drained += r.memory.Progress.drained
	}
}

// blocked reports whether the oldest message has held back its group for as long as a message
// may wait, while consumers processed later ones.
func (t *groupStall) blocked(q *signal.Queue, at signal.Instant) bool {
	return t.Since.Known() && t.Drained > t.Backlog && at.Sub(t.Since) >= q.Objective.MaxAge
}

// blockedGroup is the case of one group that stands still beside others that flow.
func blockedGroup(v *view, q *signal.Queue, t *queueMemory) Case {
	g := &t.GroupStall
	stillFor := v.at.Sub(g.Since)
	c := Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: 1, Orders: q.Sample,
		Since: g.Since, DecidableAt: g.Since.Add(q.Objective.MaxAge),
		Summary: fmt.Sprintf("The oldest message has waited for %s while consumers processed %s: one message group is probably blocked.",
			phrase.Duration(stillFor), messages(g.Drained)),
		Evidence: oldestMessageAge(q.Oldest, v.at),
	}
	c.Evidence = append(c.Evidence,
		signal.DurationFact("no_progress_for", stillFor),
		signal.DurationFact("objective_max_age", q.Objective.MaxAge),
		signal.CountFact("processed_meanwhile", g.Drained),
		signal.CountFact("waiting_messages", t.Progress.Backlog).With(signal.AtMost),
		signal.TextFact("how_we_know", "the age of the oldest message grows as fast as time, and more messages were processed since than waited: all others of its group wait behind it, and other groups flow"),
	)
	return c
}

// groupsUnread reports whether a group was blocked and the reading does not show whether it
// still is.
func (v *view) groupsUnread(q *signal.Queue) bool {
	t := &v.memory.queues[q.QueueID].GroupStall
	return t.Unread && t.blocked(q, v.at)
}
