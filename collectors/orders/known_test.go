package orders_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestAcknowledgedOrdersAreNamedHoweverManyAreOlder: otherwise they would count.
func TestAcknowledgedOrdersAreNamedHoweverManyAreOlder(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 40 {
			add(t, s, fmt.Sprintf("o%02d", i), "placed", 2*time.Hour-time.Duration(i)*time.Minute)
		}
		text := settings(s.URL, "", "", "\n    sample: 2"+states)
		f, err := config.Parse("test.yml", []byte(text+"\nacknowledged: [{lifecycle: order, orders: [o30, o31, o00, nothing], until: 2100-01-01, why: x}]\n"), ".", builtin.Sections())
		if err != nil {
			t.Fatal(err)
		}
		acknowledge.Apply(f)
		t.Cleanup(func() { acknowledge.Apply(&config.File{}) })
		l, state := whole(t, read(t, text))
		var ids []string
		for _, ref := range state["placed"].Sample {
			ids = append(ids, ref.ID)
		}
		for _, id := range []string{"o30", "o31", "o00"} {
			if !slices.Contains(ids, id) {
				t.Errorf("%s is not named: %v of %+v", id, ids, l.Name)
			}
		}
		if p := state["placed"]; p.Overdue != 40 || len(ids) != 8 {
			t.Errorf("%d overdue, named %v", p.Overdue, ids)
		}
	})
}

// TestAcknowledgedIDThatTheColumnCannotHoldIsIgnored: in a column of numbers it must not end
// the transaction.
func TestAcknowledgedIDThatTheColumnCannotHoldIsIgnored(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (id INTEGER PRIMARY KEY, state %s, updated_at %s NULL)", s.Key, s.Time))
		s.Grant(t, "orders")
		for i := range 30 {
			s.Run(t, fmt.Sprintf("INSERT INTO orders (id, state, updated_at) VALUES (%d, 'placed', %s)", i, s.Ago(2*time.Hour-time.Duration(i)*time.Minute)))
		}
		text := settings(s.URL, "", "", "\n    sample: 2"+states)
		f, err := config.Parse("test.yml", []byte(text+"\nacknowledged: [{lifecycle: order, orders: ['20', A-1, '99999999999999999999'], until: 2100-01-01, why: x}]\n"), ".", builtin.Sections())
		if err != nil {
			t.Fatal(err)
		}
		acknowledge.Apply(f)
		t.Cleanup(func() { acknowledge.Apply(&config.File{}) })
		r := read(t, text)
		_, state := whole(t, r)
		if !slices.ContainsFunc(state["placed"].Sample, func(ref signal.OrderRef) bool { return ref.ID == "20" }) || len(r.Warnings) > 0 {
			t.Errorf("named %+v, warnings %q", state["placed"].Sample, r.Warnings)
		}
	})
}
