package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// All rows of a young history are newer than `late` at the first reading. An import of
// old rows must not make lostorder read the history from its first row.
func TestImportIntoAYoungHistory(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		move(t, s, "a", "placed 5s")
		limit := ""
		n := 250_000
		if s.Kind == "sqlite" {
			n, limit = 30_000, ", scan_limit: 1000"
		}
		next := follow(t, settings(s.URL, limit, "", strings.Replace(shopStates, ", where: void = 0", "", 1)))
		next()
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT 'old', 'placed', %s FROM %s", s.Ago(30*24*time.Hour), s.Many(n)))
		s.Analyse(t, "moves")
		next()
		move(t, s, "a", "shipped 0s")
		for range 4 {
			next()
		}
		r := next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || !slices.Equal(confirmed, []string{"a illegal_move: placed → shipped"}) {
			t.Errorf("confirmed %q, error %v, warnings %q", confirmed, r.Err, r.Warnings)
		}
	})
}

// The same while lostorder is down: the memory of a young history knows where it began.
func TestImportIntoAYoungHistoryDuringADowntime(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		move(t, s, "a", "placed 5s")
		limit := ""
		n := 250_000
		if s.Kind == "sqlite" {
			n, limit = 30_000, ", scan_limit: 1000"
		}
		text := settings(s.URL, limit, "", strings.Replace(shopStates, ", where: void = 0", "", 1))
		memory := &collectortest.Memory{}
		first := live(t, text, memory)
		first.next()
		first.end()
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT 'old', 'placed', %s FROM %s", s.Ago(30*24*time.Hour), s.Many(n)))
		s.Analyse(t, "moves")
		move(t, s, "a", "shipped 0s")
		next := live(t, text, memory)
		for range 4 {
			next.next()
		}
		r := next.next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || !slices.Equal(confirmed, []string{"a illegal_move: placed → shipped"}) {
			t.Errorf("confirmed %q, error %v, warnings %q", confirmed, r.Err, r.Warnings)
		}
	})
}
