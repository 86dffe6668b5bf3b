package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// offsetJump is a committed offset that advances over messages after a loss: the group
// stood below the log start, and a reading later at or past what had been the end of the
// log. Either it started at the log start and read everything in between, or its
// auto.offset.reset is latest. The offsets do not distinguish the two, so a jump is
// evidence of the loss before it and never counts as one.
type offsetJump struct {
	Partition int32
	From, To  int64 // what could be read, and had not been
	At        int64 // where the group resumed
	Within    time.Duration
}

// jumped compares a reading with the one before.
func jumped(before *partition, read *signal.Partition, within time.Duration) (jump offsetJump, ok bool) {
	if !before.Seen || before.recreated(read) || before.Committed < 0 || before.Committed >= before.Start ||
		before.Start >= before.End || read.Committed < before.End {
		return offsetJump{}, false
	}
	return offsetJump{read.ID, before.Start, before.End, read.Committed, within}, true
}

// noteJump keeps the last jump of each partition with a reported loss.
func (t *losses) noteJump(jump offsetJump) {
	if !slices.ContainsFunc(t.Ranges, func(r lostRange) bool { return r.Partition == jump.Partition }) {
		return
	}
	t.Jumps = slices.DeleteFunc(t.Jumps, func(known offsetJump) bool { return known.Partition == jump.Partition })
	t.Jumps = append(t.Jumps, jump)
}

// jumpFacts says for each jump what it may mean.
func (t *losses) jumpFacts() (facts signal.Evidence) {
	for _, jump := range t.Jumps {
		facts = append(facts, signal.TextFact(fmt.Sprintf("partition_%d_went_on", jump.Partition),
			fmt.Sprintf("at offset %d: within %s the group read offsets %d to %d, or, with auto.offset.reset=latest, it skipped them and will not read them",
				jump.At, jump.Within.Round(time.Second/10), jump.From, jump.To-1)))
	}
	return facts
}
