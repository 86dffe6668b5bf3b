package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	maxChecks    = 40     // orders whose complete history one reading reads
	maxSteps     = 2000   // rows of their histories in one answer
	maxQueued    = 10_000 // orders that wait to be checked
	maxConflicts = 1000   // orders with a conflict that are tracked
)

// conflictTracker reads the complete history of orders: of those with a new row that
// looks like a conflict, and of those whose beginning was not read. It checks an order
// with a conflict again in the next reading. Only then is the conflict confirmed, and it
// ends as soon as the rows are corrected.
type conflictTracker struct {
	queue   []string // the latest last, which are checked first
	known   map[string]*candidate
	reading int
	dropped int
	tooLong map[string]bool // orders with more rows than one answer holds
	// recalled are those that were known before a restart, and not read since.
	recalled map[string]bool
	changed  bool // a conflict was found, confirmed or ended, since it was remembered
}

// candidate is an order whose history has a conflict.
type candidate struct {
	conflict signal.Conflict
	checked  int // the last reading that checked it
}

// enqueue asks for the complete history of an order.
func (c *conflictTracker) enqueue(id string) {
	if c.tooLong[id] || slices.Contains(c.queue[max(0, len(c.queue)-maxChecks):], id) {
		return
	}
	if len(c.queue) >= maxQueued {
		c.queue = slices.Delete(c.queue, 0, 1)
		c.dropped++
	}
	c.queue = append(c.queue, id)
}

// next are the orders to check. At least half of them are new, if enough are queued.
func (c *conflictTracker) next() []string {
	old := make([]string, 0, len(c.known))
	for id := range c.known {
		old = append(old, id)
	}
	slices.SortFunc(old, func(a, b string) int {
		return cmp.Or(c.known[a].checked-c.known[b].checked, cmp.Compare(a, b))
	})
	ids := old[:min(len(old), max(maxChecks/2, maxChecks-len(c.queue)))]
	for len(ids) < maxChecks && len(c.queue) > 0 {
		id := c.queue[len(c.queue)-1]
		c.queue = c.queue[:len(c.queue)-1]
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// check reads complete histories and decides which orders have a conflict.
func (c *conflictTracker) check(ctx context.Context, in *database.Reading, h *historyReader) (warnings []string, err error) {
	c.reading++
	if c.dropped > 0 {
		warnings = append(warnings, fmt.Sprintf("%d orders of history table %s were not checked for conflicts: too many needed a check", c.dropped, h.table.found))
	}
	ids := c.next()
	if err = c.readHistories(ctx, in, h, ids); err != nil {
		c.queue = append(c.queue, slices.DeleteFunc(ids, func(id string) bool { return c.known[id] != nil })...)
	}
	if n := len(c.tooLong); n > 0 {
		warnings = append(warnings, fmt.Sprintf("%d orders of history table %s have %d transitions or more and are not checked for conflicts", n, h.table.found, maxSteps))
	}
	return warnings, err
}

// readHistories reads the histories of orders. If they have more rows than one answer
// holds, it reads each half of the orders by itself, so that one very long history does
// not keep the others from being checked.
func (c *conflictTracker) readHistories(ctx context.Context, in *database.Reading, h *historyReader, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := in.Rows(ctx, h.table.of(ids), maxSteps, h.table.fields()...)
	if err != nil {
		return err
	}
	if half := len(ids) / 2; len(rows) == maxSteps && half > 0 {
		if err := c.readHistories(ctx, in, h, ids[:half]); err != nil {
			return err
		}
		return c.readHistories(ctx, in, h, ids[half:])
	}
	if len(rows) == maxSteps {
		c.skip(ids[0], in.Now(), h.config)
		return nil
	}
	steps := map[string][]step{}
	for _, row := range rows {
		if id, one := h.table.step(in, row, h.stateOf); id != "" {
			id = h.table.fold(in, id) // several spellings may be one order
			steps[id] = append(steps[id], one)
		}
	}
	for _, id := range ids {
		order := h.table.fold(in, id)
		c.decide(in, id, order, steps[order], h)
	}
	return nil
}

// skip stops checking an order whose history is too long. A conflict that was found
// before is neither confirmed nor closed by it.
func (c *conflictTracker) skip(id string, now signal.Instant, config *History) {
	if len(c.tooLong) < maxConflicts {
		c.tooLong[id] = true
	}
	delete(c.recalled, id)
	if known := c.known[id]; known != nil {
		known.checked = c.reading
		if now.Sub(known.conflict.Since) > time.Duration(config.Remember) {
			delete(c.known, id)
		}
	}
}

// decide decides about one order from all its steps. order is its ID as the database
// compares it.
func (c *conflictTracker) decide(in *database.Reading, id, order string, steps []step, h *historyReader) {
	now := in.Now()
	delete(c.recalled, id)
	before := c.known[id]
	defer func() {
		after := c.known[id]
		c.changed = c.changed || (before == nil) != (after == nil) || before != nil && before.conflict.Confirmed != after.conflict.Confirmed
	}()
	if len(steps) == 0 {
		delete(c.known, id)
		return
	}
	result := h.graph.evaluate(steps, time.Duration(h.config.ClockSkew))
	h.transitions.correct(order, result.track)
	switch {
	case result.kind == "", now.Sub(result.since) > time.Duration(h.config.Remember):
		delete(c.known, id)
	case before == nil && (len(c.known) >= maxConflicts || c.knows(in, order, h)):
	default:
		last := steps[len(steps)-1]
		worth := signal.Amount{}
		if before != nil {
			worth = before.conflict.Worth
		}
		c.known[id] = &candidate{checked: c.reading, conflict: signal.Conflict{
			OrderRef: signal.OrderRef{ID: h.table.shown(id), Since: result.since, TraceID: last.trace, SpanID: last.span},
			Kind:     result.kind, Path: result.path, Worth: worth,
			Confirmed: before != nil && before.conflict.Kind == result.kind,
		}}
	}
}

// knows reports whether the order has a conflict under another spelling of its ID.
func (c *conflictTracker) knows(in *database.Reading, order string, h *historyReader) bool {
	for id := range c.known {
		if h.table.fold(in, id) == order {
			return true
		}
	}
	return false
}

// signal returns the known conflicts, the latest first.
func (c *conflictTracker) signal() (all []signal.Conflict, capped bool) {
	for id, one := range c.known {
		if !c.recalled[id] {
			all = append(all, one.conflict)
		}
	}
	slices.SortFunc(all, func(a, b signal.Conflict) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.ID, b.ID))
	})
	return all, len(c.known) >= maxConflicts
}
