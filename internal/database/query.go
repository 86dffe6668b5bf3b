package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// Reading is one READ ONLY transaction.
type Reading struct {
	db      *DB
	dialect dialect
	conn    *sql.Conn
	tx      *sql.Tx
	session session
	clock   Clock
	unseen  bool // nothing is asked: tables are what the config says
	aborted bool // the database refuses every further query of this transaction
}

// Clock is the database's clock against ours, as measured when the reading began.
func (r *Reading) Clock() Clock { return r.clock }

// query is one question, and what the guard needs to judge it.
type query struct {
	purpose string // "read the oldest pending rows"
	table   *Table
	sql     string
	args    []any
	limit   int // how many rows it reads at the most, when an index answers it
	where   []Condition
	whole   bool  // every row of the table counts: nothing is filtered out
	index   index // what would answer it
	places  bool  // the place of each row is asked for, too
}

// key names the query whatever the moments in its text are.
func (q query) key() string { return q.purpose + " of " + q.table.String() }

// errAborted is what follows an error after which the database takes no more
// queries in the transaction.
var errAborted = errors.New("not asked, because the error before it ended the transaction")

// run asks the guard, runs the query and hands each row to scan.
func (r *Reading) run(ctx context.Context, q query, scan func(*sql.Rows) error) error {
	return r.runAs(ctx, q, q, scan)
}

// runAs is run for a query that reads many rows because it is meant to: as many as
// its caller bounded. The guard is asked about another that reads few in the same
// way, so that it says whether an index leads there.
func (r *Reading) runAs(ctx context.Context, q, probe query, scan func(*sql.Rows) error) error {
	if r.aborted {
		return fmt.Errorf("%s: %w", q.purpose, errAborted)
	}
	if err := r.guard(ctx, probe); err != nil {
		return err
	}
	index, led := r.db.led[q.key()]
	if led {
		q = r.ledBy(q, index)
	}
	if err := r.ask(ctx, q.sql, q.args, scan); err != nil {
		if led { // the index may be gone
			delete(r.db.led, q.key())
			delete(r.db.accepted, q.key())
		}
		r.aborted = r.dialect.name() == postgresName
		return r.fail(q.purpose, &q, err)
	}
	return nil
}

// ask runs one query within the statement timeout and returns the driver's error.
func (r *Reading) ask(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	return r.call(ctx, 1, text, func(ctx context.Context) error {
		rows, err := r.tx.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// call has n queries run, each within the statement timeout, and returns the
// driver's error.
func (r *Reading) call(ctx context.Context, n int, text string, do func(context.Context) error) (err error) {
	// The server ends a statement first where it can, for it then says so.
	patience := time.Duration(n) * r.db.config.statementTimeout()
	if r.dialect.name() != sqliteName {
		patience += time.Second
	}
	queryCtx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	queryCtx, end := span.Call(queryCtx, r.dialect.name()+" query", attribute.String("db.system.name", strings.ToLower(r.dialect.name())), attribute.String("db.query.text", text))
	defer func() { end(err) }()
	return timedOut(ctx, queryCtx, do(queryCtx))
}

// errStatementTimeout says that our own patience with one query ended, not that
// with the reading.
var errStatementTimeout = errors.New("timeout of the statement")

func timedOut(ctx, queryCtx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case queryCtx.Err() != nil:
		return errStatementTimeout
	}
	return err
}
