package outbox

import (
	"context"

	"github.com/lostorder/lostorder/internal/database"
)

// table is an outbox as its config describes it, found in the database.
type table struct {
	id          database.Column
	createdAt   database.Column
	orderID     *database.Column
	traceparent *database.Column
	attempts    *database.Column
	lastError   *database.Column

	pending database.Selection
	failed  *database.Selection // nil when nothing says which rows failed
}

// find looks up the table and its columns, and says all that is missing at once.
func find(ctx context.Context, r *database.Reading, c *Config) (*table, error) {
	found, err := r.Table(ctx, c.Table)
	if err != nil {
		return nil, err
	}
	var t table
	var errs []error
	must := func(name, key string) database.Column {
		column, err := found.Column(name, "columns."+key)
		errs = append(errs, err)
		return column
	}
	may := func(name, key string) *database.Column {
		if name == "" {
			return nil
		}
		column := must(name, key)
		return &column
	}
	t.id = must(c.Columns.ID, "id")
	t.createdAt = must(c.Columns.CreatedAt, "created_at")
	t.orderID = may(c.Columns.OrderID, "order_id")
	t.traceparent = may(c.Columns.Traceparent, "traceparent")
	t.attempts = may(c.Columns.Attempts, "attempts")
	t.lastError = may(c.Columns.Error, "error")
	publishedAt := may(c.Columns.PublishedAt, "published_at")
	may(c.Columns.Status, "status")
	if err := database.Join(errs...); err != nil {
		return nil, err
	}

	t.pending = database.Selection{What: "pending rows", Table: found, Since: t.createdAt, Tie: []database.Column{t.id}}
	switch {
	case publishedAt != nil:
		t.pending.Where = []database.Condition{database.IsNull(*publishedAt)}
	case c.Pending != "":
		t.pending.Where = []database.Condition{database.Matches(c.Pending)}
	}
	if c.Failed != "" {
		t.failed = &database.Selection{What: "failed rows", Table: found, Since: t.createdAt, Tie: t.pending.Tie, Where: []database.Condition{database.Matches(c.Failed)}}
	}
	return &t, nil
}
