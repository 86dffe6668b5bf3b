package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// messageLost: the broker removed messages that no consumer had processed.
//
// In a log, the log start passed the group's committed offset. The messages between were
// never committed and can no longer be read. A consumer commits slightly later than it
// processes, so a range that was young when it was removed counts only if the group is
// still below it one reading later.
//
// Where nodes count what they drop, the counter proves the loss. A queue that may drop
// messages and whose own counts do not balance is the one that lost them. A purge makes
// the counts differ too, but no node counts it, so it is not reported.
//
// Where retention shows only in the depth, the backlog shrinks when the oldest message
// reaches the retention, and no consumer deleted that many.
var messageLost = Decision{
	Mode:        signal.MessageLost,
	Description: "The broker removed messages that no consumer had processed.",
	BenignTwin:  "Retention removes processed messages, a topic is recreated, only commit markers are removed, an operator purges a queue, the counters of a node restart.",
	judge:       judgeMessageLost,
}

const (
	// lossHold is how long a loss stays an open finding after the last message was
	// lost: nothing brings the messages back, but somebody should see it.
	lossHold = time.Hour
	// inHand is the longest time that a working consumer may hold messages without
	// committing them: several times the usual commit interval of 5 s.
	inHand = 30 * time.Second
	// maxRanges bounds the ranges that the evidence names.
	maxRanges = 10
)

// suspicion is a range that went away below the log start and is not yet decided.
type suspicion struct {
	from, to int64
	at       signal.Instant
	old      bool // its first message was older than a consumer keeps messages in hand
}

// lostRange is a range of one partition that was lost.
type lostRange struct {
	partition int32
	from, to  int64
	at        signal.Instant // when it was seen to be gone
}

// lossCount counts what a queue lost.
type lossCount struct {
	total   int64          // since start
	episode int64          // in the present episode
	first   signal.Instant // when the present episode began
	last    signal.Instant // when the last message was lost
}

func (t *queueTrack) lose(r lostRange) {
	if t.loss.last.Known() && r.at.Sub(t.loss.last) > lossHold {
		t.lost, t.leaps, t.loss.episode = nil, nil, 0
	}
	n := r.to - r.from
	t.loss.total += n
	t.loss.episode += n
	t.loss.last = r.at
	for i := range t.lost {
		// The log start goes on where it was: one range grows, for hours perhaps.
		if known := &t.lost[i]; known.partition == r.partition && known.to == r.from {
			known.to = r.to
			return
		}
	}
	if len(t.lost) < maxRanges {
		t.lost = append(t.lost, r)
	}
}

// lostRanges says of each partition, once, which of its offsets were lost.
func (t *queueTrack) lostRanges() (facts signal.Evidence) {
	var ranges [][]string // by fact
	for _, r := range t.lost {
		text := fmt.Sprintf("%d to %d", r.from, r.to-1)
		name := fmt.Sprintf("partition_%d", r.partition)
		i := slices.IndexFunc(facts, func(f signal.Fact) bool { return f.Name == name })
		if i < 0 {
			i = len(facts)
			facts, ranges = append(facts, signal.Fact{Name: name}), append(ranges, nil)
		}
		ranges[i] = append(ranges[i], text)
		facts[i].Value = "offsets " + strings.Join(ranges[i], ", ") + " were never committed and can no longer be read"
	}
	return facts
}

// observeLoss compares a reading with the one before and returns the range that
// was lost between them, each only once. before and at are the two moments.
func (t *partitionTrack) observeLoss(p *signal.Partition, before, at signal.Instant) (lost lostRange, ok bool) {
	if p.Start < 0 || p.End < 0 {
		return lost, false // not read, or a broker that has no offsets
	}
	if !t.seen || t.recreated(p) {
		// The first sight, or a topic made anew: what is below the start now went
		// before we looked, and when and to whom cannot be said.
		t.countedTo, t.suspect = p.Start, suspicion{}
		return lost, false
	}
	if t.suspect.to == 0 {
		// What was committed once is not lost when a replay goes back to it and
		// retention overtakes the replay.
		t.countedTo = max(t.countedTo, t.committed)
	}
	committed := p.Committed
	if committed < 0 {
		if p.Assignment != signal.Assigned {
			return lost, false
		}
		// It is read and nothing was committed yet: what came since we look was to be
		// the first.
		committed = t.firstEnd
	}
	from := max(committed, t.countedTo)
	switch {
	case t.suspect.to > 0 && committed < t.suspect.to, t.suspect.old:
		// Still below, a reading later; or past it, though it was too old to have
		// been in hand. Either way the range was not processed.
		lost = lostRange{partition: p.ID, from: t.suspect.from, to: t.suspect.to, at: t.suspect.at}
		if committed < t.suspect.to {
			lost.from, lost.to = max(lost.from, committed), max(lost.to, p.Start)
		}
		t.countedTo, t.suspect = lost.to, suspicion{}
		return lost, true
	case t.suspect.to > 0:
		t.countedTo, t.suspect = t.suspect.to, suspicion{} // the group had it in hand
		return lost, false
	case from >= p.Start:
		return lost, false
	case t.headInvisible:
		t.countedTo = p.Start // nothing but markers went
		return lost, false
	}
	// The first message that can still be read is no older than those that went.
	age := p.Head.At(at)
	if t.committed == p.Committed {
		age = max(age, t.head.At(before))
		if t.stuckSince.Known() {
			age = max(age, before.Sub(t.stuckSince))
		}
	}
	t.suspect = suspicion{from: from, to: p.Start, at: at, old: age > inHand}
	return lost, false
}

func judgeMessageLost(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.history.queues[q.QueueID]
		switch {
		case t.loss.held(v.at):
			cases = append(cases, lostFromLog(q, t))
		case len(t.counted) > 0:
			if c, ok := lostByCount(v, q, t); ok {
				cases = append(cases, c)
			}
		}
	}
	for key, b := range v.history.brokers {
		if c, ok := lostSomewhere(v, key, b); ok {
			cases = append(cases, c)
		}
	}
	return cases
}

func lostFromLog(q *signal.Queue, t *queueTrack) Case {
	evidence := signal.Evidence{
		{Name: "lost_messages", Value: fmt.Sprint(t.loss.episode)},
		{Name: "reason", Value: string(Retention)},
	}
	evidence = append(evidence, t.lostRanges()...)
	evidence = append(evidence, t.passedOver()...)
	evidence = append(evidence, signal.Fact{
		Name:  "how_we_know",
		Value: "the log begins after the offset that the group committed, which was read after the log start. Commit markers in the range count as messages.",
	})
	return Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical,
		Since: t.lost[0].at, DecidableAt: t.lost[0].at,
		Count: t.loss.episode, Evidence: evidence,
	}
}

// lostByCount tells of losses of which only the number is known.
func lostByCount(v *view, q *signal.Queue, t *queueTrack) (Case, bool) {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical}
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(t.counted)) {
		one := t.counted[reason]
		if !one.held(v.at) {
			continue
		}
		c.Count += one.episode
		reasons = append(reasons, fmt.Sprintf("%s (%d)", reason, one.episode))
		if !c.Since.Known() || one.first < c.Since {
			c.Since = one.first
		}
	}
	c.DecidableAt = c.Since
	how := "the node counted dropped messages, and this queue lacks the same number: published, neither acknowledged nor in the queue"
	if q.Semantics.Get().RetentionShowsInDepth {
		how = "the oldest message reached the retention, the backlog shrank, and consumers did not delete that many"
	}
	c.Evidence = signal.Evidence{
		{Name: "lost_messages", Value: fmt.Sprint(c.Count)},
		{Name: "reason", Value: strings.Join(reasons, ", ")},
		{Name: "how_we_know", Value: how},
	}
	return c, c.Count > 0
}

// lostSomewhere tells of losses of which the queue is not known. A publisher that
// asked to be told of what cannot be routed may have dealt with it.
func lostSomewhere(v *view, key broker, b *brokerTrack) (Case, bool) {
	c := Case{
		Subject: signal.Subject{System: key.system, Cluster: key.cluster}, Severity: signal.Warning,
		Since: b.since, DecidableAt: b.since,
	}
	var reasons []string
	returned := false
	for _, reason := range slices.Sorted(maps.Keys(b.lost)) {
		one := b.lost[reason]
		if !one.held(v.at) {
			continue
		}
		c.Count += one.episode
		reasons = append(reasons, fmt.Sprintf("%s (%d)", reason, one.episode))
		if reason == unroutableReturned {
			returned = true
		} else {
			c.Severity = signal.Critical
		}
	}
	c.Evidence = signal.Evidence{
		{Name: "lost_messages", Value: fmt.Sprint(c.Count)},
		{Name: "reason", Value: strings.Join(reasons, ", ")},
		{Name: "nodes", Value: strings.Join(b.nodes, ", ")},
		{Name: "how_we_know", Value: "the node counts messages that it dropped, for all its queues together"},
	}
	if returned {
		c.Evidence = append(c.Evidence, signal.Fact{
			Name: "returned", Value: "these went back to a publisher that had asked for that (mandatory); they are lost only if it does not handle it",
		})
	}
	if len(b.possible) > 0 {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "possible_queues", Value: strings.Join(b.possible[:min(len(b.possible), maxRanges)], ", ")})
	}
	return c, c.Count > 0
}

func queueSubject(id signal.QueueID) signal.Subject {
	return signal.Subject{System: id.System, Cluster: id.Cluster, Destination: id.Destination, Group: id.Group}
}
