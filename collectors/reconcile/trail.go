package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// Trail looks up an order on both sides, and compares what they hold of it.
func (r *reader) Trail(ctx context.Context, orderID string) ([]signal.Place, error) {
	sides := [2]*side{r.sides[left], r.sides[right]}
	for i, primary := range []int{leftPrimary, rightPrimary} {
		if r.sides[primary] != nil {
			sides[i] = r.sides[primary] // it is never behind
		}
	}
	var places [2]signal.Place
	readable := true
	for i, s := range sides {
		places[i] = signal.Place{Store: s.config.Database, Name: s.config.Table, Holds: "rows"}
		places[i].Err = s.find(ctx, func(string) {})
		readable = readable && places[i].Err == nil
	}
	if readable {
		agree(sides[:])
	}
	var found [2]map[string]compare.Found
	for i, s := range sides {
		if places[i].Err != nil {
			continue
		}
		s.keyed.Younger, s.keyed.Once = time.Duration(r.config.Within), r.config.Expect == atLeastOne && i == right
		keys := s.keysOf(orderID)
		if len(keys) == 0 {
			continue
		}
		places[i].Err = s.ask(ctx, func(in *database.Reading) (err error) {
			found[i], err = s.keyed.Find(ctx, in, keys)
			return err
		})
		for _, f := range found[i] {
			places[i].Events = append(places[i].Events, rowEvents(f, r.worthOf(i, f))...)
		}
	}
	if places[left].Err == nil && places[right].Err == nil && comparable(sides[:]) == nil {
		for id := range union(found) {
			r.missing(&places, r.mismatchOf(found[left][id], found[right][id]))
		}
	}
	return places[:], nil
}

// keysOf are the keys that an order id may stand for, in the forms of the side.
func (s *side) keysOf(orderID string) (keys []database.Key) {
	for _, key := range database.Keys(orderID, len(s.keyed.Key)) {
		possible := true
		for i, form := range s.keyed.KeyForms {
			text, ok := database.InForm(form, key[i])
			key[i], possible = text, possible && ok
		}
		if possible {
			keys = append(keys, key)
		}
	}
	return keys
}

// worthOf says what each of the rows under one key of a side is worth; empty where that is
// unknown.
func (r *reader) worthOf(role int, f compare.Found) string {
	amount := r.amount(role, f, 1)
	switch {
	case amount.Orders == 0:
		return ""
	case f.Rows > 1:
		return ", each worth " + phrase.Money(amount.Currency, amount.Value)
	}
	return ", worth " + phrase.Money(amount.Currency, amount.Value)
}

// rowEvents are what the rows under one key show.
func rowEvents(f compare.Found, worth string) []signal.Event {
	what := "row was created or last changed" + worth
	if f.Rows > 1 {
		what = fmt.Sprintf("first of %d rows was created or last changed%s", f.Rows, worth)
	}
	event := signal.Event{Kind: signal.EventRow, At: f.Since, What: what}
	event.TraceID, event.SpanID = span.Parent(f.Trace)
	events := []signal.Event{event}
	if f.Rows > 1 && f.Last != f.Since {
		event.At, event.What = f.Last, fmt.Sprintf("last of %d rows was created or last changed", f.Rows)
		events = append(events, event)
	}
	return events
}

// union is the keys that one of the sides has.
func union(found [2]map[string]compare.Found) map[string]bool {
	all := map[string]bool{}
	for _, side := range found {
		for id := range side {
			all[id] = true
		}
	}
	return all
}

// missing adds what the check finds wrong with the order.
func (r *reader) missing(places *[2]signal.Place, m mismatch) {
	c := &r.config
	expect := func(role int, other *Side) {
		places[role].Expected = append(places[role].Expected, signal.Expectation{
			What: fmt.Sprintf("a row belongs to the one in %s (check %s)", other.Table, c.Name), By: m.since.Add(r.grace),
		})
	}
	switch m.kind {
	case signal.MissingRight:
		expect(right, &c.Left)
	case signal.MissingLeft:
		expect(left, &c.Right)
	case signal.Duplicate:
		places[right].Events = append(places[right].Events, signal.Event{
			Kind: signal.EventFault, At: m.since, What: fmt.Sprintf("%s, where check %s expects one at most", m.detail, c.Name),
		})
	case signal.Different:
		places[right].Events = append(places[right].Events, signal.Event{
			Kind: signal.EventFault, At: m.since, What: fmt.Sprintf("values differ from those in %s (check %s)", c.Left.Table, c.Name), Detail: m.detail,
		})
	}
}
