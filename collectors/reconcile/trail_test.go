package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestTrailShowsBothSidesOfACheck(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		shop(t, s, "orders", "payments")
		add(t, s, "orders", "A-1", "1", "paid")
		add(t, s, "payments", "A-1", "1", "captured")
		add(t, s, "orders", "A-2", "1", "paid")
		add(t, s, "orders", "A-3", "1", "paid")
		add(t, s, "payments", "A-3", "1", "captured")
		s.Run(t, "INSERT INTO payments SELECT * FROM payments WHERE order_id = 'A-3'") // at the same moment
		for id, want := range map[string]string{
			"A-1": "orders row | payments row",
			"A-2": "orders row | payments expected a row belongs to the one in orders (check payments)",
			"A-3": "orders row | payments row fault",
			"A-4": "orders | payments",
		} {
			places, err := collectors.Trail(t.Context(), load(t, settings(s, s, "exactly_one"))[0], id)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, p := range places {
				text := p.Name
				for _, e := range p.Events {
					text += " " + string(e.Kind)
				}
				for _, x := range p.Expected {
					text += " expected " + x.What
				}
				if p.Err != nil {
					text += " gap " + p.Err.Error()
				}
				all = append(all, text)
			}
			if got := strings.Join(all, " | "); got != want {
				t.Errorf("%s: got %s, want %s", id, got, want)
			}
		}
	})
}

// TestTrailOfASideThatFailsExpectsNothing: a row that cannot be read is not a row that is
// missing.
func TestTrailOfASideThatFailsExpectsNothing(t *testing.T) {
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	add(t, s, "orders", "A-1", "1", "paid")
	s.Run(t, "DROP TABLE payments")
	places, err := collectors.Trail(t.Context(), load(t, settings(s, s, "exactly_one"))[0], "A-1")
	if err != nil || len(places) != 2 {
		t.Fatalf("%d places, %v", len(places), err)
	}
	if len(places[0].Events) != 1 || places[0].Events[0].Kind != signal.EventRow || places[1].Err == nil || len(places[0].Expected)+len(places[1].Expected) > 0 {
		t.Errorf("places are %+v", places)
	}
}

func TestTrailSaysWhatARowIsWorth(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s %s NOT NULL, total DECIMAL(12, 2) NULL, created_at %s NULL)", table, key, s.Key, s.Time))
			s.Grant(t, table, key, "total", "created_at")
		}
		s.Run(t, "INSERT INTO orders VALUES ('A-1', 18240.5, "+s.Ago(0)+")")
		for range 2 {
			s.Run(t, "INSERT INTO payments VALUES ('A-1', 18240.5, "+s.Ago(0)+")")
		}
		text := sides(s, s, "{key: id, amount: total}, currency: EUR", "{key: order_id, amount: total}, currency: EUR", "exactly_one")
		places, err := collectors.Trail(t.Context(), load(t, text)[0], "A-1")
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"row was created or last changed, worth € 18,240.50", "first of 2 rows was created or last changed, each worth € 18,240.50"} {
			if len(places[i].Events) == 0 || places[i].Events[0].What != want {
				t.Errorf("%s: %+v, want %s", places[i].Name, places[i], want)
			}
		}
	})
}
