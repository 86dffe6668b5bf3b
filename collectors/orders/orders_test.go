package orders_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/orders"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// makeTable creates an order table that the user of lostorder may read.
func makeTable(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf(`CREATE TABLE orders (id %s PRIMARY KEY, state %s, updated_at %s NULL, traceparent VARCHAR(80), kind VARCHAR(10))`, s.Key, s.Key, s.Time))
	s.Grant(t, "orders")
}

// add adds an order that has been in a state for a while.
func add(t *testing.T, s *databasetest.Shop, id, state string, dwell time.Duration) {
	t.Helper()
	s.Run(t, fmt.Sprintf("INSERT INTO orders (id, state, updated_at, traceparent, kind) VALUES ('%s', '%s', %s, '0af7651916cd43dd8448eb211c80319c', 'web')", id, state, s.Ago(dwell)))
}

// states is a lifecycle: placed → paid → shipped, or cancelled.
const states = `
    states:
      placed: {max: 5m, next: [paid, cancelled]}
      paid: {max: 1h, next: shipped}
      on_hold: {next: placed, initial: true}
      shipped:
      cancelled:
`

// settings is a config file with one lifecycle; source are further keys of its source.
func settings(url, database, source, more string) string {
	return "databases:\n  - {name: shop, max_connections: 100, url: '" + url + "'" + database + "}\n" +
		"lifecycles:\n  - name: order\n    interval: 100ms\n    source: {database: shop, table: orders" + source + "}" + more
}

func parse(text string) (*config.File, error) {
	return config.Parse("test.yml", []byte(text), "", []config.Section{database.Section(), orders.Source().Section})
}

func load(t *testing.T, text string) []collectors.Target {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return orders.Source().Targets(f)
}

// reports is a sink.
type reports chan signal.Report

// Report takes a report if a test waits for it.
func (r reports) Report(report signal.Report) {
	select {
	case r <- report:
	default:
	}
}

// read runs the only target of a config until its first report.
func read(t *testing.T, text string) signal.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	sink := make(reports, 1)
	done := make(chan error, 1)
	target := load(t, text)[0]
	go func() { done <- target.New(slog.New(slog.DiscardHandler)).Run(ctx, sink) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	select {
	case r := <-sink:
		return r
	case <-ctx.Done():
		t.Fatal("there was no report")
		return signal.Report{}
	}
}

// follow runs the only target of a config. The returned function gives the next report,
// which may have been read before the call.
func follow(t *testing.T, text string) func() signal.Report {
	t.Helper()
	sink := make(every)
	run(t, text, sink, sink)
	return func() signal.Report {
		t.Helper()
		select {
		case r := <-sink:
			return r
		case <-time.After(2 * time.Minute):
			t.Fatal("there was no report")
			return signal.Report{}
		}
	}
}

// run runs the only target of a config until the test ends, and then drains its reports.
func run(t *testing.T, text string, sink collectors.Sink, comes <-chan signal.Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	target := load(t, text)[0]
	go func() { done <- target.New(slog.New(slog.DiscardHandler)).Run(ctx, sink) }()
	t.Cleanup(func() {
		cancel()
		for {
			select {
			case <-comes:
			case err := <-done:
				if err != nil {
					t.Errorf("run: %v", err)
				}
				return
			}
		}
	})
}

// every is a sink that blocks until each report is taken.
type every chan signal.Report

// Report blocks until the report is taken.
func (e every) Report(r signal.Report) { e <- r }

// whole returns the lifecycle of a reading, with its states by name, and fails if the
// reading is not complete.
func whole(t *testing.T, r signal.Report) (signal.Lifecycle, map[string]signal.State) {
	t.Helper()
	if r.Err != nil {
		t.Fatalf("the reading is not complete: %v", r.Err)
	}
	if len(r.Lifecycles) != 1 {
		t.Fatalf("the reading has %d lifecycles, want 1", len(r.Lifecycles))
	}
	byName := map[string]signal.State{}
	for _, s := range r.Lifecycles[0].States {
		byName[s.Name] = s
	}
	return r.Lifecycles[0], byName
}

func TestOrdersAreCountedByState(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", time.Minute)
		add(t, s, "b", "placed", 20*time.Minute)
		add(t, s, "c", "placed", 10*time.Minute)
		add(t, s, "d", "paid", 10*time.Minute)
		add(t, s, "e", "shipped", 100*time.Hour)
		add(t, s, "f", "on_hold", 100*time.Hour)
		r := read(t, settings(s.URL, "", ", columns: {traceparent: traceparent}", states))
		l, state := whole(t, r)
		if len(r.Warnings) != 0 || len(l.UndeclaredStates) != 0 {
			t.Errorf("warnings %q, undeclared %q", r.Warnings, l.UndeclaredStates)
		}
		var names []string
		for _, s := range l.States {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != "placed paid on_hold shipped cancelled" {
			t.Errorf("the states are %s", got)
		}
		for name, want := range map[string]signal.State{
			"placed":    {Orders: 3, Overdue: 2, Max: 5 * time.Minute},
			"paid":      {Orders: 1, Overdue: 0, Max: time.Hour},
			"on_hold":   {Orders: 1, Overdue: 0},
			"shipped":   {Orders: signal.Unknown, Overdue: signal.Unknown, Terminal: true},
			"cancelled": {Orders: signal.Unknown, Overdue: signal.Unknown, Terminal: true},
		} {
			got := state[name]
			if got.Orders != want.Orders || got.Overdue != want.Overdue || got.Max != want.Max || got.Terminal != want.Terminal {
				t.Errorf("%s is %+v, want %+v", name, got, want)
			}
		}
		placed := state["placed"]
		if age := placed.Oldest.At(signal.InstantOf(r.At)); age < 20*time.Minute-time.Second || age > 21*time.Minute {
			t.Errorf("the longest dwell is %s, want 20 minutes", age)
		}
		if len(placed.Sample) != 3 || placed.Sample[0].ID != "b" || placed.Sample[1].ID != "c" || placed.Sample[0].TraceID == "" {
			t.Errorf("the longest are %+v", placed.Sample)
		}
	})
}

func TestUndeclaredStatesAreFound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", time.Minute)
		add(t, s, "b", "refunding", time.Minute)
		add(t, s, "c", "lost", time.Minute)
		s.Run(t, "INSERT INTO orders (id, state, kind) VALUES ('n', NULL, 'web')", "UPDATE orders SET kind = 'shop' WHERE id = 'c'")
		r := read(t, settings(s.URL, "", "", states))
		l, _ := whole(t, r)
		if got := strings.Join(l.UndeclaredStates, " "); got != "lost refunding" {
			t.Errorf("undeclared are %q", got)
		}
		checkWarning(t, r, `lifecycle order does not declare state "refunding", which at least one order in table`, "add the value to another state")
		checkWarning(t, r, "at least one order in table", "has no state: its state is NULL")
		l, _ = whole(t, read(t, settings(s.URL, "", `, where: "kind = 'web'"`, states)))
		if got := strings.Join(l.UndeclaredStates, " "); got != "refunding" {
			t.Errorf("where kind is web, undeclared are %q", got)
		}
	})
}

func TestMissingAndFutureTimestampsAreNeverOverdue(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", -48*time.Hour)
		s.Run(t, "INSERT INTO orders (id, state) VALUES ('b', 'placed'), ('c', 'placed')")
		r := read(t, settings(s.URL, "", "", states))
		_, state := whole(t, r)
		placed := state["placed"]
		if placed.Orders != 3 || placed.Overdue != 0 {
			t.Errorf("orders %d, overdue %d; want 3, 0", placed.Orders, placed.Overdue)
		}
		if age := placed.Oldest.At(signal.InstantOf(r.At)); age > time.Minute {
			t.Errorf("the dwell is %s, want no more than the reading took", age)
		}
		checkWarning(t, r, "orders in state placed", "updated_at (NULL): 2;")
		checkWarning(t, r, "orders in state placed", "in the future: 1, by up to 4")
	})
}

func TestCountsStopAtTheCap(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 4 {
			add(t, s, fmt.Sprint(i), "placed", time.Hour)
		}
		for limit, want := range map[int]bool{3: true, 4: false} {
			_, state := whole(t, read(t, settings(s.URL, "", "", states+fmt.Sprintf("    cap: %d\n    sample: 1\n", limit))))
			p := state["placed"]
			if p.Orders != signal.Count(limit) || p.OrdersCapped != want || p.Overdue != signal.Count(limit) || p.OverdueCapped != want || len(p.Sample) != 1 {
				t.Errorf("with a cap of %d: %+v", limit, p)
			}
		}
	})
}

func TestValuesStandForStates(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, "CREATE TABLE orders (number INTEGER PRIMARY KEY, status INTEGER NOT NULL, changed BIGINT)")
		s.Grant(t, "orders")
		now := time.Now()
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (1, 10, %d), (2, 11, %d), (3, 30, 0), (4, 99, 0)", now.Add(-time.Minute).Unix(), now.Add(-10*time.Minute).UnixMilli()))
		r := read(t, settings(s.URL, "", ", columns: {order_id: number, state: status, since: changed}",
			"\n    states:\n      placed: {max: 5m, next: done, values: ['10', '11']}\n      done: {values: '30'}\n"))
		l, state := whole(t, r)
		placed := state["placed"]
		if placed.Orders != 2 || placed.Overdue != 1 || len(l.UndeclaredStates) != 1 || l.UndeclaredStates[0] != "99" {
			t.Errorf("orders %d, overdue %d, undeclared %q; want 2, 1, [99]", placed.Orders, placed.Overdue, l.UndeclaredStates)
		}
		if age := r.At.Sub(placed.Oldest.Since.Time()); age < 10*time.Minute-time.Second || age > 11*time.Minute {
			t.Errorf("the longest dwell is %s, want 10 minutes, stored in milliseconds", age)
		}
	})
}

func checkWarning(t *testing.T, r signal.Report, words ...string) {
	t.Helper()
	for _, w := range r.Warnings {
		found := true
		for _, word := range words {
			found = found && strings.Contains(w, word)
		}
		if found {
			return
		}
	}
	t.Errorf("no warning says %q; there are %q", words, r.Warnings)
}
