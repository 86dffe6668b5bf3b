package demo

import (
	"context"
	"time"
)

// copyChanged copies the orders that changed since a moment to the search. Newer rows of
// the search stay.
func (s *store) copyChanged(ctx context.Context, since int64) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO search SELECT id, state, state_since FROM orders WHERE state_since >= ?
		ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at WHERE excluded.updated_at >= search.updated_at AND excluded.state <> search.state`, since)
	return err
}

// overwrite writes a state of an order to the search, as a late event does.
func (s *store) overwrite(ctx context.Context, orderID, state string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE search SET state = ?, updated_at = ? WHERE order_id = ?`, state, at.UnixMilli(), orderID)
	return err
}

// placeSilent commits an order without its event.
func (s *store) placeSilent(ctx context.Context, orderID, traceparent string, at time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := addOrder(ctx, tx, orderID, orderID, traceparent, at); err != nil {
		return err
	}
	return tx.Commit()
}

// addEvent writes the event of an order as already published.
func (s *store) addEvent(ctx context.Context, orderID string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO outbox (order_id, traceparent, created_at, published_at) VALUES (?1, '', ?2, ?2)`, orderID, at.UnixMilli())
	return err
}

// cleanUp removes published events from before a moment.
func (s *store) cleanUp(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM outbox WHERE published_at IS NOT NULL AND created_at < ?`, before.UnixMilli())
	return err
}
