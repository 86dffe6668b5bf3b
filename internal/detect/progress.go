package detect

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// progress tracks how far the consumers of a queue are, in each partition.
type progress struct {
	Backlog    int64 // messages that wait, as of the last reading
	Partitions []partition

	// Of the last reading:
	advanced bool  // a committed offset changed
	whole    bool  // every partition was read
	steady   bool  // each partition that was read can be compared with the reading before
	arrived  int64 // messages since the reading before
	drained  int64
}

// partition tracks one partition. It holds no pointer and wastes no room: there may be a
// hundred thousand.
type partition struct {
	ID       int32
	Seen     bool
	Advanced bool // the committed offset changed at the last reading
	// SawProgress is true when the stall was seen to begin, false when it was there
	// at our first reading.
	SawProgress      bool
	NothingToDeliver bool // as of a signal.Partition
	Head             signal.Age

	Waiting   int64
	Start     int64
	End       int64
	Committed int64
	FirstEnd  int64 // where the log ended when the group was first seen without a commit

	// StuckSince is since when messages wait while the committed offset stands
	// still; zero when none wait.
	StuckSince signal.Instant
	// OwnedSince is since when a consumer may be reading the partition: a consumer that
	// has just come back did not stand still while it was away.
	OwnedSince signal.Instant
	// UnassignedSince is since when no member owns the partition while others own
	// theirs; zero when that is not so.
	UnassignedSince signal.Instant
	// UnreadSince is since when the ends of the log could not be read, although the
	// queue could; zero when they were read.
	UnreadSince signal.Instant
}

// align gives the partitions the ids and the order of a reading.
func (t *progress) align(read []signal.Partition) {
	t.Partitions = alignByID(t.Partitions, read, func(p *partition) int32 { return p.ID }, func(id int32) partition { return partition{ID: id} })
}

// alignByID gives a list with one element for each partition the ids and the order of a
// reading. Elements of other partitions are dropped.
func alignByID[T any](all []T, read []signal.Partition, id func(*T) int32, fresh func(id int32) T) []T {
	same := len(all) == len(read)
	for i := 0; same && i < len(all); i++ {
		same = id(&all[i]) == read[i].ID
	}
	if same {
		return all
	}
	aligned := make([]T, len(read))
	for i := range read {
		if j := slices.IndexFunc(all, func(one T) bool { return id(&one) == read[i].ID }); j >= 0 {
			aligned[i] = all[j]
		} else {
			aligned[i] = fresh(read[i].ID)
		}
	}
	return aligned
}

// observe takes the next reading of each partition. owned says whether a consumer may be
// connected.
func (t *progress) observe(r *queueReading, owned bool) {
	t.arrived, t.drained = 0, 0
	t.advanced, t.whole, t.steady = false, len(r.Partitions) > 0, true
	if len(r.Partitions) == 0 && !r.Ready.Known() {
		// Nothing was read, as of a broker that has just started: what waited may still wait.
		t.steady = false
		return
	}
	t.Backlog = 0
	for i := range r.Partitions {
		read, p := &r.Partitions[i], &t.Partitions[i]
		switch arrived, drained, steady := p.moved(read); {
		case read.End < 0:
			t.whole = false
		case !steady:
			t.steady = false
		default:
			t.arrived += arrived
			t.drained += drained
		}
		rebase := r.rebase && !p.stillStuck(r)
		p.observe(read, r.at, rebase, r.interval)
		// Behind an open transaction a consumer has nothing to read: its time begins when the
		// transaction ends.
		p.own(owned && read.Assignment != signal.Unassigned, r.at, rebase || heldBack(r.Queue, p.ID))
		t.Backlog += p.Waiting
		t.advanced = t.advanced || p.Advanced
	}
}

// readAny reports whether the reading has the position of a partition of the queue.
func readAny(q *signal.Queue) bool {
	return slices.ContainsFunc(q.Partitions, func(p signal.Partition) bool { return p.End >= 0 })
}

// readWhole reports whether the reading has the position of every partition of the queue.
func readWhole(q *signal.Queue) bool {
	return len(q.Partitions) > 0 && !slices.ContainsFunc(q.Partitions, func(p signal.Partition) bool { return p.End < 0 })
}

// recreated reports whether the topic was deleted and created again since the last
// reading: its log ends earlier, or starts at zero again. Where there is no log, the
// counters restarted. An end that falls there is a queue that was purged or whose messages
// expired, and shows nothing about its consumers.
func (p *partition) recreated(read *signal.Partition) bool {
	if read.Start < 0 {
		return read.Committed < p.Committed
	}
	return read.End < p.End || read.Start == 0 && p.Start > 0
}

// moved returns how many messages arrived and were processed since the last reading. It
// is not steady when the readings cannot be compared: at the first reading or the first
// commit, a replay, a recreated topic, counters that restarted.
func (p *partition) moved(read *signal.Partition) (arrived, drained int64, steady bool) {
	if !p.Seen || read.End < 0 || p.recreated(read) || read.Committed < p.Committed || read.Committed >= 0 && p.Committed < 0 {
		return 0, 0, false
	}
	return max(0, read.End-p.End), read.Committed - p.Committed, true
}

// stillStuck reports whether the partition stood still, for as long as a message may wait,
// before the reading. What it stands for does not restart with an observation gap; observe
// compares the offsets.
func (p *partition) stillStuck(r *queueReading) bool {
	since := max(p.StuckSince, p.OwnedSince)
	if p.UnassignedSince.Known() {
		return !restarts(true, max(p.StuckSince, p.UnassignedSince), r.previous, r.Objective.AbsentAfter)
	}
	return p.StuckSince.Known() && !restarts(true, since, r.previous, r.Objective.MaxAge)
}

// own remembers since when a consumer may be reading the partition.
func (p *partition) own(owned bool, at signal.Instant, rebase bool) {
	switch {
	case !owned:
		p.OwnedSince = 0
	case !p.OwnedSince.Known() || rebase:
		p.OwnedSince = at
	}
}

// seenFor returns for how long something was observed: up to now, or to when
// the partition could no longer be read.
func (p *partition) seenFor(since, now signal.Instant) time.Duration {
	if p.UnreadSince.Known() {
		now = p.UnreadSince
	}
	return now.Sub(since)
}

// observe takes the next reading of the partition.
func (p *partition) observe(read *signal.Partition, at signal.Instant, rebase bool, interval time.Duration) {
	if read.End < 0 {
		// Its leader did not answer. What was not read neither advanced nor stood still.
		p.Advanced = false
		if !p.UnreadSince.Known() {
			p.UnreadSince = at
		}
		return
	}
	rebase = rebase || p.UnreadSince.Known() && blind(p.UnreadSince, at, interval)
	p.UnreadSince = 0

	recreated := p.Seen && p.recreated(read)
	p.Advanced = p.Seen && read.Committed != p.Committed
	if !p.Seen || recreated || read.Committed < 0 && p.Committed >= 0 {
		p.FirstEnd = read.End
	}

	switch {
	case read.NothingToDeliver:
		p.Waiting = 0
	case read.Committed >= 0:
		p.Waiting = read.Lag()
	default:
		// A group that never committed may have started at the end. Messages from before
		// count only once it commits.
		p.Waiting = max(0, read.End-max(p.FirstEnd, read.Start))
	}

	switch {
	case p.Waiting == 0:
		p.StuckSince, p.SawProgress = 0, true
	case !p.StuckSince.Known() || p.Advanced || rebase || recreated:
		p.SawProgress = p.Seen && !rebase
		p.StuckSince = at
	}
	switch {
	case read.Assignment != signal.Unassigned:
		p.UnassignedSince = 0
	case !p.UnassignedSince.Known() || rebase:
		p.UnassignedSince = at
	}
	p.Seen = true
	p.Start, p.End, p.Committed = read.Start, read.End, read.Committed
	p.Head, p.NothingToDeliver = read.Head, read.NothingToDeliver
}
