package mysql

import (
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// follows is how well a replica has followed its source so far.
type follows struct {
	trust trust
	fresh int64 // as of when it was known to show what its source held, on its own clock; 0: never
}

// trust is what the reading before makes of a replica that reports no lag.
type trust int

const (
	unseen   trust = iota // there was none
	doubtful              // it was behind, or did not follow at all
	steady
)

// assess derives from what a replica reports about its channels how many milliseconds it is
// behind at most, signal.Unknown where that is not known, and why it does not follow.
//
// A replica that no longer follows shows what it knew last: at least what was there when it
// last followed for certain. A replica that has just started to follow reports no lag until
// something has arrived from its source, so it is believed the second time.
func (f *follows) assess(channels []channel, now int64) (behind int64, halted string) {
	var worst int64
	for _, c := range channels {
		worst = max(worst, c.behind)
		if c.halted != "" {
			halted = c.halted
			if len(channels) > 1 {
				halted += " on channel " + c.name
			}
		}
	}
	was := f.trust
	f.trust = steady
	if halted != "" || worst > dialect.ClockTolerance.Milliseconds() {
		f.trust = doubtful
	}
	switch {
	case halted != "":
	case worst > 0 || was == steady:
		f.fresh = max(f.fresh, now-worst)
	case was == unseen:
		return 0, ""
	default:
		halted = "has only just caught up, by what it says"
	}
	if f.fresh == 0 {
		return signal.Unknown, halted
	}
	return max(now-f.fresh, 0), halted
}
