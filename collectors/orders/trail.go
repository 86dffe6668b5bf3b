package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// Trail looks up the row of an order, and its history. Each has a transaction of its own,
// for an error ends it.
func (r *reader) Trail(ctx context.Context, orderID string) ([]signal.Place, error) {
	c := &r.config
	row := signal.Place{Store: c.Source.Database, Name: cmp.Or(c.Source.Table, "query of "+c.Name), Holds: "orders"}
	row.Err = r.db.Read(ctx, func(in *database.Reading) error { return r.rowTrail(ctx, in, orderID, &row) })
	if c.History == nil {
		return []signal.Place{row}, nil
	}
	history := signal.Place{Store: c.Source.Database, Name: cmp.Or(c.History.Table, "history of "+c.Name), Holds: "transitions"}
	history.Err = r.db.Read(ctx, func(in *database.Reading) error { return r.historyTrail(ctx, in, orderID, &history) })
	return []signal.Place{row, history}, nil
}

// rowTrail is the state of the order now, and when it should leave it.
func (r *reader) rowTrail(ctx context.Context, in *database.Reading, orderID string, place *signal.Place) error {
	c := &r.config
	t, err := find(ctx, in, &c.Source)
	if err != nil {
		return err
	}
	fields := t.fieldsWith(append([]database.Column{t.state}, t.worth.Columns()...)...)
	rows, err := in.Lookup(ctx, database.Lookup{
		What: "orders", Table: t.found, Key: t.orderID, Text: orderID, Where: t.where,
		Moments: []database.Column{t.at}, Fields: fields, Most: collectors.MostRows,
	})
	for _, row := range rows {
		state, since := row.Fields[len(t.orderID)], row.Moments[0]
		event := signal.Event{Kind: signal.EventState, At: since}
		event.TraceID, event.SpanID = t.traceOf(row.Fields)
		i := r.stateOf(in, t.state, state)
		if i == undeclared {
			event.What = fmt.Sprintf("is in state %s, which lifecycle %s does not declare", shownState(state), c.Name)
			place.Events = append(place.Events, event)
			continue
		}
		name, declared := c.States[i].Name, c.States[i].Value
		event.What = "is in state " + name
		if worth := t.worth.Columns(); len(worth) > 0 {
			event.What += r.worthOf(row.Fields[len(t.orderID)+1:][:len(worth)])
		}
		if c.Source.Columns.Updated != "" {
			event.What += "; the row was last changed then"
		}
		if declared.Failed {
			event.What += ", which does not end without repair"
		}
		place.Events = append(place.Events, event)
		if longest := time.Duration(declared.Max); longest > 0 && since.Known() && c.Source.Columns.Updated == "" {
			place.Expected = append(place.Expected, signal.Expectation{What: leaves(name, declared.Next), By: since.Add(longest)})
		}
	}
	return err
}

// historyTrail is the transitions of the order, and when it should have reached its end.
func (r *reader) historyTrail(ctx context.Context, in *database.Reading, orderID string, place *signal.Place) error {
	t, err := findHistory(ctx, in, r.config.History)
	if err != nil {
		return err
	}
	rows, err := in.Lookup(ctx, database.Lookup{
		What: "transitions of an order", Table: t.found, Key: t.orderID, Text: orderID, Where: t.where,
		Moments: []database.Column{t.at}, Fields: t.fieldsWith(append([]database.Column{t.state}, t.key...)...), Most: collectors.MostRows,
	})
	if len(rows) == collectors.MostRows {
		place.Searched = fmt.Sprintf("%d transitions, and there may be more", len(rows))
	}
	n := len(t.orderID)
	ended := false
	var began signal.Instant
	for _, row := range rows {
		state := row.Fields[n]
		event := signal.Event{Kind: signal.EventTransition, At: row.Moments[0], Key: database.Shown(t.key, row.Fields[n+1:n+1+len(t.key)])}
		event.TraceID, event.SpanID = t.traceOf(row.Fields)
		if i := r.stateOf(in, t.state, state); i == undeclared {
			event.What = fmt.Sprintf("entered state %s, which lifecycle %s does not declare", shownState(state), r.config.Name)
		} else {
			event.What = "entered state " + r.config.States[i].Name
			ended = ended || r.graph.ends.has(i)
		}
		if event.At.Known() && (!began.Known() || event.At < began) {
			began = event.At
		}
		place.Events = append(place.Events, event)
	}
	if longest := time.Duration(r.config.Max); longest > 0 && began.Known() && !ended && place.Searched == "" {
		place.Expected = append(place.Expected, signal.Expectation{What: "reaches the end of lifecycle " + r.config.Name, By: began.Add(longest)})
	}
	return err
}

// traceOf reads the trace of a row whose traceparent, if the table has one, is its last field.
func (t *orderRows) traceOf(fields []string) (traceID, spanID string) {
	if t.traceparent == nil {
		return "", ""
	}
	return span.Parent(fields[len(fields)-1])
}

// leaves says which states may follow one.
func leaves(state string, next []string) string {
	if len(next) == 0 {
		return "leaves state " + state
	}
	next = slices.Clone(next)
	if last := len(next) - 1; last > 0 {
		next = append(next[:last-1], next[last-1]+" or "+next[last])
	}
	return "leaves state " + state + " for " + strings.Join(next, ", ")
}

// shownState is a value of the state column that no state stands for.
func shownState(value string) string {
	if value == "" {
		return "NULL"
	}
	return value
}
