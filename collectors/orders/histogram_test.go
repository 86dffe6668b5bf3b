package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// dwells writes a histogram as "5m0s:1 …", with the bounds at which the count grows.
func dwells(d *signal.DwellHistogram) string {
	if d == nil {
		return "none"
	}
	var words []string
	last := int64(0)
	for _, w := range d.Buckets {
		if w.Orders != last {
			words = append(words, fmt.Sprintf("%s:%d", w.UpTo, w.Orders))
			last = w.Orders
		}
	}
	return strings.Join(append(words, fmt.Sprintf("all:%d", d.Orders)), " ")
}

func TestOrdersAreCountedByDwell(t *testing.T) {
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
			t.Errorf("paid, which is empty, is %s", got)
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

// An order that comes after a count is in the next one, an hour later. All other values
// of the reading are current.
func TestHistogramHasItsOwnInterval(t *testing.T) {
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

// A table without the index is not counted. The rest of the reading stays.
func TestGuardAppliesToTheHistogram(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	for i := range 30 {
		add(t, s, fmt.Sprint(i), "placed", time.Minute)
	}
	text := settings(s.URL, ", scan_limit: 10", "", states+"    histogram: {}\n")
	r := read(t, text)
	checkWarning(t, r, "cannot count orders in state placed by dwell", "refused", "CREATE INDEX")
	s.Run(t, "CREATE INDEX by_state ON orders (state, updated_at)")
	_, state := whole(t, read(t, text))
	if got := dwells(state["placed"].Dwells); got != "5m0s:30 all:30" {
		t.Errorf("placed is %s", got)
	}
}
