package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// trail looks up one order in the only target of a config.
func trail(t *testing.T, text, orderID string) []signal.Place {
	t.Helper()
	places, err := collectors.Trail(t.Context(), load(t, text)[0], orderID)
	if err != nil {
		t.Fatal(err)
	}
	return places
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
		lines = append(lines, fmt.Sprintf("%s %s %s %s", age(e.At), e.Kind, e.What, e.TraceID))
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

func TestTrailShowsTheRowAndItsHistory(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		add(t, s, "a", "paid", 90*time.Minute)
		add(t, s, "b", "placed", time.Minute)
		move(t, s, "a", "placed 100m, paid 90m")
		move(t, s, "b", "placed 1m")
		text := settings(s.URL, "", ", columns: {traceparent: traceparent}", shopStates)
		places := trail(t, text, "a")
		if len(places) != 2 {
			t.Fatalf("%d places", len(places))
		}
		const id = "0af7651916cd43dd8448eb211c80319c"
		want := "shop orders orders\n1h30m0s state is in state paid " + id + "\nexpected 30m0s leaves state paid for shipped or refunded"
		if got := told(places[0]); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		want = "shop moves transitions\n1h40m0s transition entered state placed " + id + "\n1h30m0s transition entered state paid " + id +
			"\nexpected -22h20m0s reaches the end of lifecycle order"
		if got := told(places[1]); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		for _, place := range trail(t, text, "c") {
			if len(place.Events)+len(place.Expected) > 0 || place.Err != nil {
				t.Errorf("an order that is not there is in %s", told(place))
			}
		}
	})
}

func TestTrailOfAnOrderInAnUndeclaredState(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	add(t, s, "a", "FRAUD", time.Hour)
	want := "shop orders orders\n1h0m0s state is in state FRAUD, which lifecycle order does not declare "
	if got := told(trail(t, settings(s.URL, "", "", states), "a")[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTrailNeedsAnIndexOnTheOrder on a table beyond the scan limit, and the reading of the
// other table goes on without it.
func TestTrailNeedsAnIndexOnTheOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		s.Run(t, "DROP INDEX moves_order"+map[string]string{"mariadb": " ON moves"}[s.Kind],
			fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT 'x', 'placed', %s FROM %s", s.Ago(time.Hour), s.Many(30_000)))
		s.Analyse(t, "moves")
		add(t, s, "a", "paid", time.Minute)
		places := trail(t, settings(s.URL, "", "", shopStates), "a")
		if len(places[0].Events) != 1 || places[0].Err != nil {
			t.Errorf("the row is %s", told(places[0]))
		}
		err := fmt.Sprint(places[1].Err)
		if len(places[1].Events) > 0 || !strings.Contains(err, "look up transitions of an order: refused, because it would read all of table") || !strings.Contains(err, "CREATE INDEX") {
			t.Errorf("the history is %s", told(places[1]))
		}
		remedies := signal.Remedies(places[1].Err)
		if len(remedies) != 1 || !strings.Contains(remedies[0].Text, "order_id") || strings.Contains(remedies[0].Text, "created_at") {
			t.Errorf("remedies are %+v", remedies)
		}
	})
}

// TestTrailOfAKeyThatTheTableCannotHold is no error: a word is no number.
func TestTrailOfAKeyThatTheTableCannotHold(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		kind := "BIGINT"
		if s.Kind == "postgres" {
			kind = "UUID"
		}
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (tenant BIGINT NOT NULL, id %s NOT NULL, state %s, updated_at %s NULL, PRIMARY KEY (tenant, id))", kind, s.Key, s.Time))
		s.Grant(t, "orders")
		key, shown := "17", "7/17"
		if s.Kind == "postgres" {
			key, shown = "'018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e'", "7/018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e"
		}
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (7, %s, 'paid', %s)", key, s.Ago(time.Minute)))
		text := settings(s.URL, "", ", columns: {order_id: [tenant, id]}", states)
		for id, events := range map[string]int{
			shown: 1, "7": 0, "a/b": 0, "7/": 0, "/": 0, "7/99999999999999999999999": 0, "7/'; DROP TABLE orders": 0, "07/17": 0, "7/17/1": 0,
		} {
			place := trail(t, text, id)[0]
			if len(place.Events) != events || place.Err != nil {
				t.Errorf("%s is %s", id, told(place))
			}
		}
	})
}
