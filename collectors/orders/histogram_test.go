package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// dwells writes a histogram as "5m0s:1 …", for bounds at which something is added.
func dwells(d *signal.Dwells) string {
	if d == nil {
		return "none"
	}
	var words []string
	last := int64(0)
	for _, w := range d.Within {
		if w.Orders != last {
			words = append(words, fmt.Sprintf("%s:%d", w.For, w.Orders))
			last = w.Orders
		}
	}
	return strings.Join(append(words, fmt.Sprintf("all:%d", d.Orders)), " ")
}

func TestOrdersAreCountedByHowLongTheyHaveBeenThere(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "future", "placed", -time.Hour)
		add(t, s, "a", "placed", 10*time.Minute)
		add(t, s, "b", "placed", 10*time.Minute)
		add(t, s, "c", "placed", 2*time.Hour)
		add(t, s, "d", "placed", 100*24*time.Hour)
		add(t, s, "e", "shipped", 10*time.Minute)
		s.Run(t, "INSERT INTO orders (id, state) VALUES ('undated', 'placed')")
		_, state := whole(t, read(t, settings(s.URL, "", "", states+"    histogram: {}\n")))
		if got, want := dwells(state["placed"].Dwells), "1s:1 15m0s:3 4h0m0s:4 all:5"; got != want {
			t.Errorf("placed is %s, want %s", got, want)
		}
		if got := dwells(state["paid"].Dwells); got != "all:0" {
			t.Errorf("paid, where nobody is, is %s", got)
		}
		if got := dwells(state["shipped"].Dwells); got != "none" {
			t.Errorf("shipped, which is terminal, is %s", got)
		}
		_, state = whole(t, read(t, settings(s.URL, "", "", states)))
		if got := dwells(state["placed"].Dwells); got != "none" {
			t.Errorf("without a histogram, placed is %s", got)
		}
		r := read(t, settings(s.URL, "", "", states+"    histogram: {cap: 4}\n"))
		checkWarning(t, r, "there are more than 4 orders in state placed", "histogram.cap")
	})
}

// TestTheHistogramKeepsItsOwnTime: what comes after a count is in the next one, an
// hour later, and in all that is read at once.
func TestTheHistogramKeepsItsOwnTime(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", 10*time.Minute)
		next := follow(t, settings(s.URL, "", "", states+"    histogram: {}\n"))
		whole(t, next())
		add(t, s, "b", "placed", 10*time.Minute)
		next() // may have been read before
		_, state := whole(t, next())
		if p := state["placed"]; p.Orders != 2 || dwells(p.Dwells) != "15m0s:1 all:1" {
			t.Errorf("placed has %d orders, want 2, and is %s, want 15m0s:1 all:1", p.Orders, dwells(p.Dwells))
		}
	})
}

// TestTheHistogramIsUnderTheGuard: a table without the index is not counted, and what
// else is read of it stays.
func TestTheHistogramIsUnderTheGuard(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	for i := range 30 {
		add(t, s, fmt.Sprint(i), "placed", time.Minute)
	}
	text := settings(s.URL, ", scan_limit: 10", "", states+"    histogram: {}\n")
	r := read(t, text)
	checkWarning(t, r, "orders in state placed were not counted by how long they have been there", "refused", "CREATE INDEX")
	s.Run(t, "CREATE INDEX by_state ON orders (state, updated_at)")
	_, state := whole(t, read(t, text))
	if got := dwells(state["placed"].Dwells); got != "5m0s:30 all:30" {
		t.Errorf("placed is %s", got)
	}
}
