package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// queueTrack is what is remembered of one queue of one group.
type queueTrack struct {
	at         signal.Instant
	backlog    int64        // messages that a reader would see, at the last reading
	consumers  signal.Count // as of the last reading that knew
	partitions []partitionTrack

	// emptySince is since when messages wait, nobody reads and nothing was
	// committed; zero when that is not so.
	emptySince signal.Instant
	// attended is true once a consumer was seen: a group that never had one since
	// we look may be one that nobody means to run any more.
	attended   bool
	vanishedAt signal.Instant
	objective  signal.Objective

	flow    flow
	window  time.Duration // of the flow
	letters letterTrack
	// growingSince is since when the queue has been seen not to meet its objective;
	// it stays until the queue shrinks.
	growingSince signal.Instant
	aging        map[int32]aging    // by partition, of those whose head is old
	trimming     map[int32]trimming // by partition, of those that lag by much of a bounded log
	retries      retries

	lost  []lostRange // of the present episode of message_lost
	leaps []leap      // of the same
	loss  lossCount
	// counted are losses of which only the number is known, where there was one.
	counted map[LossReason]*lossCount
	balance balance
	short   []shortfall
	kept    *keptTrack // where messages are removed by age and counters come late
}

// partitionTrack is what is remembered of one partition. It holds no pointer and
// wastes no room: there may be a hundred thousand.
type partitionTrack struct {
	id       int32
	seen     bool
	progress bool // the last reading differed in its committed offset from the one before
	// sawProgress is true when the stall was seen to begin, false when it was there
	// on our first reading.
	sawProgress   bool
	headInvisible bool
	head          signal.Age

	waiting   int64
	start     int64
	end       int64
	committed int64
	firstEnd  int64 // where the end was when we first saw no commit
	countedTo int64 // offsets below it were decided on: lost and counted, or not lost

	// stuckSince is since when messages wait while the committed offset stands
	// still; zero when none wait.
	stuckSince signal.Instant
	// ownedSince is since when somebody may be reading the partition: a consumer that
	// has just come back did not stand still while it was away.
	ownedSince signal.Instant
	// unassignedSince is since when no member owns the partition while others own
	// theirs; zero when that is not so.
	unassignedSince signal.Instant
	// unreadSince is since when the ends of the log could not be read, though the
	// queue could; zero when they were read.
	unreadSince signal.Instant
	suspect     suspicion
}

// observe takes the next reading of the queue into the track.
func (t *queueTrack) observe(q *signal.Queue, at signal.Instant, interval time.Duration) {
	rebase := t.at.Known() && blind(t.at, at, interval)
	t.objective, t.window = q.Objective, flowWindow(q)
	t.backlog = 0
	disrupted, away := rebase, t.consumers == 0
	if q.Consumers.Known() || !t.at.Known() {
		t.consumers = q.Consumers
	}
	progress, whole := false, len(q.Partitions) > 0
	if t.partitions == nil {
		t.partitions = make([]partitionTrack, 0, len(q.Partitions))
	}
	for i := range q.Partitions {
		p := &q.Partitions[i]
		pt := t.partition(i, p.ID)
		if lost, ok := pt.observeLoss(p, t.at, at); ok {
			t.lose(lost)
		}
		if l, ok := pt.leapt(p, at.Sub(t.at)); ok {
			t.noteLeap(l)
		}
		switch arrived, drained, steady := pt.moved(p); {
		case p.End < 0:
			whole = false
		case !steady:
			disrupted = true
		default:
			t.flow.arrived += arrived
			t.flow.drained += drained
		}
		pt.observe(p, at, rebase, interval)
		pt.own(t.consumers != 0 && p.Assignment != signal.Unassigned, at, rebase)
		t.backlog += pt.waiting
		progress = progress || pt.progress
	}
	if len(q.Partitions) < len(t.partitions) {
		t.partitions = t.partitions[:len(q.Partitions)]
	}
	if q.Consumers > 0 {
		t.attended = true
	}
	switch {
	case t.consumers != 0 || t.backlog == 0:
		t.emptySince = 0
	case !t.emptySince.Known() || progress || rebase:
		t.emptySince = at
	}
	if disrupted {
		t.flow.restart()
	}
	if away {
		t.flow.back = at
	}
	t.countAgain(q)
	if whole {
		t.flow.note(at, t.backlog, int64(max(0, q.InFlight)), t.window)
	}
	t.watchMembers(q, at, rebase)
	t.weigh(q, at, rebase)
	t.observeKept(q, at, interval, rebase)
	t.watchGrowth(q)
	t.letters.observe(q, at)
	t.watchAging(q, at, rebase)
	t.watchTrimming(q, at, rebase)
	t.at = at
}

// partition returns the track of the i-th partition, which is the one with that
// id unless partitions came or went in between.
func (t *queueTrack) partition(i int, id int32) *partitionTrack {
	if i == len(t.partitions) {
		t.partitions = append(t.partitions, partitionTrack{id: id})
	}
	if t.partitions[i].id != id {
		for j := range t.partitions {
			if t.partitions[j].id == id {
				t.partitions[i], t.partitions[j] = t.partitions[j], t.partitions[i]
				return &t.partitions[i]
			}
		}
		t.partitions = append(t.partitions, t.partitions[i])
		t.partitions[i] = partitionTrack{id: id}
	}
	return &t.partitions[i]
}

// recreated reports whether the topic was deleted and made anew since the last
// reading: its log ends earlier, or begins at zero again. Where there is no log, what
// was counted begins anew; an end that falls is a queue that was purged or from which
// messages expired, and says nothing of its reader.
func (t *partitionTrack) recreated(p *signal.Partition) bool {
	if p.Start < 0 {
		return p.Committed < t.committed
	}
	return p.End < t.end || p.Start == 0 && t.start > 0
}

// moved returns what came and what was taken off since the last reading. It is not
// steady when one cannot be compared with the other: the first sight or the first
// commit, a replay, a topic made anew, counters that began again.
func (t *partitionTrack) moved(p *signal.Partition) (arrived, drained int64, steady bool) {
	if !t.seen || p.End < 0 || t.recreated(p) || p.Committed < t.committed || p.Committed >= 0 && t.committed < 0 {
		return 0, 0, false
	}
	return max(0, p.End-t.end), p.Committed - t.committed, true
}

// own notes whether somebody may be reading the partition.
func (t *partitionTrack) own(owned bool, at signal.Instant, rebase bool) {
	switch {
	case !owned:
		t.ownedSince = 0
	case !t.ownedSince.Known() || rebase:
		t.ownedSince = at
	}
}

// stalledSince returns since when the partition is read and stands still while
// messages wait; zero when it is not so.
func (t *partitionTrack) stalledSince() signal.Instant {
	if !t.stuckSince.Known() || !t.ownedSince.Known() {
		return 0
	}
	return max(t.stuckSince, t.ownedSince)
}

// seenFor returns for how long something was seen to be so: up to now, or to when
// the partition could no longer be read.
func (t *partitionTrack) seenFor(since, now signal.Instant) time.Duration {
	if t.unreadSince.Known() {
		now = t.unreadSince
	}
	return now.Sub(since)
}

// observe takes the next reading of the partition into the track.
func (t *partitionTrack) observe(p *signal.Partition, at signal.Instant, rebase bool, interval time.Duration) {
	if p.End < 0 {
		// Its leader did not answer. What was not read neither moved nor stood still.
		t.progress = false
		if !t.unreadSince.Known() {
			t.unreadSince = at
		}
		return
	}
	rebase = rebase || t.unreadSince.Known() && blind(t.unreadSince, at, interval)
	t.unreadSince = 0

	recreated := t.seen && t.recreated(p)
	t.progress = t.seen && p.Committed != t.committed
	if !t.seen || recreated || p.Committed < 0 && t.committed >= 0 {
		t.firstEnd = p.End
	}

	switch {
	case p.NothingToDeliver:
		t.waiting = 0
	case p.Committed >= 0:
		t.waiting = p.Lag()
	default:
		// A group that never committed may have begun at the end: what was there
		// before we looked is not its business until it says so.
		t.waiting = max(0, p.End-max(t.firstEnd, p.Start))
	}

	switch {
	case t.waiting == 0:
		t.stuckSince, t.sawProgress = 0, true
	case !t.stuckSince.Known() || t.progress || rebase || recreated:
		t.sawProgress = t.seen && !rebase
		t.stuckSince = at
	}
	switch {
	case p.Assignment != signal.Unassigned:
		t.unassignedSince = 0
	case !t.unassignedSince.Known() || rebase:
		t.unassignedSince = at
	}
	t.seen = true
	t.start, t.end, t.committed = p.Start, p.End, p.Committed
	t.head, t.headInvisible = p.Head, p.NothingToDeliver
}
