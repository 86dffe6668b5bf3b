package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// Rows without numbers, all with the time of their transaction, come in the order of
// their keys.
func TestImportWithOneTimestampIsLegal(t *testing.T) {
	const n = 24
	var text strings.Builder
	text.WriteString("\n    max: 1d\n    states:\n")
	for i := range n - 1 {
		fmt.Fprintf(&text, "      s%d: {next: s%d}\n", i, i+1)
	}
	fmt.Fprintf(&text, "      s%d: {terminal: true}\n    history: {table: moves, columns: {key: uid}, late: 1m}\n", n-1)
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("CREATE TABLE moves (uid %[1]s PRIMARY KEY, order_id %[1]s NOT NULL, state %[1]s NOT NULL, created_at %[2]s NOT NULL)", s.Key, s.Time))
		s.Grant(t, "moves")
		at := s.Ago(10 * time.Second)
		for i := range n {
			key := n - i // some of them look like numbers
			s.Run(t, fmt.Sprintf("INSERT INTO moves VALUES ('%02x', 'a', 's%d', %s)", key, n-key, at))
		}
		next := follow(t, settings(s.URL, "", "", text.String()))
		next()
		next()
		if r := next(); r.Err != nil || len(r.Lifecycles[0].History.Conflicts) > 0 {
			t.Errorf("conflicts %+v, error %v", r.Lifecycles[0].History.Conflicts, r.Err)
		}
	})
}

// A bug wrote thousands of transitions of one order.
func TestVeryLongHistoryDoesNotBlockOtherOrders(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT 'endless', CASE WHEN i %% 2 = 0 THEN 'placed' ELSE 'paid' END, %s FROM %s", s.Ago(time.Hour), s.Many(3000)))
		for _, id := range []string{"a", "b", "c", "endless"} {
			move(t, s, id, "placed 60s, shipped 30s")
		}
		next := follow(t, settings(s.URL, "", "", shopStates))
		for range 4 {
			next()
		}
		r := next()
		want := []string{"a illegal_move: placed → shipped", "b illegal_move: placed → shipped", "c illegal_move: placed → shipped"}
		if confirmed, suspected := conflictsOf(r); r.Err != nil || !slices.Equal(confirmed, want) || len(suspected) > 0 {
			t.Errorf("confirmed %q, suspected %q, error %v", confirmed, suspected, r.Err)
		}
		checkWarning(t, r, "1 orders of history table", "have 2000 transitions or more and are not checked for conflicts")
	})
}
