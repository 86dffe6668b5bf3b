package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// leap is what a group may have passed over after a loss: it stood below the log
// start, and a reading later at or past what had been the end of the log. Either it
// began at the log start and read all of that in between, or its auto.offset.reset
// is latest. The offsets do not tell one from the other, so a leap is evidence of
// the loss before it and never counted as one.
type leap struct {
	partition int32
	from, to  int64 // what could be read, and had not been
	at        int64 // where the group went on
	within    time.Duration
}

// leapt compares a reading with the one before.
func (t *partitionTrack) leapt(p *signal.Partition, within time.Duration) (l leap, ok bool) {
	if !t.seen || t.recreated(p) || t.committed < 0 || t.committed >= t.start || t.start >= t.end || p.Committed < t.end {
		return leap{}, false
	}
	return leap{p.ID, t.start, t.end, p.Committed, within}, true
}

// noteLeap keeps the last leap of each partition of which a loss is told.
func (t *queueTrack) noteLeap(l leap) {
	if !slices.ContainsFunc(t.lost, func(r lostRange) bool { return r.partition == l.partition }) {
		return
	}
	t.leaps = slices.DeleteFunc(t.leaps, func(known leap) bool { return known.partition == l.partition })
	t.leaps = append(t.leaps, l)
}

// passedOver says of each leap what it may mean.
func (t *queueTrack) passedOver() (facts signal.Evidence) {
	for _, l := range t.leaps {
		facts = append(facts, signal.Fact{
			Name: fmt.Sprintf("partition_%d_went_on", l.partition),
			Value: fmt.Sprintf("at offset %d: within %s the group read offsets %d to %d, or, with auto.offset.reset=latest, it passed over them and will not read them",
				l.at, l.within.Round(time.Second/10), l.from, l.to-1),
		})
	}
	return facts
}
