package demo

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// historySchema is the tables of transitions, of orders and of the checkout's sagas.
const historySchema = `
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

// The statements that record one transition.
const (
	insertOrderTransition = `INSERT INTO order_moves (order_id, state, at, traceparent) VALUES (?1, ?2, ?3, (SELECT traceparent FROM orders WHERE id = ?1))`
	insertSagaTransition  = `INSERT INTO saga_moves (order_id, state, at) VALUES (?, ?, ?)`
)

func addTransition(ctx context.Context, tx *sql.Tx, insert, id, state string, at time.Time) error {
	_, err := tx.ExecContext(ctx, insert, id, state, at.UnixMilli())
	return err
}

// move puts an order into a state if its current state is one of from, so that an event
// that is delivered twice moves it once.
func (s *store) move(ctx context.Context, orderID, state string, at time.Time, from ...string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if moved, err := transitionIn(ctx, tx, orderID, state, at, from...); err != nil || !moved {
		return err
	}
	return tx.Commit()
}

func transitionIn(ctx context.Context, tx *sql.Tx, orderID, state string, at time.Time, from ...string) (moved bool, err error) {
	var before string
	if err := tx.QueryRowContext(ctx, `SELECT state FROM orders WHERE id = ?`, orderID).Scan(&before); err != nil {
		return false, err
	}
	if !slices.Contains(from, before) {
		return false, nil
	}
	// The timestamp never decreases, whatever a service's clock says: the copy for the
	// search depends on it.
	if _, err := tx.ExecContext(ctx, `UPDATE orders SET state = ?, state_since = max(?, state_since) WHERE id = ?`, state, at.UnixMilli(), orderID); err != nil {
		return false, err
	}
	return true, addTransition(ctx, tx, insertOrderTransition, orderID, state, at)
}

// overwritten records a transition that another service overwrites at once: only the
// history shows it.
func (s *store) overwritten(ctx context.Context, orderID, state string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, insertOrderTransition, orderID, state, at.UnixMilli())
	return err
}

// correct voids a transition of an order, as support does.
func (s *store) correct(ctx context.Context, orderID, state string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE order_moves SET void = 1 WHERE order_id = ? AND state = ?`, orderID, state)
	return err
}

// state returns the state of an order.
func (s *store) state(ctx context.Context, orderID string) (state string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT state FROM orders WHERE id = ?`, orderID).Scan(&state)
	return state, err
}

// step puts a saga into a step. The first step creates it.
func (s *store) step(ctx context.Context, id, step string, at time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `INSERT INTO sagas VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET step = excluded.step, step_since = excluded.step_since`, id, step, at.UnixMilli()); err != nil {
		return err
	}
	if err := addTransition(ctx, tx, insertSagaTransition, id, step, at); err != nil {
		return err
	}
	return tx.Commit()
}
