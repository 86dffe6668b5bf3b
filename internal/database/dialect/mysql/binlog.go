package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// dumps are the commands of a thread that sends the binary log.
const dumps = "('Binlog Dump', 'Binlog Dump GTID')"

// Binlog reads how far the server has written its binary log, and whether it sends it to a
// user. A user without PROCESS silently sees only its own threads. So the first query is one
// that the server refuses without PROCESS: a reader that is only hidden must not count as
// absent.
func (d *server) Binlog(ctx context.Context, tx dialect.Tx, user string) (*dialect.Binlog, error) {
	b := &dialect.Binlog{Sent: signal.Unknown}
	err := tx.Ask(ctx, "SELECT concat_ws('/', @@hostname, @@port, @@server_id), @@performance_schema", nil,
		func(rows *sql.Rows) error { return rows.Scan(&b.Server, &d.instrumented) })
	if err == nil {
		err = tx.Ask(ctx, "SELECT count(*) FROM information_schema.innodb_cmp", nil, func(*sql.Rows) error { return nil })
	}
	if err == nil {
		err = tx.Ask(ctx, "SELECT user, coalesce(state, '') FROM information_schema.processlist WHERE command IN "+dumps, nil, func(rows *sql.Rows) error {
			var who, state string
			if err := rows.Scan(&who, &state); err != nil {
				return err
			}
			count(b, who, state, user)
			return nil
		})
	}
	if err == nil { // after the threads: a thread that had ended by then was sent nothing more
		b.Files, err = logFiles(ctx, tx)
	}
	if err == nil && b.Readers == 0 {
		b.Kept, err = logKept(ctx, tx)
	}
	if err == nil && b.Readers > 0 && !b.SentAll && d.instrumented {
		b.Sent, err = sentTo(ctx, tx, user)
	}
	switch {
	case isNumber(err, noRight):
		needed, _ := d.BinlogGrants(tx.User())
		return nil, &dialect.Problem{
			Text: fmt.Sprintf("user %q may not see the threads of other users, or not how far the log is written", tx.User()),
			Fix:  dialect.AsAdministrator(needed), Cause: err,
		}
	case isNumber(err, noBinlog):
		return nil, &dialect.Problem{Text: "the server writes none (log_bin is off), so no relay can read it", Cause: err}
	case err != nil:
		return nil, err
	}
	return b, nil
}

// count adds a thread that sends the log.
func count(b *dialect.Binlog, who, state, user string) {
	if who != user {
		if !slices.Contains(b.Others, who) {
			b.Others = append(b.Others, who)
		}
		return
	}
	b.Readers++
	// The words around these differ between versions.
	b.SentAll = b.SentAll || strings.Contains(state, "has sent all binlog")
}

// logFiles lists the files of the log. The server writes the last one, whose size is how
// far the log is written.
func logFiles(ctx context.Context, tx dialect.Tx) (files []dialect.LogFile, err error) {
	err = tx.Ask(ctx, "SHOW BINARY LOGS", nil, func(rows *sql.Rows) error {
		row, err := byName(rows) // MySQL also says whether the file is encrypted
		if err != nil {
			return err
		}
		f := dialect.LogFile{Name: row["Log_name"]}
		if f.Size, err = strconv.ParseInt(row["File_size"], 10, 64); err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// logKept is how long the server keeps its log; 0 where it does not say, or keeps it forever.
func logKept(ctx context.Context, tx dialect.Tx) (kept time.Duration, err error) {
	err = tx.Ask(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days')", nil, func(rows *sql.Rows) error {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		unit := time.Second
		if name == "expire_logs_days" { // before MySQL 8 and MariaDB 10.6 the only one
			unit = 24 * time.Hour
		}
		n, err := strconv.ParseFloat(value, 64)
		kept = max(kept, time.Duration(n*float64(unit)))
		return err
	})
	return kept, err
}

// sentTo is how many bytes the server has sent on the connections on which a user reads the
// log. It is Unknown where the user may not see it; nothing else is missing then.
func sentTo(ctx context.Context, tx dialect.Tx, user string) (signal.Count, error) {
	var sent sql.NullInt64
	err := tx.Ask(ctx, `SELECT cast(sum(s.variable_value) AS SIGNED) FROM performance_schema.threads AS t
		JOIN performance_schema.status_by_thread AS s ON s.thread_id = t.thread_id
		WHERE t.processlist_user = ? AND t.processlist_command IN `+dumps+` AND s.variable_name = 'Bytes_sent'`, []any{user},
		func(rows *sql.Rows) error { return rows.Scan(&sent) })
	if isNumber(err, noSelect) || isNumber(err, noColumn) || err == nil && !sent.Valid {
		return signal.Unknown, nil
	}
	return signal.Count(sent.Int64), err
}

// BinlogGrants are the rights that show the readers of the log, and those that show whether a
// reader makes progress. The latter are empty where the server does not keep count.
func (d *server) BinlogGrants(user string) (needed, more string) {
	who := account(user)
	if d.instrumented {
		more = "GRANT SELECT (thread_id, processlist_user, processlist_command) ON performance_schema.threads TO " + who + "; " +
			"GRANT SELECT (thread_id, variable_name, variable_value) ON performance_schema.status_by_thread TO " + who + ";"
	}
	return "GRANT PROCESS, REPLICATION CLIENT ON *.* TO " + who + ";", more
}
