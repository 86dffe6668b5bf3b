package postgres

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Origin identifies the cluster and the database in it. A standby that is promoted keeps the
// system identifier and begins a new timeline; so does a backup that is restored, which has
// less in its log.
//
// What is flushed survives a crash of the server. A standby may be another one at the next
// reading, so that its position says nothing.
func (*server) Origin(ctx context.Context, tx dialect.Tx) (o signal.Origin, err error) {
	var oid string
	var timeline sql.NullString
	var allowed bool
	err = tx.Ask(ctx, `SELECT (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database()),
		has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
		CASE WHEN pg_is_in_recovery() THEN 0 ELSE (pg_current_wal_flush_lsn() - '0/0')::bigint END,
		CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) END`, nil,
		func(rows *sql.Rows) error { return rows.Scan(&oid, &allowed, &o.Position, &timeline) })
	if err != nil {
		return signal.Origin{}, err
	}
	if n, err := strconv.ParseUint(timeline.String, 16, 32); err == nil {
		o.Branch = strconv.FormatUint(n, 10)
	}
	o.Name = "database " + oid // which tells a database apart from one that is created again
	if !allowed {
		return o, nil
	}
	names, err := tx.Names(ctx, "SELECT system_identifier::text FROM pg_catalog.pg_control_system()")
	if err != nil {
		return signal.Origin{}, err
	}
	for _, name := range names {
		o.Name = "system " + name + ", " + o.Name
	}
	return o, nil
}
