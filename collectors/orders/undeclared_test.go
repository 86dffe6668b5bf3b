package orders_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// The orders in an undeclared state are counted and named, with how long they have been
// in it.
func TestOrdersInUndeclaredStatesAreNamed(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", time.Minute)
		for i := range 5 {
			add(t, s, fmt.Sprintf("f%d", i), "FRAUD_CHECK", time.Duration(11+i)*time.Minute)
		}
		add(t, s, "l", "lost", 2*time.Minute)
		s.Run(t, "INSERT INTO orders (id, state) VALUES ('n', 'lost')")
		for columns, bound := range map[string]signal.Bound{"": signal.Measured, ", columns: {updated: updated_at}": signal.AtLeast} {
			r := read(t, settings(s.URL, "", columns, "\n    sample: 2"+states))
			l, _ := whole(t, r)
			if len(l.Undeclared) != 2 || !l.UndeclaredListed {
				t.Fatalf("with columns %q, undeclared are %+v", columns, l.Undeclared)
			}
			fraud, lost := l.Undeclared[0], l.Undeclared[1]
			if fraud.Name != "FRAUD_CHECK" { // the order of the server's collation
				fraud, lost = lost, fraud
			}
			age := fraud.Oldest.At(signal.InstantOf(r.At)).Round(time.Minute)
			if fraud.Orders != 5 || fraud.OrdersCapped || len(fraud.Sample) != 2 || fraud.Sample[0].ID != "f4" || age != 15*time.Minute || fraud.Oldest.Bound != bound {
				t.Errorf("with columns %q, FRAUD_CHECK is %+v, for %s", columns, fraud, age)
			}
			if lost.Orders != 2 || len(lost.Sample) != 1 || lost.Sample[0].ID != "l" {
				t.Errorf("with columns %q, lost is %+v", columns, lost)
			}
		}
		for _, state := range []string{"FRAUD_CHECK", "lost"} {
			l, _ := whole(t, read(t, settings(s.URL, "", `, where: "state <> '`+state+`'"`, states)))
			if len(l.Undeclared) != 1 || l.Undeclared[0].Name == state {
				t.Errorf("without %s, undeclared are %+v", state, l.Undeclared)
			}
		}
	})
}
