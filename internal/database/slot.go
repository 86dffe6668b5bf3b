package database

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// Slot reads a replication slot of PostgreSQL; nil when there is none of that name.
// Whoever may connect may ask. What a version does not know is Unknown.
func (r *Reading) Slot(ctx context.Context, name string) (*signal.Slot, error) {
	doing := "read replication slot " + name
	if r.dialect.name() != postgresName {
		instead := ""
		if _, ok := r.dialect.(*mysql); ok {
			instead = ", or with binlog_user who reads its binary log"
		}
		return nil, fmt.Errorf("%s: database %s is %s, and only PostgreSQL has replication slots; name the outbox table instead%s", doing, r.db.config.Name, r.dialect.name(), instead)
	}
	var slot *signal.Slot
	var kind, status string
	// As JSON, because versions have more columns or fewer.
	err := r.ask(ctx, `SELECT s.slot_type::text, s.active, coalesce(to_jsonb(s)->>'wal_status', ''),
			(log.at - '0/0'::pg_lsn)::bigint, coalesce((s.confirmed_flush_lsn - '0/0'::pg_lsn)::bigint, -1),
			coalesce((log.at - s.restart_lsn)::bigint, -1), CASE WHEN (to_jsonb(s)->>'safe_wal_size')::bigint < 0 THEN 0 ELSE coalesce((to_jsonb(s)->>'safe_wal_size')::bigint, -1) END
		FROM pg_catalog.pg_replication_slots AS s,
			(SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS at) AS log
		WHERE s.slot_name = $1`, []any{name}, func(rows *sql.Rows) error {
		slot = &signal.Slot{Name: name, Sent: signal.Unknown, Inserted: signal.Unknown}
		return rows.Scan(&kind, &slot.Active, &status, &slot.Written, &slot.Confirmed, &slot.Retained, &slot.Left)
	})
	if err != nil {
		r.aborted = true
		return nil, r.fail(doing, nil, err)
	}
	if slot != nil && kind != "logical" {
		return nil, fmt.Errorf("%s: it is a %s one, of a standby; a relay reads a logical one", doing, kind)
	}
	if slot != nil {
		slot.Lost = status == "lost"
	}
	return slot, nil
}

// NoSlot is the error about a slot that is not there: it names those that look alike,
// or all that relays read in the database.
func (r *Reading) NoSlot(ctx context.Context, name string) error {
	others, err := r.names(ctx, "SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' AND database = current_database() ORDER BY 1 LIMIT 300")
	if err != nil {
		r.aborted = true
		return r.fail("list replication slots", nil, err)
	}
	hint := "there is no slot of a relay at all"
	if len(others) > 0 {
		hint = suggest(name, others, "there are")
	}
	return fmt.Errorf("read replication slot %s: there is none of that name in database %s (%s); %s. Was the connector started, and is this the primary that it reads? If there was one, it was dropped: "+
		"what is committed until the connector makes a new one is not in that", name, r.db.config.Name, r.dialect.where(), hint)
}

// Inserted is how many rows were ever inserted into a table, by the statistics of
// PostgreSQL, rolled back or not.
func (r *Reading) Inserted(ctx context.Context, t *Table) (signal.Count, error) {
	n := signal.Count(signal.Unknown)
	err := r.ask(ctx, "SELECT n_tup_ins FROM pg_catalog.pg_stat_all_tables WHERE schemaname = $1 AND relname = $2", []any{t.Schema, t.Name},
		func(rows *sql.Rows) error { return rows.Scan(&n) })
	if err != nil {
		r.aborted = true
		return n, r.fail("count insertions into "+t.String(), nil, err)
	}
	return n, nil
}
