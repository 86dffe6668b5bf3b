package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader reads one lifecycle.
type reader struct {
	collectors.Recollection[memory]
	config Config
	graph  *graph
	db     *database.DB

	history    *historyReader // nil without a history table
	duplicates *duplicates    // nil where they are not configured
	histogram  *histogram     // nil where it is not configured
	firstSeen  firstSeen
	// undeclaredSeen is the same for states that the lifecycle does not declare.
	undeclaredSeen firstSeen
	table          *table   // as found by the last reading
	known          []string // acknowledged orders

	log     *slog.Logger
	readAt  signal.Instant // the last reading, on the clock of the database
	savedAt signal.Instant // the last one that was remembered
}

func open(s setup, log *slog.Logger) *reader {
	r := &reader{config: s.Lifecycle, graph: newGraph(&s.Lifecycle), db: database.Open(s.Database), log: log}
	r.forget()
	return r
}

// forget begins without any knowledge of the database.
func (r *reader) forget() {
	r.firstSeen, r.undeclaredSeen = nil, nil
	if r.config.History != nil {
		r.history = newHistoryReader(&r.config, r.graph, r.stateOf)
	}
	if r.config.Duplicates != nil {
		r.duplicates = &duplicates{config: r.config.Duplicates, graph: r.graph, stateOf: r.stateOf}
	}
	if r.config.Histogram != nil {
		r.histogram = &histogram{config: r.config.Histogram}
	}
}

// Close ends the connection.
func (r *reader) Close() error { return r.db.Close() }

// Read takes one reading, in one transaction.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	return r.db.Read(ctx, func(in *database.Reading) error {
		if w := in.Clock().Warning(r.db.Name()); w != "" {
			report.Warnings = append(report.Warnings, w)
		}
		defer func() {
			report.Warnings = append(report.Warnings, in.Warnings()...)
			report.Remedies = in.Remedies()
		}()
		t, err := find(ctx, in, &r.config.Source)
		if err != nil {
			return err
		}
		r.table, r.known = t, acknowledge.Orders(r.config.Name, "")
		r.resume(in.Now())
		if err := r.follow(ctx, in, report); err != nil {
			return err
		}
		r.readAt = in.Now()
		return r.read(ctx, in, t, report)
	})
}

func (r *reader) read(ctx context.Context, in *database.Reading, t *table, report *signal.Report) error {
	c := &r.config
	l := signal.Lifecycle{Name: c.Name, Database: c.Source.Database, Saga: c.Kind == "saga", Max: time.Duration(c.Max)}
	var errs []error
	for _, s := range c.States {
		l.States = append(l.States, newState(s.Name, s.Value))
	}
	warnings, err := r.states(ctx, in, t, l.States)
	errs = append(errs, err)
	report.Warnings = append(report.Warnings, warnings...)
	report.Warnings = append(report.Warnings, r.undeclared(ctx, in, t, &l)...)
	if r.duplicates != nil {
		found, warnings, err := r.duplicates.read(ctx, in, t)
		l.Duplicates = found
		errs = append(errs, err)
		report.Warnings = append(report.Warnings, warnings...)
	}
	if r.history != nil {
		history, warnings, err := r.history.read(ctx, in)
		l.History = history
		errs = append(errs, err)
		report.Warnings = append(report.Warnings, warnings...)
	}

	if r.histogram != nil {
		report.Warnings = append(report.Warnings, r.histogram.read(ctx, in, r, t, l.States)...)
	}
	// The amounts come last: an error must cost nothing else.
	report.Warnings = append(report.Warnings, r.valueOrders(ctx, in, t, &l)...)

	err = database.Join(errs...)
	report.Recalled = r.Resumed && (r.history == nil || len(r.history.conflicts.recalled) == 0)
	if known(&l) {
		report.Lifecycles = append(report.Lifecycles, l)
	}
	if err != nil {
		return fmt.Errorf("read order table %s: %w%s", cmp.Or(c.Source.Table, "(a query)"), err, c.Source.converting(err))
	}
	return nil
}

// converting is how to read a time that the table keeps as text; empty where that is not what
// an error is about.
func (s *Table) converting(err error) string {
	if !errors.Is(err, database.ErrNoTime) || s.Table == "" || s.Columns.Updated != "" {
		return ""
	}
	columns := append(slices.Clone(s.Columns.OrderID), s.Columns.State, "CAST("+s.Columns.Since+" AS timestamp) AS "+s.Columns.Since)
	return fmt.Sprintf("; if a text holds the time, replace source.table by source.query: SELECT %s FROM %s (in MySQL AS datetime)", strings.Join(columns, ", "), s.Table)
}

// newState is a state before anything was read of it.
func newState(name string, s State) signal.State {
	return signal.State{
		Name: name, Max: time.Duration(s.Max), Next: s.Next,
		Terminal: s.done() && !s.Failed, Abandoned: s.Abandoned, Failed: s.Failed, Compensating: len(s.Compensates) > 0,
		Severity: signal.Severity(s.Severity),
		Orders:   signal.Unknown, Overdue: signal.Unknown,
	}
}

// states reads the states that are not terminal. Terminal states hold most orders, and
// nothing is wrong with those. What was read of a state stays if the rest fails.
func (r *reader) states(ctx context.Context, in *database.Reading, t *table, states []signal.State) (warnings []string, err error) {
	var read []*signal.State
	var waits []database.Wait
	for i, s := range r.config.States {
		if !states[i].Terminal {
			read = append(read, &states[i])
			wait := r.wait(t, s.Name, s.Value.values(s.Name), states[i].Max)
			if states[i].Max > 0 || states[i].Failed {
				wait.Worth = t.worth
			}
			waits = append(waits, wait)
		}
	}
	warnings, errs := r.readStates(ctx, in, t, &r.firstSeen, read, waits)
	warnings = append(warnings, r.findKnown(ctx, in, t, read, waits)...)
	return warnings, database.Join(errs...)
}

// wait asks for the orders whose state column holds one of the values.
func (r *reader) wait(t *table, state string, values []string, longest time.Duration) database.Wait {
	return database.Wait{
		Selection: t.in(state, values),
		Cap:       r.config.Cap, Longest: longest, Sample: r.config.Sample + len(r.known), Fields: t.fields(),
	}
}

// readStates fills in states with the orders that the waits ask for. There is an error,
// or nil, for each state.
func (r *reader) readStates(ctx context.Context, in *database.Reading, t *table, seen *firstSeen, states []*signal.State, waits []database.Wait) (warnings []string, errs []error) {
	if r.config.Source.Columns.Updated != "" {
		for i, state := range states {
			more, err := r.readByFirstSeen(ctx, in, waits[i], t, seen, state)
			warnings, errs = append(warnings, more...), append(errs, err)
		}
		return warnings, errs
	}
	for i, found := range in.Waiting(ctx, waits) {
		errs = append(errs, found.Err)
		if found.Tally.Known() {
			warnings = append(warnings, found.Tally.Warnings(waits[i].Selection)...)
			t.fill(states[i], found)
			states[i].SQL = in.Listing(waits[i].Selection, t.limitOf(states[i]), t.orderID...)
			warnings = append(warnings, r.value(ctx, in, t, states[i], waits[i], found)...)
		}
	}
	return warnings, errs
}

// limitOf is how long an order of a state may wait before it counts; 0: all orders count.
func (t *table) limitOf(state *signal.State) time.Duration {
	if state.Failed {
		return 0
	}
	return state.Max
}

// fill fills in a state with what was read of it.
func (t *table) fill(state *signal.State, found database.Waiting) {
	tally := found.Tally
	state.Orders, state.OrdersCapped = tally.Rows.Count, tally.Rows.Capped
	state.Overdue, state.OverdueCapped = tally.Late.Count, tally.Late.Capped
	if state.Failed {
		state.Overdue, state.OverdueCapped = state.Orders, state.OrdersCapped
	}
	if tally.Oldest.Known() {
		state.Oldest = signal.Age{Since: tally.Oldest, Bound: signal.Measured}
	}
	for _, row := range found.Oldest {
		state.Sample = append(state.Sample, t.ref(row))
	}
}

// known reports whether anything was read. Nothing was where every state is terminal or
// every query failed.
func known(l *signal.Lifecycle) bool {
	for _, s := range l.States {
		if s.Orders.Known() {
			return true
		}
	}
	return l.History != nil || l.Duplicates != nil
}

// stateOf is the number of the state that a value of a column stands for, compared as the
// database compares them; undeclared if the lifecycle does not declare it.
func (r *reader) stateOf(in *database.Reading, column database.Column, value string) int {
	for i, s := range r.config.States {
		if slices.ContainsFunc(s.Value.values(s.Name), func(v string) bool { return in.Same(column, v, value) }) {
			return i
		}
	}
	return undeclared
}
