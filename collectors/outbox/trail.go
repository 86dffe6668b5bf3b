package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// Reasons why an outbox cannot be searched for an order.
var (
	errLogReader = errors.New("its relay reads the log of the database, which lostorder cannot search for one order")
	errNoOrderID = errors.New("the config names no column that holds the order; set columns.order_id")
)

// Trail looks up the outbox rows of an order.
func (r *reader) Trail(ctx context.Context, orderID string) ([]signal.Place, error) {
	place := signal.Place{Store: r.config.Database, Name: cmp.Or(r.config.Table, r.config.Name), Holds: "outbox rows"}
	switch {
	case r.config.Slot != "" || r.config.BinlogUser != "":
		place.Err = errLogReader
	case len(r.config.Columns.OrderID) == 0:
		place.Err = errNoOrderID
	default:
		place.Err = r.db.Read(ctx, func(in *database.Reading) error { return r.trail(ctx, in, orderID, &place) })
	}
	return []signal.Place{place}, nil
}

func (r *reader) trail(ctx context.Context, in *database.Reading, orderID string, place *signal.Place) error {
	t, err := find(ctx, in, &r.config, &r.preset)
	if err != nil {
		return err
	}
	if len(t.orderID) == 0 {
		return errNoOrderID // this version of the library has no such column
	}
	l := database.Lookup{
		What: "outbox rows", Table: t.pending.Table, Key: t.orderID, Text: orderID, Where: t.scope,
		Moments: []database.Column{t.createdAt}, Fields: []database.Column{t.id}, Most: collectors.MostRows,
	}
	for _, more := range []*database.Column{t.attempts, t.lastError, t.traceparent} {
		if more == nil {
			more = &t.id // keeps the places of the others
		}
		l.Fields = append(l.Fields, *more)
	}
	if t.publishedAt != nil {
		l.Moments = append(l.Moments, *t.publishedAt)
	}
	rows, err := in.Lookup(ctx, l)
	place.Searched = t.kept()
	if err != nil || len(rows) == 0 {
		return err
	}
	if len(rows) == collectors.MostRows {
		place.Searched = fmt.Sprintf("%d rows, and there may be more", len(rows))
	}
	if t.position != nil {
		if _, _, err := t.readPending(ctx, in); err != nil {
			return err // which rows are pending is unknown
		}
	}
	pending, err := t.keys(ctx, in, l, t.pending)
	if err != nil {
		return err
	}
	var failed map[string]bool
	if t.failed != nil {
		if failed, err = t.keys(ctx, in, l, *t.failed); err != nil {
			return err
		}
	}
	for _, row := range rows {
		r.add(place, t, row, pending[row.Fields[0]], failed[row.Fields[0]])
	}
	return nil
}

// add adds what one row shows.
func (r *reader) add(place *signal.Place, t *table, row database.LookedUp, pending, failed bool) {
	event := signal.Event{
		Kind: signal.EventRow, At: row.Moments[0], What: "event was written to outbox " + r.config.Name,
		Key: database.Shown([]database.Column{t.id}, row.Fields[:1]),
	}
	if t.due != nil && t.createdAt.Name == t.due.Name {
		event.What = "event in outbox " + r.config.Name + " became due"
	}
	if t.attempts != nil && row.Fields[1] != "" && row.Fields[1] != "0" {
		event.What += "; attempts to publish it: " + row.Fields[1]
	}
	if t.lastError != nil {
		event.Detail = row.Fields[2]
	}
	if t.traceparent != nil {
		event.TraceID, event.SpanID = span.Parent(row.Fields[3])
	}
	place.Events = append(place.Events, event)
	switch published := t.publishedAt != nil && row.Moments[1].Known(); {
	case published:
		place.Events = append(place.Events, signal.Event{
			Kind: signal.EventPublished, At: row.Moments[1], What: "event was published", Key: event.Key, TraceID: event.TraceID,
		})
	case failed:
		place.Events = append(place.Events, signal.Event{Kind: signal.EventFault, What: "the relay has given up the event", Key: event.Key})
	case pending && row.Moments[0].Known():
		place.Expected = append(place.Expected, signal.Expectation{
			What: "the relay of outbox " + r.config.Name + " publishes the event", By: row.Moments[0].Add(time.Duration(r.config.MaxAge)),
		})
	case !pending:
		place.Events[len(place.Events)-1].What += "; it is no longer pending"
	}
}

// keys are the keys of the rows of an order that are in a selection.
func (t *table) keys(ctx context.Context, in *database.Reading, l database.Lookup, s database.Selection) (map[string]bool, error) {
	l.What, l.Where, l.Moments, l.Fields = s.What+" of an order", s.Where, nil, []database.Column{t.id}
	rows, err := in.Lookup(ctx, l)
	keys := make(map[string]bool, len(rows))
	for _, row := range rows {
		keys[row.Fields[0]] = true
	}
	return keys, err
}

// kept says which rows are in the table where it does not keep those that were published.
func (t *table) kept() string {
	if len(t.pending.Where) > len(t.scope) || t.position != nil {
		return ""
	}
	return "only rows that are not published yet: the relay deletes the others"
}
