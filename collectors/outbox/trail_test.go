package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// trail looks up one order in the only outbox of a config.
func trail(t *testing.T, text, orderID string) signal.Place {
	t.Helper()
	places, err := collectors.Trail(t.Context(), load(t, text)[0], orderID)
	if err != nil || len(places) != 1 {
		t.Fatalf("%d places, error %v", len(places), err)
	}
	return places[0]
}

// told writes a place as text, with ages instead of times.
func told(p signal.Place) string {
	now := signal.InstantOf(time.Now())
	age := func(at signal.Instant) string {
		if !at.Known() {
			return "?"
		}
		return now.Sub(at).Round(10 * time.Second).String()
	}
	lines := []string{p.Store + " " + p.Name + " " + p.Holds}
	for _, e := range p.Events {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s (%s) %s", age(e.At), e.Kind, e.What, e.Key, e.Detail)))
	}
	for _, x := range p.Expected {
		lines = append(lines, fmt.Sprintf("expected %s %s", age(x.By), x.What))
	}
	if p.Searched != "" {
		lines = append(lines, "searched "+p.Searched)
	}
	if p.Err != nil {
		lines = append(lines, "gap "+p.Err.Error())
	}
	return strings.Join(lines, "\n")
}

const written = "event was written to outbox orders"

func TestTrailShowsWhichEventsWerePublished(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, "CREATE INDEX outbox_order ON outbox (aggregate_id)")
		add(t, s, 1, 10*time.Minute)
		add(t, s, 2, 8*time.Minute)
		add(t, s, 3, 7*time.Minute)
		s.Run(t, "UPDATE outbox SET aggregate_id = 'A-17' WHERE id < 3", fmt.Sprintf("UPDATE outbox SET published_at = %s WHERE id = 1", s.Ago(9*time.Minute)),
			"UPDATE outbox SET attempts = 12, last_error = 'broker refuses' WHERE id = 2")
		place := trail(t, settings(s.URL, everything), "A-17")
		const want = "shop outbox outbox rows\n10m0s row " + written + " (1)\n9m0s published event was published (1)\n8m0s row " + written +
			"; attempts to publish it: 12 (2) broker refuses\nexpected 7m0s the relay of outbox orders publishes the event"
		if got := told(place); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if place.Events[0].TraceID != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("the trace is %q", place.Events[0].TraceID)
		}
		if place := trail(t, settings(s.URL, everything), "A-18"); len(place.Events) > 0 || place.Err != nil {
			t.Errorf("an order without events has %s", told(place))
		}
	})
}

func TestTrailKnowsPendingRowsByEachWay(t *testing.T) {
	for sentence, c := range map[string]struct {
		setup  []string
		config []string
		want   string
	}{
		"a predicate": {
			[]string{"UPDATE outbox SET status = 'SENT' WHERE id = 1", "UPDATE outbox SET status = 'FAILED' WHERE id = 3"},
			[]string{"pending: status = 'PENDING'", "failed: status = 'FAILED'", "columns: {order_id: aggregate_id}"},
			"10m0s row " + written + "; it is no longer pending (1)\n8m0s row " + written + " (2)\n6m0s row " + written + " (3)\n" +
				"? fault the relay has given up the event (3)\nexpected 7m0s the relay of outbox orders publishes the event",
		},
		"the position of the relay": {
			[]string{"CREATE TABLE relay (last_id BIGINT)", "INSERT INTO relay VALUES (2)"},
			[]string{"position: {table: relay, columns: last_id}", "columns: {order_id: aggregate_id}"},
			"10m0s row " + written + "; it is no longer pending (1)\n8m0s row " + written + "; it is no longer pending (2)\n6m0s row " + written +
				" (3)\nexpected 5m0s the relay of outbox orders publishes the event",
		},
		"a relay that deletes": {
			[]string{"DELETE FROM outbox WHERE id < 3"},
			[]string{"columns: {order_id: aggregate_id}"},
			"6m0s row " + written + " (3)\nexpected 5m0s the relay of outbox orders publishes the event\n" +
				"searched only rows that are not published yet: the relay deletes the others",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := databasetest.SQLite(t)
			makeTable(t, s)
			for id := 1; id <= 3; id++ {
				add(t, s, id, time.Duration(12-2*id)*time.Minute)
			}
			s.Run(t, "UPDATE outbox SET aggregate_id = 'A-17'")
			s.Run(t, c.setup...)
			if got, want := told(trail(t, settings(s.URL, c.config...), "A-17")), "shop outbox outbox rows\n"+c.want; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTrailSaysWhyAnOutboxCannotBeSearched(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at) SELECT i, 'x', %s FROM %s", s.Ago(time.Hour), s.Many(30_000)))
		s.Analyse(t, "outbox")
		for sentence, c := range map[string]struct{ config, want string }{
			"no index":    {everything, "look up outbox rows: refused, because it would read all of table"},
			"no order id": {"columns: {published_at: published_at}", "set columns.order_id"},
			"no column":   {"columns: {published_at: published_at, order_id: order_no}", `has no column "order_no"`},
		} {
			if place := trail(t, settings(s.URL, c.config), "A-17"); place.Err == nil || !strings.Contains(place.Err.Error(), c.want) || len(place.Events) > 0 {
				t.Errorf("%s: %s", sentence, told(place))
			}
		}
	})
	if place := trail(t, "databases: [{name: shop, url: 'postgres://lostorder@127.0.0.1:1/shop'}]\noutboxes: [{name: orders, database: shop, slot: debezium}]\n", "A-17"); place.Name != "orders" || place.Err == nil ||
		!strings.Contains(place.Err.Error(), "reads the log") {
		t.Errorf("a slot is %s", told(place))
	}
}

// TestTrailReadsABoundedNumberOfRows of an order that never ends.
func TestTrailReadsABoundedNumberOfRows(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at, published_at) SELECT i, 'A-17', %s, %s FROM %s", s.Ago(time.Hour), s.Ago(time.Minute), s.Many(1000)))
	place := trail(t, settings(s.URL, everything), "A-17")
	if len(place.Events) != 2*collectors.MostRows || place.Searched != "200 rows, and there may be more" {
		t.Errorf("%d events, searched %q", len(place.Events), place.Searched)
	}
}
