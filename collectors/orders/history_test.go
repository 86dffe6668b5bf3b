package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// shopStates is a lifecycle with a history.
const shopStates = `
    max: 1d
    states:
      placed: {max: 5m, next: [paid, cancelled]}
      paid: {max: 1h, next: [shipped, refunded], excludes: cancelled}
      shipped: {next: [returned], terminal: true}
      returned: {max: 1d, next: refunded}
      refunded: {abandoned: true}
      cancelled: {abandoned: true}
    history: {table: moves, columns: {traceparent: traceparent}, late: 1m, where: void = 0}
`

const sagaStates = `
    kind: saga
    states:
      reserving: {max: 1h, next: [charging, releasing, aborted]}
      charging: {max: 1h, next: [shipping, releasing]}
      shipping: {max: 1h, next: [done, refunding]}
      refunding: {max: 1h, next: [releasing], compensates: charging}
      releasing: {max: 1h, next: [aborted], compensates: reserving}
      done:
      aborted: {abandoned: true}
    history: {table: moves, late: 1m}
`

// makeMoves creates the order table and a history.
func makeMoves(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	makeTable(t, s)
	serial := map[string]string{"postgres": "BIGSERIAL PRIMARY KEY", "mariadb": "BIGINT AUTO_INCREMENT PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}[s.Kind]
	s.Run(t, fmt.Sprintf(`CREATE TABLE moves (id %s, order_id %s NOT NULL, state %s NOT NULL, created_at %s NOT NULL, traceparent VARCHAR(80), void INTEGER NOT NULL DEFAULT 0)`, serial, s.Key, s.Key, s.Time),
		"CREATE INDEX moves_at ON moves (created_at, id)", "CREATE INDEX moves_order ON moves (order_id, created_at)")
	s.Grant(t, "moves", "id", "order_id", "state", "created_at", "traceparent", "void")
}

// move adds transitions of an order: "placed 60s, paid 30s" are states and how long ago
// the order entered each.
func move(t *testing.T, s *databasetest.Shop, id, way string) {
	t.Helper()
	moveAsOf(t, s, time.Now(), id, way)
}

// moveAsOf is move with ages as of one moment, for transitions that are written one after another
// and whose distance counts.
func moveAsOf(t *testing.T, s *databasetest.Shop, moment time.Time, id, way string) {
	t.Helper()
	for step := range strings.SplitSeq(way, ", ") {
		state, ago, _ := strings.Cut(step, " ")
		d, err := time.ParseDuration(ago)
		if err != nil {
			t.Fatal(err)
		}
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at, traceparent) VALUES ('%s', '%s', %s, '0af7651916cd43dd8448eb211c80319c')", id, state, s.Ago(d+time.Since(moment))))
	}
}

// conflictsOf writes the confirmed and the suspected conflicts as text.
func conflictsOf(r signal.Report) (confirmed, suspected []string) {
	for _, l := range r.Lifecycles {
		if l.History == nil {
			continue
		}
		for _, c := range l.History.Conflicts {
			word := c.ID + " " + string(c.Kind) + ": " + c.Path
			if c.Confirmed {
				confirmed = append(confirmed, word)
			} else {
				suspected = append(suspected, word)
			}
		}
	}
	slices.Sort(confirmed)
	return confirmed, suspected
}

var histories = map[string]struct {
	states string
	way    map[string]string // of orders
	want   []string          // confirmed
}{
	"an illegal transition": {way: map[string]string{"a": "placed 60s, shipped 30s"}, want: []string{"a illegal_move: placed → shipped"}},
	"paid and cancelled":    {way: map[string]string{"a": "placed 60s, paid 30s, cancelled 20s"}, want: []string{"a excluded_states: placed → paid → cancelled"}},
	"paid after cancelled":  {way: map[string]string{"a": "placed 60s, cancelled 30s, paid 30s"}, want: []string{"a excluded_states: placed → cancelled → paid"}},
	"two ends":              {way: map[string]string{"a": "placed 60s, cancelled 30s, refunded 20s"}, want: []string{"a two_ends: placed → cancelled → refunded"}},
	"an order shipped although it was cancelled": {way: map[string]string{"a": "placed 60s, cancelled 30s, shipped 20s"}, want: []string{"a two_ends: placed → cancelled → shipped"}},
	"one of many": {
		way:  map[string]string{"a": "placed 60s, paid 40s", "b": "placed 60s, shipped 40s", "c": "placed 60s, cancelled 40s"},
		want: []string{"b illegal_move: placed → shipped"},
	},
	"benign: every legal path": {way: map[string]string{
		"a": "placed 60s, paid 50s, shipped 40s", "b": "placed 60s, cancelled 50s", "c": "placed 60s, paid 50s, refunded 40s",
	}},
	"benign: an order re-opened as the lifecycle allows":           {way: map[string]string{"a": "placed 600s, paid 500s, shipped 400s, returned 300s, refunded 200s"}},
	"benign: transitions that two clocks wrote in the wrong order": {way: map[string]string{"a": "paid 31s, placed 30s, shipped 20s", "b": "shipped 21s, paid 20s, placed 20s"}},
	"benign: a repeated state":                                     {way: map[string]string{"a": "placed 60s, placed 50s, paid 40s, paid 30s"}},
	"benign: a bulk import of finished orders":                     {way: map[string]string{"a": "shipped 30s", "b": "cancelled 30s", "c": "shipped 30s"}},
	"benign: an undeclared state":                                  {way: map[string]string{"a": "placed 60s, paid 50s, on_its_way 40s, shipped 30s"}},
	"benign: a slow order":                                         {way: map[string]string{"a": "placed 20h, paid 19h, shipped 10s"}},
	"an abandoned saga that did not undo the payment": {
		states: sagaStates, way: map[string]string{"a": "reserving 60s, charging 50s, shipping 40s, releasing 30s, aborted 20s"},
		want: []string{"a illegal_move: reserving → charging → shipping → releasing → aborted"},
	},
	"an abandoned saga that never released": {
		states: sagaStates, way: map[string]string{"a": "reserving 60s, charging 50s, aborted 20s"},
		want: []string{"a illegal_move: reserving → charging → aborted"},
	},
	"a saga whose transitions allow to skip the refund": {
		states: strings.Replace(sagaStates, "next: [done, refunding]", "next: [done, refunding, releasing]", 1),
		way:    map[string]string{"a": "reserving 60s, charging 50s, shipping 40s, releasing 30s, aborted 20s"},
		want:   []string{"a not_compensated: reserving → charging → shipping → releasing → aborted"},
	},
	"benign: a compensated saga":                                {states: sagaStates, way: map[string]string{"a": "reserving 60s, charging 50s, shipping 40s, refunding 30s, releasing 20s, aborted 10s"}},
	"benign: a saga abandoned before its first step was done":   {states: sagaStates, way: map[string]string{"a": "reserving 60s, aborted 50s"}},
	"benign: a saga whose payment failed has nothing to refund": {states: sagaStates, way: map[string]string{"a": "reserving 60s, charging 50s, releasing 40s, aborted 30s"}},
}

func TestConflictsOfEveryKind(t *testing.T) {
	for name, test := range histories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				makeMoves(t, s)
				states := test.states
				if states == "" {
					states = shopStates
				}
				for id, way := range test.way {
					move(t, s, id, way)
				}
				next := follow(t, settings(s.URL, "", "", states))
				first, _ := conflictsOf(next())
				if len(first) > 0 {
					t.Errorf("confirmed by the first reading: %q", first)
				}
				next()
				confirmed, suspected := conflictsOf(next())
				if !slices.Equal(confirmed, test.want) || len(suspected) > 0 {
					t.Errorf("confirmed %q, suspected %q; want %q", confirmed, suspected, test.want)
				}
			})
		})
	}
}

func TestTransitionsAreFollowed(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		start := time.Now()
		moveAsOf(t, s, start, "a", "placed 40s")
		next := follow(t, settings(s.URL, "", "", shopStates))
		next()
		moveAsOf(t, s, start, "a", "paid 10s")
		moveAsOf(t, s, start, "b", "placed 7200s, paid 3600s, shipped 1s") // overdue in two states
		moveAsOf(t, s, start, "c", "placed 40s, cancelled 5s")
		var left []string
		var last *signal.History
		for range 4 {
			r := next()
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			last = r.Lifecycles[0].History
			for _, l := range last.EndedDwells {
				left = append(left, fmt.Sprintf("%s %s %v", l.State, l.For.Round(5*time.Second), l.TraceID != ""))
			}
		}
		slices.Sort(left)
		if got := strings.Join(left, ", "); got != "paid 1h0m0s true, placed 1h0m0s true, placed 30s true, placed 35s true" {
			t.Errorf("each transition is reported once: %s", got)
		}
		if last.Outcomes != (signal.Outcomes{Late: 1, Abandoned: 1}) {
			t.Errorf("completed: %+v", last.Outcomes)
		}
		counts := map[string]int64{}
		for _, m := range last.Transitions {
			counts[m.From+"→"+m.To] = m.Orders
		}
		if counts["placed→paid"] != 2 || counts["paid→shipped"] != 1 || counts["placed→cancelled"] != 1 || counts["returned→refunded"] != 0 || len(counts) != 6 {
			t.Errorf("moves: %v", counts)
		}
		// A row that is committed late and sorts before rows that were read.
		move(t, s, "d", "placed 50s")
		next()
		move(t, s, "d", "paid 30s")
		next()
		if r := next(); movesOf(r, "placed", "paid") != 3 {
			t.Errorf("the late transition was missed: %+v", r.Lifecycles[0].History.Transitions)
		}
	})
}

func TestConflictEndsWhenItsRowsAreCorrected(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		move(t, s, "a", "placed 60s, paid 50s")
		next := follow(t, settings(s.URL, "", "", shopStates))
		next()
		move(t, s, "a", "cancelled 0s")
		next()
		next()
		if confirmed, _ := conflictsOf(next()); len(confirmed) != 1 {
			t.Fatalf("confirmed: %q", confirmed)
		}
		s.Run(t, "UPDATE moves SET void = 1 WHERE state = 'cancelled'")
		next()
		if confirmed, suspected := conflictsOf(next()); len(confirmed)+len(suspected) != 0 {
			t.Errorf("the conflict is still there: %q %q", confirmed, suspected)
		}
	})
}

func movesOf(r signal.Report, from, to string) int64 {
	for _, m := range r.Lifecycles[0].History.Transitions {
		if m.From == from && m.To == to {
			return m.Orders
		}
	}
	return -1
}
