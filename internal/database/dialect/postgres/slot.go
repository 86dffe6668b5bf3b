package postgres

import (
	"context"
	"database/sql"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Slot reads a replication slot and its kind; it is nil when there is none of that name.
// Every user that may connect may ask. What a version does not know is Unknown.
func (*server) Slot(ctx context.Context, tx dialect.Tx, name string) (slot *signal.LogReader, kind string, err error) {
	var status string
	var counted bool
	// As JSON, because versions have more columns or fewer.
	err = tx.Ask(ctx, `SELECT s.slot_type::text, s.active, coalesce(to_jsonb(s)->>'wal_status', ''),
			(log.at - '0/0'::pg_lsn)::bigint, coalesce((s.confirmed_flush_lsn - '0/0'::pg_lsn)::bigint, -1),
			coalesce((log.at - s.restart_lsn)::bigint, -1), CASE WHEN (to_jsonb(s)->>'safe_wal_size')::bigint < 0 THEN 0 ELSE coalesce((to_jsonb(s)->>'safe_wal_size')::bigint, -1) END,
			to_regclass('pg_catalog.pg_stat_replication_slots') IS NOT NULL
		FROM pg_catalog.pg_replication_slots AS s,
			(SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS at) AS log
		WHERE s.slot_name = $1`, []any{name}, func(rows *sql.Rows) error {
		slot = &signal.LogReader{Name: name, Sent: signal.Unknown, Inserted: signal.Unknown, Decoded: signal.Unknown}
		return rows.Scan(&kind, &slot.Active, &status, &slot.Written, &slot.Confirmed, &slot.Retained, &slot.Remaining, &counted)
	})
	if slot != nil {
		slot.Lost = status == "lost"
	}
	if err == nil && slot != nil && counted {
		err = tx.Ask(ctx, "SELECT total_txns, coalesce(stats_reset::text, '') FROM pg_catalog.pg_stat_replication_slots WHERE slot_name = $1", []any{name},
			func(rows *sql.Rows) error { return rows.Scan(&slot.Decoded, &slot.DecodedReset) })
	}
	return slot, kind, err
}

// SlotNames lists the slots that a relay can read in the database.
func (*server) SlotNames(ctx context.Context, tx dialect.Tx) ([]string, error) {
	return tx.Names(ctx, "SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' AND database = current_database() ORDER BY 1 LIMIT 300")
}

// Inserted is how many rows were ever inserted into a table, by the statistics of the
// server, rolled back or not.
func (*server) Inserted(ctx context.Context, tx dialect.Tx, t *dialect.Table) (signal.Count, error) {
	n := signal.Count(signal.Unknown)
	err := tx.Ask(ctx, "SELECT n_tup_ins FROM pg_catalog.pg_stat_all_tables WHERE schemaname = $1 AND relname = $2", []any{t.Schema, t.Name},
		func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// Horizon reads where the transactions stand that the snapshot of tx does not show.
func (*server) Horizon(ctx context.Context, tx dialect.Tx) (h dialect.Horizon, err error) {
	err = tx.Ask(ctx, "SELECT pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s) FROM pg_catalog.txid_current_snapshot() AS s", nil,
		func(rows *sql.Rows) error { return rows.Scan(&h.Ended, &h.Begun) })
	return h, err
}
