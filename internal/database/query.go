package database

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// Reading is one READ ONLY transaction.
type Reading struct {
	db       *DB
	dialect  dialect.Dialect
	conn     *sql.Conn
	tx       *sql.Tx
	session  dialect.Session
	clock    Clock
	unseen   bool // nothing is asked: tables are what the config says
	aborted  bool // the database refuses every further query of this transaction
	remedies []signal.Remedy
	warnings []string
	cut      bool              // a query was cut short, and the server may still be busy with it
	asked    func(text string) // is given each query; nil except in tests
}

// Clock is the database's clock against ours, as measured when the reading began.
func (r *Reading) Clock() Clock { return r.clock }

// Remedies are what to do about the errors of the reading so far, also of those that a source
// reports as a warning.
func (r *Reading) Remedies() []signal.Remedy { return r.remedies }

// Dialect is how the database of the reading writes SQL.
func (r *Reading) Dialect() dialect.Dialect { return r.dialect }

// From is what stands for a table after FROM.
func (r *Reading) From(t *Table) string { return dialect.From(r.dialect, t) }

// run asks the guard, runs the query and hands each row to scan.
func (r *Reading) run(ctx context.Context, q dialect.Query, scan func(*sql.Rows) error) error {
	return r.Run(ctx, q, q, scan)
}

// Run runs a query that may read many rows, as many as its caller bounded, and hands each row
// to scan. The guard decides by another query that reads few rows in the same way, so that it
// finds out whether an index leads there.
func (r *Reading) Run(ctx context.Context, q, probe dialect.Query, scan func(*sql.Rows) error) error {
	if r.aborted {
		return fmt.Errorf("%s: %w", q.Purpose, errNotAsked)
	}
	if err := r.guard(ctx, probe); err != nil {
		return err
	}
	index, hinted := r.db.hints[q.Key()]
	if hinted {
		q = r.hint(q, index)
	}
	err := r.sorting(ctx, r.db.sorted[q.Key()], func() error { return r.ask(ctx, q.SQL, q.Args, scan) })
	if err != nil {
		if hinted { // the index may be gone
			delete(r.db.hints, q.Key())
			delete(r.db.accepted, q.Key())
		}
		r.aborted = r.dialect.Traits().ErrorsAbort
		return r.fail(q.Purpose, &q, err)
	}
	return nil
}

// sorting lets the database sort while do runs, if on.
func (r *Reading) sorting(ctx context.Context, on bool, do func() error) error {
	d, ok := r.dialect.(dialect.Sorter)
	if !ok || !on {
		return do()
	}
	if err := d.Sort(ctx, transaction{r}, true); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // which ended the transaction
	}
	return d.Sort(ctx, transaction{r}, false)
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

// call has n queries run, each within the statement timeout, and returns the driver's error.
func (r *Reading) call(ctx context.Context, n int, text string, do func(context.Context) error) (err error) {
	// Where the server ends a statement it should do so first, for it then says so.
	timeout := time.Duration(n) * r.db.config.statementTimeout()
	if r.dialect.Traits().EndsStatements {
		timeout += time.Second
	}
	queryCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if r.asked != nil {
		r.asked(text)
	}
	queryCtx, end := span.Query(queryCtx, r.dialect.Name(), text)
	defer func() { end(err) }()
	err = do(queryCtx)
	r.cut = r.cut || err != nil && queryCtx.Err() != nil
	return dialect.TimedOut(ctx, queryCtx, err)
}

// transaction is a reading as an engine uses it.
type transaction struct{ r *Reading }

func (t transaction) Ask(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	return t.r.ask(ctx, query, args, scan)
}

func (t transaction) Names(ctx context.Context, query string, args ...any) (names []string, err error) {
	err = t.r.ask(ctx, query, args, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

func (t transaction) Exec(ctx context.Context, statement string) error {
	_, err := t.r.tx.ExecContext(ctx, statement)
	return err
}

func (t transaction) Abort() { t.r.aborted = true }

func (t transaction) User() string { return t.r.session.User }
