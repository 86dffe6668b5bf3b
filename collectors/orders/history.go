package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	pageRows      = 500 // rows of one page of the history
	maxPages      = 10  // pages of one reading
	firstPageRows = 1000
)

// historyReader follows the history of a lifecycle: it reads each row once, in the order
// of time, and goes back far enough to see rows that were committed late.
type historyReader struct {
	config    *History
	graph     *graph
	stateOf   func(in *database.Reading, column database.Column, value string) int
	table     *historyTable
	started   bool
	position  *database.Place // the next reading starts after this row; nil: with the first row
	oldest    *database.Place // the first row of the table at the start, while there is no position
	last      signal.Instant  // time of the last row that was read
	recent    []recentRow     // rows read after the position, in order
	seen      map[database.Place]bool
	unordered int // rows without a usable key or time, on the last page that had any

	transitions transitions
	conflicts   conflictTracker
}

// recentRow is a row that was read and before which a late row may still be committed.
type recentRow struct {
	place database.Place
	at    signal.Instant
}

func newHistoryReader(c *Config, g *graph, stateOf func(*database.Reading, database.Column, string) int) *historyReader {
	return &historyReader{
		config: c.History, graph: g, stateOf: stateOf,
		seen:        map[database.Place]bool{},
		transitions: transitions{graph: g, max: time.Duration(c.Max), counts: map[[2]int]int64{}},
		conflicts:   conflictTracker{known: map[string]*candidate{}, recalled: map[string]bool{}, tooLong: map[string]bool{}},
	}
}

// read takes one reading of the history. Rows that were read before an error count.
func (h *historyReader) read(ctx context.Context, in *database.Reading) (*signal.History, []string, error) {
	t, err := findHistory(ctx, in, h.config)
	if err != nil {
		return nil, nil, err
	}
	h.table = t
	warnings, err := h.follow(ctx, in)
	if err != nil {
		return nil, warnings, err
	}
	if h.unordered > 0 {
		warnings = append(warnings, fmt.Sprintf("at least %d transitions of history table %s have no key (%s) or no valid time (%s), and are ignored; set history.columns to columns that every row has",
			h.unordered, t.found, strings.Join(h.config.Columns.Key, ", "), t.at.Name))
	}
	more, err := h.conflicts.check(ctx, in, h)
	warnings = append(warnings, more...)
	if err != nil {
		return nil, warnings, err
	}
	reading := h.transitions.signal()
	reading.Conflicts, reading.ConflictsCapped = h.conflicts.signal()
	return reading, warnings, nil
}

// start reads the latest rows. Reading continues after the first of them, or with the first
// row of a table that holds no others: rows may still be committed before it.
func (h *historyReader) start(ctx context.Context, in *database.Reading) error {
	page, err := h.page(ctx, in, database.Page{Back: true, Rows: firstPageRows})
	if err != nil || len(page.Rows) == 0 {
		return err
	}
	h.started = true
	h.oldest = &page.Rows[len(page.Rows)-1].Place
	if page.Next != nil {
		h.position = h.oldest
	}
	for _, row := range slices.Backward(page.Rows) {
		h.take(in, row)
	}
	h.prune(in.Now())
	return nil
}

// follow reads the new rows. The first reading does so too, so that it fails if the
// query of all later readings does.
func (h *historyReader) follow(ctx context.Context, in *database.Reading) ([]string, error) {
	if !h.started {
		if err := h.start(ctx, in); err != nil || !h.started {
			return nil, err
		}
	}
	from := h.position
	for range maxPages {
		page, err := h.page(ctx, in, database.Page{From: from, Rows: pageRows})
		if h.imported(in, page, err) {
			h.position, from = h.oldest, h.oldest
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			h.take(in, row)
		}
		if page.Next == nil {
			h.prune(in.Now())
			return nil, nil
		}
		from = page.Next
	}
	// There are too many new rows to go back for late ones.
	behind := in.Now().Sub(h.last)
	h.position, h.recent = from, nil
	clear(h.seen)
	return []string{fmt.Sprintf("history table %s has more than %d new transitions for one reading; lostorder has read it up to %s ago; lower interval",
		h.table.found, maxPages*pageRows, behind.Round(time.Second))}, nil
}

// imported reports whether a table that was young at the start now begins with more past
// rows than late commits explain, or than the guard accepts. They are not followed.
func (h *historyReader) imported(in *database.Reading, page database.Paged, err error) bool {
	if h.position != nil || h.oldest == nil {
		return false
	}
	if err != nil {
		return errors.Is(err, database.ErrRefused)
	}
	return page.Next != nil && len(page.Rows) > 0 && in.Now().Sub(page.Rows[len(page.Rows)-1].Since) > time.Duration(h.config.Late)
}

// page reads a page of the history, without rows that have no place in the order.
func (h *historyReader) page(ctx context.Context, in *database.Reading, p database.Page) (database.Paged, error) {
	page, err := in.Page(ctx, h.table.all(), p, h.table.fields()...)
	read := len(page.Rows)
	page.Rows = slices.DeleteFunc(page.Rows, func(row database.Row) bool { return !row.Since.Known() })
	if n := page.Keyless + read - len(page.Rows); n > 0 {
		h.unordered = n
	}
	return page, err
}

// take takes a row unless it was read before. A transition that is wrong, or that cannot
// be decided by itself, is left to the complete history of its order.
func (h *historyReader) take(in *database.Reading, row database.Row) {
	if h.seen[row.Place] {
		return
	}
	h.seen[row.Place] = true
	h.last = row.Since
	h.recent = append(h.recent, recentRow{row.Place, row.Since})
	if id, s := h.table.step(in, row, h.stateOf); id != "" && !h.transitions.take(h.table.fold(in, id), s) {
		h.conflicts.enqueue(id)
	}
}

// prune forgets rows before which no late row is expected any more. It keeps the rows
// with the same millisecond as the position: the database may order them after it.
func (h *historyReader) prune(now signal.Instant) {
	slices.SortStableFunc(h.recent, func(a, b recentRow) int { return cmp.Compare(a.at, b.at) })
	n := 0
	for n < len(h.recent) && now.Sub(h.recent[n].at) > time.Duration(h.config.Late) {
		n++
	}
	if n == 0 {
		return
	}
	last := h.recent[n-1]
	h.position = &last.place
	for len(h.recent) > 0 && h.recent[0].at < last.at {
		delete(h.seen, h.recent[0].place)
		h.recent = h.recent[1:]
	}
}
