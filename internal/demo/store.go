package demo

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the shop's database
)

// schema is the tables of a small shop: orders, and an outbox that is written in the same
// transaction.
const schema = `
CREATE TABLE orders (
	id          TEXT PRIMARY KEY,
	state       TEXT NOT NULL,
	state_since INTEGER NOT NULL, -- Unix milliseconds
	created_at  INTEGER NOT NULL, -- Unix milliseconds
	total_cents INTEGER NOT NULL DEFAULT (abs(random()) % 20000 + 500),
	currency    TEXT NOT NULL DEFAULT (CASE abs(random()) % 5 WHEN 0 THEN 'USD' ELSE 'EUR' END),
	request     TEXT NOT NULL,    -- the idempotency key of the storefront
	traceparent TEXT NOT NULL     -- of the request that placed it
);
CREATE INDEX orders_created_at ON orders (created_at, id);
CREATE INDEX orders_state_since ON orders (state, state_since);
CREATE INDEX orders_changed ON orders (state_since);
CREATE TABLE search ( -- a copy of the orders
	order_id   TEXT PRIMARY KEY,
	state      TEXT NOT NULL,
	updated_at INTEGER NOT NULL
);
CREATE INDEX search_updated ON search (updated_at);
CREATE TABLE payments (
	id         INTEGER PRIMARY KEY,
	order_id   TEXT NOT NULL,
	created_at INTEGER NOT NULL -- Unix milliseconds
);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_created ON payments (created_at);
CREATE TABLE shipments (
	id         INTEGER PRIMARY KEY,
	order_id   TEXT NOT NULL,
	created_at INTEGER NOT NULL -- Unix milliseconds
);
CREATE INDEX shipments_order ON shipments (order_id);
CREATE INDEX shipments_created ON shipments (created_at);
CREATE TABLE outbox (
	id           INTEGER PRIMARY KEY,
	order_id     TEXT NOT NULL,
	traceparent  TEXT NOT NULL,
	created_at   INTEGER NOT NULL, -- Unix milliseconds
	published_at INTEGER
);
CREATE INDEX outbox_order ON outbox (order_id);
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX outbox_pending ON outbox (created_at, id) WHERE published_at IS NULL;
`

// store is the shop's database.
type store struct{ db *sql.DB }

func openStore(path string) (*store, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(off)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open shop database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema + historySchema); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("create shop tables: %w", err)
	}
	return &store{db}, nil
}

// place commits an order and its event together. published means that the relay does not
// have to publish the event.
func (s *store) place(ctx context.Context, orderID, request, traceparent string, at time.Time, published bool) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := addOrder(ctx, tx, orderID, request, traceparent, at); err != nil {
		return err
	}
	publishedAt := sql.NullInt64{Int64: at.UnixMilli(), Valid: published}
	if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (order_id, traceparent, created_at, published_at) VALUES (?, ?, ?, ?)`, orderID, traceparent, at.UnixMilli(), publishedAt); err != nil {
		return err
	}
	return tx.Commit()
}

func addOrder(ctx context.Context, tx *sql.Tx, orderID, request, traceparent string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO orders (id, state, state_since, created_at, request, traceparent) VALUES (?1, 'placed', ?2, ?2, ?3, ?4)`, orderID, at.UnixMilli(), request, traceparent); err != nil {
		return err
	}
	return addTransition(ctx, tx, insertOrderTransition, orderID, "placed", at)
}

// outboxRow is one event to publish.
type outboxRow struct {
	id          int64
	orderID     string
	traceparent string
}

// pending returns the oldest unpublished events.
func (s *store) pending(ctx context.Context, limit int) ([]outboxRow, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, order_id, traceparent FROM outbox WHERE published_at IS NULL ORDER BY created_at, id LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var pending []outboxRow
	for rows.Next() {
		var r outboxRow
		if err := rows.Scan(&r.id, &r.orderID, &r.traceparent); err != nil {
			return nil, err
		}
		pending = append(pending, r)
	}
	return pending, rows.Err()
}

// published marks an event as published.
func (s *store) published(ctx context.Context, id int64, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE outbox SET published_at = ? WHERE id = ?`, at.UnixMilli(), id)
	return err
}

// effect moves an order from one state to another and writes its payment or shipment in
// the same transaction. It is idempotent.
func (s *store) effect(ctx context.Context, orderID, from, to, table string, at time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	moved, err := transitionIn(ctx, tx, orderID, to, at, from)
	if err != nil || !moved {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (order_id, created_at) VALUES (?, ?)`, orderID, at.UnixMilli()); err != nil { //nolint:gosec // one of our own two tables
		return err
	}
	return tx.Commit()
}

// add writes a payment or a shipment of an order, even if one exists.
func (s *store) add(ctx context.Context, table, orderID string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO `+table+` (order_id, created_at) VALUES (?, ?)`, orderID, at.UnixMilli()) //nolint:gosec // see above
	return err
}

// removeShipment removes the latest shipment of an order.
func (s *store) removeShipment(ctx context.Context, orderID string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM shipments WHERE id = (SELECT max(id) FROM shipments WHERE order_id = ?)`, orderID)
	return err
}

// lastShipped returns the order that was shipped last.
func (s *store) lastShipped(ctx context.Context) (orderID string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT order_id FROM shipments ORDER BY id DESC LIMIT 1`).Scan(&orderID)
	return orderID, err
}
