package outbox

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// mostWatched bounds the numbers that are watched behind the position of a relay.
	mostWatched = 1000
	// watchedAtStart is how far back the first reading looks, for transactions that were
	// open already.
	watchedAtStart = 100
	// watchedFor is how long one is watched at the least, where there is room; with an
	// open transaction that may hold it, for as long as that is open.
	watchedFor = time.Hour
	// longestTransaction is how long a transaction is taken to be open at the most
	// where the database does not tell which are.
	longestTransaction = 10 * time.Minute
	// skippedFor is how long a row is told where nothing says that it was published
	// after all: by hand, most often.
	skippedFor = 24 * time.Hour
)

// gap is a number of the sequence that had no row when the relay's position had
// passed it: rolled back, or held by a transaction that is not committed yet.
type gap struct {
	number   int64
	position int64          // where the relay was
	begun    int64          // transactions from here on had not begun
	since    signal.Instant // when that was seen
}

// passage is what is remembered of the way of a relay through its sequence. A row
// that is seen under a number that had none once the position had passed it was
// committed too late: the relay, which read no later, has not seen it and will not.
type passage struct {
	begun    bool
	position int64
	rows     signal.Count // passed since the first reading
	gaps     []gap        // the lowest first
	skipped  []signal.SkippedRow
	// leaped is when rows were passed too fast to look at all of them, and letGo when a
	// number was that may still get a row.
	leaped, letGo signal.Instant
}

// back takes the relay to an earlier position: what is behind that will be read again.
func (p *passage) back(position int64) {
	if p.begun && position < p.position {
		p.position = position
		p.gaps = slices.DeleteFunc(p.gaps, func(g gap) bool { return g.number > position })
		p.skipped = slices.DeleteFunc(p.skipped, func(s signal.SkippedRow) bool { return s.Number > position })
	}
}

// wanted are the numbers to look up: those without a row, and those of rows that were
// skipped, which may have been published or removed since.
func (p *passage) wanted() []int64 {
	var all []int64
	for _, g := range p.gaps {
		all = append(all, g.number)
	}
	for _, s := range p.skipped {
		all = append(all, s.Number)
	}
	return all
}

// look takes the rows that there are under the numbers that were wanted. Where rows
// have no mark of having been published, one is told for a day.
func (p *passage) look(rows map[int64]signal.SkippedRow, marked bool, now signal.Instant) {
	p.skipped = slices.DeleteFunc(p.skipped, func(s signal.SkippedRow) bool {
		_, there := rows[s.Number]
		return !there || !marked && now.Sub(s.Seen) > skippedFor
	})
	p.gaps = slices.DeleteFunc(p.gaps, func(g gap) bool {
		row, there := rows[g.number]
		if there && len(p.skipped) < mostWatched {
			row.Position, row.Seen = g.position, now
			p.skipped = append(p.skipped, row)
		}
		return there
	})
}

// advance takes the relay on to a position. numbers are those of the rows up to it
// that are there, the highest first; below low none was looked for.
func (p *passage) advance(position, low int64, numbers []int64, h database.Horizon, now signal.Instant) {
	if p.begun {
		p.rows += signal.Count(len(numbers))
	}
	p.begun, p.position = true, position
	var passed []gap
	next := position
	for _, n := range append(slices.Clip(numbers), low) {
		for ; next > n && len(passed) <= mostWatched; next-- {
			passed = append(passed, gap{next, position, h.Begun, now})
		}
		next = n - 1
	}
	slices.Reverse(passed)
	p.gaps = append(p.gaps, passed...)
}

// trim forgets numbers that no transaction can hold any more and, when there are too
// many, the lowest.
func (p *passage) trim(h database.Horizon, told bool, now signal.Instant) {
	decided := func(g gap) bool {
		if told {
			return g.begun <= h.Ended
		}
		return now.Sub(g.since) > longestTransaction
	}
	p.gaps = slices.DeleteFunc(p.gaps, func(g gap) bool { return decided(g) && now.Sub(g.since) > watchedFor })
	for _, only := range []bool{true, false} {
		n := 0
		p.gaps = slices.DeleteFunc(p.gaps, func(g gap) bool {
			if len(p.gaps)-n <= mostWatched || only && !decided(g) {
				return false
			}
			n++
			if !decided(g) {
				p.letGo = now
			}
			return true
		})
	}
}

// warnings say what was not looked at lately.
func (p *passage) warnings(most int, now signal.Instant) (all []string) {
	lately := func(at signal.Instant) bool { return at.Known() && now.Sub(at) < watchedFor }
	if lately(p.leaped) {
		all = append(all, fmt.Sprintf("the relay passed more than %d rows between two readings; rows that it skipped below the latest of them are not found: raise cap, or lower interval", most))
	}
	if lately(p.letGo) {
		all = append(all, fmt.Sprintf("more than %d numbers behind the position of the relay had no row and might have got one; rows that it skipped below them are not found", mostWatched))
	}
	return all
}

// reading is what is reported: the first that was skipped comes first.
func (p *passage) reading(position string) *signal.Skipped {
	rows := slices.Clone(p.skipped)
	slices.SortFunc(rows, func(a, b signal.SkippedRow) int {
		return cmp.Or(cmp.Compare(a.Seen, b.Seen), cmp.Compare(a.Number, b.Number))
	})
	return &signal.Skipped{Position: position, Rows: rows}
}

// unskipped leaves out the rows that were skipped, which no relay will come to, and
// cuts the rest to a number.
func (p *passage) unskipped(rows []database.Row, most int, key func(database.Row) string) []database.Row {
	rows = slices.DeleteFunc(rows, func(row database.Row) bool {
		return slices.ContainsFunc(p.skipped, func(s signal.SkippedRow) bool { return s.Key == key(row) })
	})
	return rows[:min(len(rows), most)]
}
