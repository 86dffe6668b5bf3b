package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// inHand is the longest time that a working consumer may hold messages without
// committing them: several times the usual commit interval of 5 s.
const inHand = 30 * time.Second

// settledOffset is the offset of a partition below which every message is decided on: it
// is lost and counted, or it is not lost.
type settledOffset struct {
	Partition int32
	Offset    int64
}

// suspicion is a range below the log start that is not decided yet.
type suspicion struct {
	From, To int64
	At       signal.Instant
	Old      bool // its first message was older than a consumer holds messages
}

// lostRange is a range of one partition that was lost.
type lostRange struct {
	Partition int32
	From, To  int64
	At        signal.Instant // when it was seen to be gone
}

// observeLog compares each partition with the reading before it.
func (t *losses) observeLog(r *queueReading) {
	t.Settled = alignByID(t.Settled, r.Partitions,
		func(s *settledOffset) int32 { return s.Partition },
		func(id int32) settledOffset { return settledOffset{Partition: id} })
	for i := range r.Partitions {
		before, read := &r.before[i], &r.Partitions[i]
		if lost, ok := t.compare(before, read, &t.Settled[i], r.previous, r.at); ok {
			t.lose(lost)
		}
		if jump, ok := jumped(before, read, r.at.Sub(r.previous)); ok {
			t.noteJump(jump)
		}
	}
}

// compare returns the range that was lost between two readings of a partition, each
// range once. A consumer commits slightly later than it processes, so a range that was
// young when it was removed counts only if the group is still below it one reading later.
func (t *losses) compare(before *partition, read *signal.Partition, settled *settledOffset, previous, at signal.Instant) (lost lostRange, ok bool) {
	if read.Start < 0 || read.End < 0 {
		return lost, false // not read, or a broker without offsets
	}
	if !before.Seen || before.recreated(read) {
		// The first reading, or a recreated topic: what is below the start was removed
		// earlier, and when and for which group is unknown.
		settled.Offset = read.Start
		delete(t.Suspects, read.ID)
		return lost, false
	}
	suspect, suspected := t.Suspects[read.ID]
	if !suspected {
		// What was committed once is not lost when a replay returns to it and
		// retention overtakes the replay.
		settled.Offset = max(settled.Offset, before.Committed)
	}
	committed := read.Committed
	if committed < 0 {
		if read.Assignment != signal.Assigned {
			return lost, false
		}
		// A consumer reads it and has committed nothing yet: it was to start with what
		// arrived since the group was first seen.
		committed = before.FirstEnd
	}
	switch from := max(committed, settled.Offset); {
	case suspected && (committed < suspect.To || suspect.Old):
		// Still below, a reading later; or past it, although it was too old to be in a
		// consumer's hands. Either way the range was not processed.
		lost = lostRange{Partition: read.ID, From: suspect.From, To: suspect.To, At: suspect.At}
		if committed < suspect.To {
			lost.From, lost.To = max(lost.From, committed), max(lost.To, read.Start)
		}
		settled.Offset = lost.To
		delete(t.Suspects, read.ID)
		return lost, true
	case suspected:
		settled.Offset = suspect.To // a consumer held it and has committed it
		delete(t.Suspects, read.ID)
	case from >= read.Start:
	case before.NothingToDeliver:
		settled.Offset = read.Start // only markers were removed
	default:
		if t.Suspects == nil {
			t.Suspects = map[int32]suspicion{}
		}
		t.Suspects[read.ID] = suspicion{From: from, To: read.Start, At: at, Old: ageOfRemoved(before, read, previous, at) > inHand}
	}
	return lost, false
}

// ageOfRemoved returns how old the removed messages are at least: the first message that
// can still be read is no older than them.
func ageOfRemoved(before *partition, read *signal.Partition, previous, at signal.Instant) time.Duration {
	age := read.Head.At(at)
	if before.Committed == read.Committed {
		age = max(age, before.Head.At(previous))
		if before.StuckSince.Known() {
			age = max(age, previous.Sub(before.StuckSince))
		}
	}
	return age
}

func (t *losses) lose(r lostRange) {
	if t.InLog.Last.Known() && r.At.Sub(t.InLog.Last) > lossHold {
		t.Ranges, t.Jumps, t.InLog.Episode = nil, nil, 0
	}
	t.InLog.add(r.To-r.From, r.At)
	for i := range t.Ranges {
		// The log start advances from where it was: one range grows, perhaps for hours.
		if known := &t.Ranges[i]; known.Partition == r.Partition && known.To == r.From {
			known.To = r.To
			return
		}
	}
	if len(t.Ranges) < maxListed {
		t.Ranges = append(t.Ranges, r)
	}
}

// lostRanges lists, once for each partition, which of its offsets were lost.
func (t *losses) lostRanges() (facts signal.Evidence) {
	var ranges [][]string // by fact
	for _, r := range t.Ranges {
		text := fmt.Sprintf("%d to %d", r.From, r.To-1)
		name := fmt.Sprintf("partition_%d", r.Partition)
		i := slices.IndexFunc(facts, func(f signal.Fact) bool { return f.Name == name })
		if i < 0 {
			i = len(facts)
			facts, ranges = append(facts, signal.TextFact(name, "")), append(ranges, nil)
		}
		ranges[i] = append(ranges[i], text)
		facts[i].Value.Text = "offsets " + strings.Join(ranges[i], ", ") + " were never committed and can no longer be read"
	}
	return facts
}

func (t *losses) lostFromLog(q *signal.Queue) Case {
	evidence := signal.Evidence{
		signal.CountFact("lost_messages", t.InLog.Episode),
		signal.TextFact("reason", string(Retention)),
		signal.TextFact("removed_by", "the retention of the log, or a client that asked the broker to delete these messages; the log shows only that it begins later"),
	}
	evidence = append(evidence, t.lostRanges()...)
	evidence = append(evidence, t.jumpFacts()...)
	evidence = append(evidence, signal.TextFact("how_we_know",
		"the log begins after the offset that the group committed, which was read after the log start. Commit markers in the range count as messages."))
	lost := map[int32]bool{}
	for _, r := range t.Ranges {
		lost[r.Partition] = true
	}
	return Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical,
		Since: t.Ranges[0].At, DecidableAt: t.Ranges[0].At,
		Count: t.InLog.Episode, Evidence: evidence,
		Summary: fmt.Sprintf("The broker removed %s of %s from the log that the group had not read.", messages(t.InLog.Episode), phrase.Count(len(lost), "partition")),
	}
}
