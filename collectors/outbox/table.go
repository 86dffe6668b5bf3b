package outbox

import (
	"context"
	"fmt"

	"github.com/lostorder/lostorder/internal/database"
)

// table is an outbox as its config describes it, found in the database.
type table struct {
	id          database.Column
	createdAt   database.Column
	orderID     []database.Column // which tell orders apart together; none: no order is named
	traceparent *database.Column
	attempts    *database.Column
	lastError   *database.Column
	publishedAt *database.Column

	scope    []database.Condition // which rows the relay publishes; none: all
	sequence []database.Column
	position *position // nil where the config does not say where it is
	marked   bool      // a row says itself whether it was published

	pending database.Selection
	failed  *database.Selection // nil when nothing says which rows failed
}

// find looks up the table and its columns, and says all that is missing at once.
func find(ctx context.Context, r *database.Reading, c *Config, p *preset) (*table, error) {
	found, err := r.Table(ctx, c.Table)
	if err != nil {
		return nil, err
	}
	var t table
	var errs []error
	must := func(name, key string) database.Column {
		column, err := found.Column(name, key)
		errs = append(errs, err)
		return column
	}
	may := func(name, key string) *database.Column {
		if name == "" {
			return nil
		}
		if _, err := found.Column(name, key); err != nil && p.mayMiss(name) {
			return nil // another version of the library
		}
		column := must(name, key)
		return &column
	}
	t.id = must(c.Columns.ID, "columns.id")
	t.createdAt = must(c.Columns.CreatedAt, "columns.created_at")
	for _, name := range c.Columns.OrderID {
		if column := may(name, "columns.order_id"); column != nil {
			t.orderID = append(t.orderID, *column)
		}
	}
	t.traceparent = may(c.Columns.Traceparent, "columns.traceparent")
	t.attempts = may(c.Columns.Attempts, "columns.attempts")
	t.lastError = may(c.Columns.Error, "columns.error")
	t.publishedAt = may(c.Columns.PublishedAt, "columns.published_at")
	for _, name := range c.Columns.Sequence {
		if column := may(name, "columns.sequence"); column != nil {
			t.sequence = append(t.sequence, *column)
		}
	}
	may(c.Columns.Status, "columns.status")
	pending := conditions(p.pending, may)
	failed := conditions(p.failed, may)
	if c.Failed != "" {
		failed = []database.Condition{database.Matches(c.Failed)}
	}
	if c.Position.given() {
		t.position, err = findPosition(ctx, r, &c.Position, p)
		errs = append(errs, err)
	}
	if err := database.Join(errs...); err != nil {
		return nil, err
	}
	if t.position != nil && len(t.position.columns) != len(t.sequence) {
		return nil, fmt.Errorf("read position of the relay: it has %d columns, and the sequence of table %s has %d; name them in the same order (position.columns and columns.sequence in the config)",
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
	t.marked = t.pending.Where != nil
	t.pending.Where = append(t.pending.Where, t.scope...)
	if failed != nil {
		failed = append(failed, t.scope...)
		t.failed = &database.Selection{What: "failed rows", Table: found, Since: t.createdAt, Tie: t.pending.Tie, Where: failed}
	}
	return &t, nil
}

// conditions are those of a preset; none when a column that one is about is not
// there because it belongs to another version of the library.
func conditions(all []one, may func(name, key string) *database.Column) []database.Condition {
	var conditions []database.Condition
	for _, is := range all {
		column := may(is.column, "preset")
		switch {
		case column == nil:
			return nil
		case is.of == nil:
			conditions = append(conditions, database.IsNull(*column))
		default:
			conditions = append(conditions, database.OneOf(*column, is.of...))
		}
	}
	return conditions
}
