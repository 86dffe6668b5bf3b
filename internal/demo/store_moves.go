package demo

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// movesSchema is what the shop keeps of the past: a row for each move of an order,
// and the sagas of its checkout with theirs.
const movesSchema = `
CREATE TABLE order_moves (
	id          INTEGER PRIMARY KEY,
	order_id    TEXT NOT NULL,
	state       TEXT NOT NULL,
	at          INTEGER NOT NULL, -- Unix milliseconds
	traceparent TEXT, -- of the order
	void        INTEGER NOT NULL DEFAULT 0 -- corrected by support
);
CREATE INDEX order_moves_at ON order_moves (at, id) WHERE void = 0;
CREATE INDEX order_moves_order ON order_moves (order_id, at);
CREATE TABLE sagas (
	id         TEXT PRIMARY KEY,
	step       TEXT NOT NULL,
	step_since INTEGER NOT NULL -- Unix milliseconds
);
CREATE INDEX sagas_step_since ON sagas (step, step_since);
CREATE TABLE saga_moves (
	id       INTEGER PRIMARY KEY,
	order_id TEXT NOT NULL,
	state    TEXT NOT NULL,
	at       INTEGER NOT NULL, -- Unix milliseconds
	void     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX saga_moves_at ON saga_moves (at, id) WHERE void = 0;
CREATE INDEX saga_moves_order ON saga_moves (order_id, at);
`

// The tables that have a row for each move.
const (
	ofOrder = `INSERT INTO order_moves (order_id, state, at, traceparent) VALUES (?1, ?2, ?3, (SELECT traceparent FROM orders WHERE id = ?1))`
	ofSaga  = `INSERT INTO saga_moves (order_id, state, at) VALUES (?, ?, ?)`
)

func addMove(ctx context.Context, tx *sql.Tx, insert, id, state string, at time.Time) error {
	_, err := tx.ExecContext(ctx, insert, id, state, at.UnixMilli())
	return err
}

// move puts an order into a state, if it is in one of those that it may come from,
// so that an event that is delivered twice moves it once.
func (s *store) move(ctx context.Context, orderID, state string, at time.Time, from ...string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if moved, err := moveIn(ctx, tx, orderID, state, at, from...); err != nil || !moved {
		return err
	}
	return tx.Commit()
}

func moveIn(ctx context.Context, tx *sql.Tx, orderID, state string, at time.Time, from ...string) (moved bool, err error) {
	var before string
	if err := tx.QueryRowContext(ctx, `SELECT state FROM orders WHERE id = ?`, orderID).Scan(&before); err != nil {
		return false, err
	}
	if !slices.Contains(from, before) {
		return false, nil
	}
	// The moment never goes back, whatever the clock of a service says: the copy for
	// the search goes by it.
	if _, err := tx.ExecContext(ctx, `UPDATE orders SET state = ?, state_since = max(?, state_since) WHERE id = ?`, state, at.UnixMilli(), orderID); err != nil {
		return false, err
	}
	return true, addMove(ctx, tx, ofOrder, orderID, state, at)
}

// overwritten writes a move of an order that another service overwrites at once:
// the order table shows nothing of it.
func (s *store) overwritten(ctx context.Context, orderID, state string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, ofOrder, orderID, state, at.UnixMilli())
	return err
}

// correct makes a move of an order void, as support does.
func (s *store) correct(ctx context.Context, orderID, state string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE order_moves SET void = 1 WHERE order_id = ? AND state = ?`, orderID, state)
	return err
}

// state is the state of an order.
func (s *store) state(ctx context.Context, orderID string) (state string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT state FROM orders WHERE id = ?`, orderID).Scan(&state)
	return state, err
}

// step puts a saga into a step; the first one begins it.
func (s *store) step(ctx context.Context, id, step string, at time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `INSERT INTO sagas VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET step = excluded.step, step_since = excluded.step_since`, id, step, at.UnixMilli()); err != nil {
		return err
	}
	if err := addMove(ctx, tx, ofSaga, id, step, at); err != nil {
		return err
	}
	return tx.Commit()
}
