package outbox

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
)

// table is an outbox table with the columns that its config names.
type table struct {
	id          database.Column
	createdAt   database.Column // or when it is due, if no row is due at an unknown time
	due         *database.Column
	reserved    *database.Column
	orderID     []database.Column // together they identify an order; none: no order is named
	traceparent *database.Column
	attempts    *database.Column
	lastError   *database.Column
	publishedAt *database.Column

	scope    []database.Condition // the rows that this relay publishes; none: all
	sequence []database.Column
	position *position // nil where the config names none
	marked   bool      // a column shows whether a row was published

	pending database.Selection
	failed  *database.Selection // nil where nothing marks failed rows
}

// find looks up the table and its columns. Its error names everything that is missing.
func find(ctx context.Context, r *database.Reading, c *Config, p *preset) (*table, error) {
	found, err := r.Table(ctx, c.Table)
	if err != nil {
		return nil, err
	}
	var t table
	columns := database.ColumnsOf(found, "", p.optional...)
	t.id = columns.One(c.Columns.ID, "columns.id")
	t.due = columns.Maybe(c.Columns.Due, "columns.due")
	t.reserved = columns.Maybe(cmp.Or(c.Columns.ReservedUntil, c.Columns.ReservedAt), reservedKey(c))
	if t.due != nil && !t.due.Nullable {
		t.createdAt = *t.due
	} else {
		t.createdAt = columns.One(c.Columns.CreatedAt, "columns.created_at")
	}
	t.orderID = columns.All(c.Columns.OrderID, "columns.order_id")
	t.traceparent = columns.Maybe(c.Columns.Traceparent, "columns.traceparent")
	t.attempts = columns.Maybe(c.Columns.Attempts, "columns.attempts")
	t.lastError = columns.Maybe(c.Columns.Error, "columns.error")
	t.publishedAt = columns.Maybe(c.Columns.PublishedAt, "columns.published_at")
	t.sequence = columns.All(c.Columns.Sequence, "columns.sequence")
	columns.Maybe(c.Columns.Status, "columns.status")
	pending := conditions(p.pending, columns)
	failed := conditions(p.failed, columns)
	if c.Failed != "" {
		failed = []database.Condition{database.Matches(c.Failed)}
	}
	if c.Position.given() {
		t.position, err = findPosition(ctx, r, &c.Position, p)
	}
	if err := database.Join(columns.Missing(), err); err != nil {
		return nil, err
	}
	if t.position != nil && len(t.position.columns) != len(t.sequence) {
		return nil, fmt.Errorf("read position of the relay: it has %d columns, and the sequence of table %s has %d; position.columns and columns.sequence need the same columns in the same order",
			len(t.position.columns), found, len(t.sequence))
	}
	if c.Where != "" {
		t.scope = []database.Condition{database.Matches(c.Where)}
	}

	t.pending = database.Selection{What: "pending rows", Table: found, Since: t.createdAt, Tie: []database.Column{t.id}}
	t.pending.Order = t.sequence
	switch {
	case t.publishedAt != nil:
		t.pending.Where = []database.Condition{database.IsNull(*t.publishedAt)}
	case c.Pending != "":
		t.pending.Where = []database.Condition{database.Matches(c.Pending)}
	case len(pending) > 0:
		t.pending.Where = pending
	}
	if err := t.hold(r, time.Duration(c.Lease), c.Columns.ReservedAt != ""); err != nil {
		return nil, err
	}
	t.marked = t.pending.Where != nil
	t.pending.Where = append(t.pending.Where, t.scope...)
	if failed != nil {
		failed = append(failed, t.scope...)
		t.failed = &database.Selection{What: "failed rows", Table: found, Since: t.createdAt, Tie: t.pending.Tie, Where: failed}
	}
	return &t, nil
}

func reservedKey(c *Config) string {
	if c.Columns.ReservedAt != "" {
		return "columns.reserved_at"
	}
	return "columns.reserved_until"
}

// hold leaves out the rows that are not due, and those that a worker has reserved. since
// says that their column is when they were reserved, for as long as the lease.
func (t *table) hold(r *database.Reading, lease time.Duration, since bool) error {
	if t.pending.Table.Unseen {
		return nil
	}
	now := r.ServerMillis()
	if t.due != nil {
		if !r.HoldsTime(*t.due) {
			return database.NoMoments(t.pending.Table, *t.due)
		}
		if t.due.Name != t.createdAt.Name {
			t.pending.Due = t.due
		}
		t.pending.Held = append(t.pending.Held, database.Later(*t.due, now))
	}
	if t.reserved != nil {
		if !r.HoldsTime(*t.reserved) {
			return database.NoMoments(t.pending.Table, *t.reserved)
		}
		if since {
			now -= lease.Milliseconds()
		}
		t.pending.Held = append(t.pending.Held, database.Later(*t.reserved, now))
	}
	return nil
}

// conditions are those of a preset. There are none where the table lacks one of their
// columns because it comes from another version of the library.
func conditions(all []match, columns *database.Columns) []database.Condition {
	var conditions []database.Condition
	for _, is := range all {
		column := columns.Maybe(is.column, "preset")
		switch {
		case column == nil:
			return nil
		case is.values == nil:
			conditions = append(conditions, database.IsNull(*column))
		default:
			conditions = append(conditions, database.OneOf(*column, is.values...))
		}
	}
	return conditions
}
