package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// skipsKept bounds the skipped ranges that are remembered of a queue.
const skipsKept = 1000

// skip is a range of a log over which the offset of the group was moved. The messages can still
// be read, and the group does not.
type skip struct {
	Partition int32
	From, To  int64
	By        signal.Mover
	At        signal.Instant // when the offset was moved
	Found     signal.Instant
	Confirmed bool
	Remedy    string
	Sample    []signal.OrderRef
}

// observeSkips takes the offsets that were moved over messages. A group that is set back, or
// returns by itself, receives them.
func (t *losses) observeSkips(r *queueReading) {
	t.Skips = slices.DeleteFunc(t.Skips, func(s skip) bool { return r.at.Sub(s.Found) > lossHold })
	for i := range r.Partitions {
		p := &r.Partitions[i]
		if p.Committed < 0 {
			continue
		}
		for j := range t.Skips {
			if s := &t.Skips[j]; s.Partition == p.ID && p.Committed < s.To {
				s.To = max(s.From, p.Committed)
			}
		}
	}
	for i := range r.OffsetMoves {
		m := &r.OffsetMoves[i]
		t.Skipped += m.To - m.From
		if len(t.Skips) < skipsKept {
			sample := m.Sample
			if len(t.Skips) >= maxListed {
				sample = nil // others are named
			}
			t.Skips = append(t.Skips, skip{m.Partition, m.From, m.To, m.By, m.At, r.at, m.Confirmed, m.Remedy, sample})
		}
	}
	t.Skips = slices.DeleteFunc(t.Skips, func(s skip) bool { return s.From >= s.To })
}

// lostBySkip is the case of messages that can still be read, over which the offset of the group
// was moved.
func (t *losses) lostBySkip(q *signal.Queue) (c Case, skipped bool) {
	if len(t.Skips) == 0 {
		return Case{}, false
	}
	c = Case{Subject: queueSubject(q.QueueID), Severity: signal.Warning}
	var ranges, remedies []string
	partitions, confirmed := map[int32]bool{}, true
	who := map[signal.Mover]bool{}
	for _, s := range t.Skips {
		c.Count += s.To - s.From
		c.Since = earlier(c.Since, s.Found)
		c.Orders = append(c.Orders, s.Sample...)
		partitions[s.Partition], who[s.By] = true, true
		confirmed = confirmed && s.Confirmed
		ranges = append(ranges, fmt.Sprintf("partition %d: offsets %d to %d, at %s", s.Partition, s.From, s.To-1, s.At.Time().UTC().Format(time.RFC3339)))
		if s.Remedy != "" {
			remedies = append(remedies, s.Remedy)
		}
	}
	c.Orders = c.Orders[:min(len(c.Orders), maxListed)]
	c.DecidableAt = c.Since
	cause, how := "a client that is no consumer of it moved its offset",
		"the group had no members when the offset was committed, and the broker refuses such a commit while it has any. So no member received the messages; a consumer that uses the name of the group without joining it could have"
	if who[signal.MovedToEnd] {
		c.Severity = signal.Critical // no operator decided it
		cause, how = "its offset was removed and a consumer started at the end",
			"the offset expired or was deleted. The first commit after that does not carry the leader epoch of a message, which the client sends once it has received one; so it received none of these"
	}
	if len(who) > 1 {
		cause, how = "its offset was moved", "some offsets were committed while the group had no members; others had expired or been deleted, and a consumer started at the end without having received a message"
	}
	c.Summary = fmt.Sprintf("The group skipped %s of %s that can still be read: %s.", messages(c.Count), phrase.Count(len(partitions), "partition"), cause)
	lost := signal.CountFact("skipped_messages", c.Count)
	if !confirmed {
		lost = lost.With(signal.AtMost)
		how += ". Commit markers in the range count as messages: lostorder may not read this topic"
	}
	c.Evidence = signal.Evidence{
		lost,
		signal.TextFact("reason", string(Skipped)),
		signal.ListFact("skipped_ranges", ranges[:min(len(ranges), maxListed)]...),
		signal.TextFact("how_we_know", how),
	}
	if len(remedies) > 0 {
		c.Evidence = append(c.Evidence, signal.TextFact("set_back_with", strings.Join(remedies[:min(len(remedies), maxListed)], "\n")))
	}
	return c, true
}

// and joins two cases of one queue.
func (c *Case) and(other *Case) {
	if other.Severity.Rank() < c.Severity.Rank() {
		c.Severity = other.Severity
	}
	c.Summary += " " + other.Summary
	c.Since, c.DecidableAt = earlier(c.Since, other.Since), earlier(c.DecidableAt, other.DecidableAt)
	c.Count += other.Count
	c.Orders = append(c.Orders, other.Orders...)
	for _, fact := range other.Evidence {
		if slices.ContainsFunc(c.Evidence, func(f signal.Fact) bool { return f.Name == fact.Name }) {
			fact.Name = "other_" + fact.Name
		}
		c.Evidence = append(c.Evidence, fact)
	}
}
