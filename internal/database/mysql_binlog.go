package database

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Binlog is one look at the binary log of MySQL or MariaDB and at those who read it.
type Binlog struct {
	Server  string       // which one it is
	Files   []LogFile    // that it still has, the oldest first
	Readers int          // threads that send the log to a user
	SentAll bool         // one of them has sent all that there is
	Sent    signal.Count // bytes sent on their connections, where none has sent all and the server tells
	Others  []string     // the other users who read it
	Kept    time.Duration
}

// LogFile is one file of a binary log.
type LogFile struct {
	Name string
	Size int64
}

// dumps are the words for a thread that sends the binary log to somebody.
const dumps = "('Binlog Dump', 'Binlog Dump GTID')"

// Binlog reads how far the server has written its binary log, and whether it sends it
// to a user. Who does not have PROCESS is shown his own threads only, without a word:
// something is asked first that is refused without it, so that nobody is taken to be
// away who is only not shown.
func (r *Reading) Binlog(ctx context.Context, user string) (*Binlog, error) {
	doing := "read who reads the binary log"
	d, ok := r.dialect.(*mysql)
	if !ok {
		return nil, fmt.Errorf("%s: database %s is %s, and only MySQL and MariaDB have one; watch the replication slot or the table instead", doing, r.db.config.Name, r.dialect.name())
	}
	b := &Binlog{Sent: signal.Unknown}
	err := r.ask(ctx, "SELECT concat_ws('/', @@hostname, @@port, @@server_id), @@performance_schema", nil,
		func(rows *sql.Rows) error { return rows.Scan(&b.Server, &d.instrumented) })
	if err == nil {
		err = r.ask(ctx, "SELECT count(*) FROM information_schema.innodb_cmp", nil, func(*sql.Rows) error { return nil })
	}
	if err == nil {
		err = r.ask(ctx, "SELECT user, coalesce(state, '') FROM information_schema.processlist WHERE command IN "+dumps, nil, func(rows *sql.Rows) error {
			var who, state string
			if err := rows.Scan(&who, &state); err != nil {
				return err
			}
			b.seen(who, state, user)
			return nil
		})
	}
	if err == nil { // after the threads: who was gone by then has not been sent more
		b.Files, err = r.logFiles(ctx)
	}
	if err == nil && b.Readers == 0 {
		b.Kept, err = r.logKept(ctx)
	}
	if err == nil && b.Readers > 0 && !b.SentAll && d.instrumented {
		b.Sent, err = r.sentTo(ctx, user)
	}
	switch {
	case isNumber(err, noRight):
		needed, _ := d.binlogGrants(r.session.user)
		return nil, &failure{doing: doing, reason: fmt.Sprintf("user %q may not see the threads of others, or not how far the log is written; run as an administrator: %s", r.session.user, needed), cause: err}
	case isNumber(err, noBinlog):
		return nil, &failure{doing: doing, reason: "the server writes none (log_bin is off), so that no relay can read it", cause: err}
	case err != nil:
		return nil, r.fail(doing, nil, err)
	}
	return b, nil
}

const (
	noBinlog = 1381
	noSelect = 1142 // on a table
	noColumn = 1143
)

// seen takes in a thread that sends the log.
func (b *Binlog) seen(who, state, user string) {
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

// logFiles lists the files of the log. The last one is being written, and its size is
// how far it is.
func (r *Reading) logFiles(ctx context.Context) (files []LogFile, err error) {
	err = r.ask(ctx, "SHOW BINARY LOGS", nil, func(rows *sql.Rows) error {
		row, err := byName(rows) // which says in MySQL, too, whether the file is encrypted
		if err != nil {
			return err
		}
		f := LogFile{Name: row["Log_name"]}
		if f.Size, err = strconv.ParseInt(row["File_size"], 10, 64); err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// logKept is how long the server keeps its log; 0 where it does not say, or for ever.
func (r *Reading) logKept(ctx context.Context) (kept time.Duration, err error) {
	err = r.ask(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days')", nil, func(rows *sql.Rows) error {
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

// sentTo is how many bytes the server has sent on the connections on which a user reads
// the log; Unknown where it is not to be known, which takes nothing away but that.
func (r *Reading) sentTo(ctx context.Context, user string) (signal.Count, error) {
	var sent sql.NullInt64
	err := r.ask(ctx, `SELECT cast(sum(s.variable_value) AS SIGNED) FROM performance_schema.threads AS t
		JOIN performance_schema.status_by_thread AS s ON s.thread_id = t.thread_id
		WHERE t.processlist_user = ? AND t.processlist_command IN `+dumps+` AND s.variable_name = 'Bytes_sent'`, []any{user},
		func(rows *sql.Rows) error { return rows.Scan(&sent) })
	if isNumber(err, noSelect) || isNumber(err, noColumn) || err == nil && !sent.Valid {
		return signal.Unknown, nil
	}
	return signal.Count(sent.Int64), err
}

// binlogGrants are the rights without which nobody is told who reads the log, and those
// with which it can be told that a reader takes nothing; the latter are empty where the
// server does not keep count.
func (d *mysql) binlogGrants(user string) (needed, more string) {
	who := account(user)
	if d.instrumented {
		more = "GRANT SELECT (thread_id, processlist_user, processlist_command) ON performance_schema.threads TO " + who + "; " +
			"GRANT SELECT (thread_id, variable_name, variable_value) ON performance_schema.status_by_thread TO " + who + ";"
	}
	return "GRANT PROCESS, REPLICATION CLIENT ON *.* TO " + who + ";", more
}
