package outbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// maxGaps limits the gaps that are tracked behind the position of a relay.
	maxGaps = 1000
	// firstLookback is how many numbers behind the position the first reading checks,
	// for transactions that were already open.
	firstLookback = 100
	// minGapAge is the least time for which a gap is tracked, if there is room. A gap
	// that an open transaction may fill is tracked until that transaction ends.
	minGapAge = time.Hour
	// maxTransaction is the assumed longest transaction, where the database does not
	// show which transactions are open.
	maxTransaction = 10 * time.Minute
	// skippedFor is how long a skipped row is reported where no column shows that it
	// was published later, for example by hand.
	skippedFor = 24 * time.Hour
)

// gap is a number of the sequence that had no row when the relay's position passed
// it. Its transaction was rolled back or is not committed yet.
type gap struct {
	number   int64
	position int64          // of the relay, when it had passed the gap
	begun    int64          // transactions from this one on had not begun
	since    signal.Instant // when the gap was first seen
}

// skipTracker finds rows that a relay skipped. A row that appears in a gap was
// committed after the relay had passed its number. The relay reads only later
// numbers, so that it never publishes the row. Where rows are marked as published, a
// row at or below the position that stays unmarked was skipped too, even if lostorder
// never saw the gap.
type skipTracker struct {
	started  bool
	position int64
	passed   signal.Count // rows that the relay passed since the first reading
	gaps     []gap        // lowest first
	skipped  []signal.SkippedRow
	unmarked map[int64]signal.Instant // since when each row at or below the position is seen unmarked
	// unchecked is when the relay last passed more rows than one reading checks, and
	// dropped is when a gap was last forgotten that may still get a row.
	unchecked, dropped signal.Instant
}

// rewind follows a relay to an earlier position. It reads everything beyond that again.
func (s *skipTracker) rewind(position int64) {
	if !s.started { // nothing is known, but rows that were skipped before a backup was restored
		s.skipped = slices.DeleteFunc(s.skipped, func(row signal.SkippedRow) bool { return row.Sequence > position })
	}
	if s.started && position < s.position {
		s.position = position
		s.gaps = slices.DeleteFunc(s.gaps, func(g gap) bool { return g.number > position })
		s.skipped = slices.DeleteFunc(s.skipped, func(row signal.SkippedRow) bool { return row.Sequence > position })
		maps.DeleteFunc(s.unmarked, func(number int64, _ signal.Instant) bool { return number > position })
	}
}

// tracked are the numbers to look up in each reading: the gaps, and the skipped rows,
// which may have been published or removed since.
func (s *skipTracker) tracked() []int64 {
	var all []int64
	for _, g := range s.gaps {
		all = append(all, g.number)
	}
	for _, row := range s.skipped {
		all = append(all, row.Sequence)
	}
	return all
}

// update takes the rows that were found under the tracked numbers. marked says that
// rows record their publication.
func (s *skipTracker) update(rows map[int64]signal.SkippedRow, marked bool, now signal.Instant) {
	s.skipped = slices.DeleteFunc(s.skipped, func(row signal.SkippedRow) bool {
		found, present := rows[row.Sequence]
		another := present && (found.Key != row.Key || found.Order.ID != row.Order.ID) // since a backup was restored
		return !present || another || !marked && now.Sub(row.FirstSeen) > skippedFor
	})
	s.gaps = slices.DeleteFunc(s.gaps, func(g gap) bool {
		row, present := rows[g.number]
		if present && len(s.skipped) < maxGaps {
			row.Position, row.FirstSeen = g.position, now
			s.skipped = append(s.skipped, row)
		}
		return present
	})
}

// observeUnmarked takes the rows at or below the position that are not marked as
// published. A parallel worker may still mark them, so that a row counts as skipped only
// after maxAge.
func (s *skipTracker) observeUnmarked(rows []signal.SkippedRow, maxAge time.Duration, now signal.Instant) {
	before := s.unmarked
	s.unmarked = make(map[int64]signal.Instant, len(rows))
	for _, row := range rows {
		if slices.ContainsFunc(s.skipped, func(known signal.SkippedRow) bool { return known.Sequence == row.Sequence }) {
			continue
		}
		since, known := before[row.Sequence]
		if !known {
			since = now
		}
		if now.Sub(since) < maxAge || len(s.skipped) >= maxGaps {
			s.unmarked[row.Sequence] = since
			continue
		}
		row.FirstSeen, row.Position, row.Unmarked = since, s.position, true
		s.skipped = append(s.skipped, row)
	}
}

// advance follows the relay to a later position. numbers are those of the rows up to
// it, highest first. Nothing is known of the numbers up to low.
func (s *skipTracker) advance(position, low int64, numbers []int64, h dialect.Horizon, now signal.Instant) {
	if s.started {
		s.passed += signal.Count(len(numbers))
	}
	s.started, s.position = true, position
	var found []gap
	next := position
	for _, n := range append(slices.Clip(numbers), low) {
		for ; next > n && len(found) <= maxGaps; next-- {
			found = append(found, gap{next, position, h.Begun, now})
		}
		next = n - 1
	}
	slices.Reverse(found)
	s.gaps = append(s.gaps, found...)
}

// trim forgets gaps that no open transaction can fill and, if there are still too
// many, the lowest gaps. exact says that the horizon comes from the database.
func (s *skipTracker) trim(h dialect.Horizon, exact bool, now signal.Instant) {
	final := func(g gap) bool {
		if exact {
			return g.begun <= h.Ended
		}
		return now.Sub(g.since) > maxTransaction
	}
	s.gaps = slices.DeleteFunc(s.gaps, func(g gap) bool { return final(g) && now.Sub(g.since) > minGapAge })
	for _, onlyFinal := range []bool{true, false} {
		n := 0
		s.gaps = slices.DeleteFunc(s.gaps, func(g gap) bool {
			if len(s.gaps)-n <= maxGaps || onlyFinal && !final(g) {
				return false
			}
			n++
			if !final(g) {
				s.dropped = now
			}
			return true
		})
	}
}

// warnings report what was not checked in the last hour.
func (s *skipTracker) warnings(limit int, now signal.Instant) (all []string) {
	recent := func(at signal.Instant) bool { return at.Known() && now.Sub(at) < minGapAge }
	if recent(s.unchecked) {
		all = append(all, fmt.Sprintf("the relay passed more than %d rows between two readings; lostorder checks only the latest of them for skipped rows: raise cap, or lower interval", limit))
	}
	if recent(s.dropped) {
		all = append(all, fmt.Sprintf("more than %d numbers behind the position of the relay have no row and may still get one; lostorder checks only the highest of them for skipped rows", maxGaps))
	}
	return all
}

// signal is the reading that is reported, with the row that was seen first in front.
func (s *skipTracker) signal(position string) *signal.Skipped {
	rows := slices.Clone(s.skipped)
	slices.SortFunc(rows, func(a, b signal.SkippedRow) int {
		return cmp.Or(cmp.Compare(a.FirstSeen, b.FirstSeen), cmp.Compare(a.Sequence, b.Sequence))
	})
	return &signal.Skipped{Position: position, Rows: rows}
}
