package database

import (
	"context"
	"fmt"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Horizon reads where the transactions stand that the snapshot of this reading does not show.
// It returns false where the database does not tell every user.
func (r *Reading) Horizon(ctx context.Context) (h dialect.Horizon, ok bool, err error) {
	d, ok := r.dialect.(dialect.Horizons)
	if !ok {
		return h, false, nil
	}
	if h, err = d.Horizon(ctx, transaction{r}); err != nil {
		return h, false, r.broken("read which transactions are open", err)
	}
	return h, true, nil
}

// Slot reads a replication slot; it is nil when there is none of that name.
func (r *Reading) Slot(ctx context.Context, name string) (*signal.LogReader, error) {
	doing := "read replication slot " + name
	d, ok := r.dialect.(dialect.Slots)
	if !ok {
		instead := ""
		if _, ok := r.dialect.(dialect.Binlogs); ok {
			instead = ", or name in binlog_user the user that reads its binary log"
		}
		return nil, fmt.Errorf("%s: database %s is %s, and only PostgreSQL has replication slots; name the outbox table instead%s", doing, r.db.config.Name, r.dialect.Name(), instead)
	}
	slot, kind, err := d.Slot(ctx, transaction{r}, name)
	switch {
	case err != nil:
		return nil, r.broken(doing, err)
	case slot != nil && kind != "logical":
		return nil, fmt.Errorf("%s: it is a %s one, of a standby; a relay reads a logical one", doing, kind)
	}
	return slot, nil
}

// NoSlot is the error about a slot that does not exist. It names the slots that look alike,
// or all that relays read in the database.
func (r *Reading) NoSlot(ctx context.Context, name string) error {
	var others []string
	if d, ok := r.dialect.(dialect.Slots); ok {
		var err error
		if others, err = d.SlotNames(ctx, transaction{r}); err != nil {
			return r.broken("list replication slots", err)
		}
	}
	hint := "there is no slot of a relay at all"
	if len(others) > 0 {
		hint = dialect.Suggest(name, others, "there are")
	}
	return fmt.Errorf("read replication slot %s: there is none of that name in database %s (%s). Was the connector started, and is this the primary that it reads? If there was one, it was dropped: "+
		"a new slot does not contain what is committed before the connector creates it; %s", name, r.db.config.Name, r.dialect.Location(), hint)
}

// Inserted is how many rows were ever inserted into a table, by the statistics of a database
// with replication slots.
func (r *Reading) Inserted(ctx context.Context, t *Table) (signal.Count, error) {
	d, ok := r.dialect.(dialect.Slots)
	if !ok {
		return signal.Unknown, nil
	}
	n, err := d.Inserted(ctx, transaction{r}, t)
	if err != nil {
		return n, r.broken("count insertions into "+t.String(), err)
	}
	return n, nil
}

// Binlog reads how far the server has written its binary log, and whether it sends it to a
// user.
func (r *Reading) Binlog(ctx context.Context, user string) (*dialect.Binlog, error) {
	doing := "read the state of the binary log"
	d, ok := r.dialect.(dialect.Binlogs)
	if !ok {
		return nil, fmt.Errorf("%s: database %s is %s, and only MySQL and MariaDB have one; watch the replication slot or the table instead", doing, r.db.config.Name, r.dialect.Name())
	}
	b, err := d.Binlog(ctx, transaction{r}, user)
	if err != nil {
		return nil, r.fail(doing, nil, err)
	}
	return b, nil
}

// broken is fail after a query that ended the transaction where errors do so.
func (r *Reading) broken(doing string, err error) error {
	r.aborted = r.aborted || r.dialect.Traits().ErrorsAbort
	return r.fail(doing, nil, err)
}
