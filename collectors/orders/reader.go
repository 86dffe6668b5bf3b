package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader reads one lifecycle.
type reader struct {
	config Config
	graph  *graph
	db     *database.DB

	moves      *moves      // nil without a history table
	duplicates *duplicates // nil when they are not looked for
	sightings  sightings
	table      *table // as it was found last
}

func open(s setup) *reader {
	r := &reader{config: s.Lifecycle, graph: newGraph(&s.Lifecycle), db: database.Open(s.Database)}
	if r.config.History != nil {
		r.moves = newMoves(&r.config, r.graph, r.stateOf)
	}
	if r.config.Duplicates != nil {
		r.duplicates = &duplicates{config: r.config.Duplicates, graph: r.graph, stateOf: r.stateOf}
	}
	return r
}

// Close ends the connection.
func (r *reader) Close() error { return r.db.Close() }

// Read takes one reading, in one transaction.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	return r.db.Read(ctx, func(in *database.Reading) error {
		if w := in.Clock().Warning(r.db.Name()); w != "" {
			report.Warnings = append(report.Warnings, w)
		}
		t, err := find(ctx, in, &r.config.Source)
		if err != nil {
			return err
		}
		r.table = t
		return r.read(ctx, in, t, report)
	})
}

func (r *reader) read(ctx context.Context, in *database.Reading, t *table, report *signal.Report) error {
	c := &r.config
	l := signal.Lifecycle{Name: c.Name, Database: c.Source.Database, Saga: c.Kind == "saga", Max: time.Duration(c.Max)}
	var errs []error
	for _, s := range c.States {
		state := newState(s.Name, s.Value)
		if !state.Terminal { // orders that are done are too many to look at, and nothing is wrong with them
			warnings, err := r.state(ctx, in, t.in(s.Name, s.Value.values(s.Name)), t, &state)
			errs = append(errs, err)
			report.Warnings = append(report.Warnings, warnings...)
		}
		l.States = append(l.States, state)
	}
	unnamed, warnings := r.unnamed(ctx, in, t)
	l.Unnamed = unnamed
	report.Warnings = append(report.Warnings, warnings...)
	if r.duplicates != nil {
		found, warnings, err := r.duplicates.read(ctx, in, t)
		l.Duplicates = found
		errs = append(errs, err)
		report.Warnings = append(report.Warnings, warnings...)
	}
	if r.moves != nil {
		history, warnings, err := r.moves.read(ctx, in)
		l.History = history
		errs = append(errs, err)
		report.Warnings = append(report.Warnings, warnings...)
	}

	err := database.Join(errs...)
	if known(&l) {
		report.Lifecycles = append(report.Lifecycles, l)
	}
	if err != nil {
		return fmt.Errorf("read order table %s: %w", cmp.Or(c.Source.Table, "(a query)"), err)
	}
	return nil
}

// newState is a state of which nothing was read yet.
func newState(name string, s State) signal.State {
	return signal.State{
		Name: name, Max: time.Duration(s.Max), Next: s.Next,
		Terminal: s.done() && !s.Failed, Abandoned: s.Abandoned, Failed: s.Failed, Compensating: len(s.Compensates) > 0,
		Orders: signal.Unknown, Overdue: signal.Unknown,
	}
}

// state reads one state; what could be read of it stays when the rest could not.
func (r *reader) state(ctx context.Context, in *database.Reading, s database.Selection, t *table, state *signal.State) ([]string, error) {
	if r.config.Source.Columns.Updated != "" {
		return r.sighted(ctx, in, s, t, state)
	}
	tally, missing := in.Tally(ctx, s, r.config.Cap, state.Max)
	if !tally.Known() {
		return nil, missing
	}
	state.Orders, state.OrdersCapped = tally.Rows.Count, tally.Rows.Capped
	state.Overdue, state.OverdueCapped = tally.Late.Count, tally.Late.Capped
	if state.Failed {
		state.Overdue, state.OverdueCapped = state.Orders, state.OrdersCapped
	}
	if tally.Oldest.Known() {
		state.Oldest = signal.Age{Since: tally.Oldest, Bound: signal.Measured}
	}
	warnings := tally.Warnings(s)
	if tally.Rows.Count == tally.Undated.Count {
		return warnings, missing // nobody has been there for any time
	}
	rows, err := in.Oldest(ctx, s, r.config.Sample, t.fields()...)
	for _, row := range rows {
		ref := signal.OrderRef{ID: row.Fields[0], Since: row.Since}
		if t.traceparent != nil {
			ref.TraceID, ref.SpanID = database.Trace(row.Fields[1])
		}
		state.Longest = append(state.Longest, ref)
	}
	return warnings, database.Join(missing, err)
}

// known reports whether anything at all was read: a lifecycle of terminal states
// alone says nothing, and neither does one of which every question failed.
func known(l *signal.Lifecycle) bool {
	for _, s := range l.States {
		if s.Orders.Known() {
			return true
		}
	}
	return l.History != nil || l.Duplicates != nil
}

// stateOf is the number of the state that a value stands for, as the database
// compares them; noState when the lifecycle does not name it.
func (r *reader) stateOf(in *database.Reading, value string) int {
	for i, s := range r.config.States {
		if slices.ContainsFunc(s.Value.values(s.Name), func(v string) bool { return in.Same(v, value) }) {
			return i
		}
	}
	return noState
}
