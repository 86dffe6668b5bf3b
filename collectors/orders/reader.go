package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader reads one lifecycle.
type reader struct {
	config Config
	db     *database.DB
}

func open(s setup) *reader { return &reader{config: s.Lifecycle, db: database.Open(s.Database)} }

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
		return r.read(ctx, in, t, report)
	})
}

func (r *reader) read(ctx context.Context, in *database.Reading, t *table, report *signal.Report) error {
	c := &r.config
	l := signal.Lifecycle{Name: c.Name, Database: c.Source.Database, Saga: c.Kind == "saga"}
	var errs []error
	for _, s := range c.States {
		state := signal.State{
			Name: s.Name, Max: time.Duration(s.Value.Max), Terminal: s.Value.done(),
			Orders: signal.Unknown, Overdue: signal.Unknown,
		}
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

	err := database.Join(errs...)
	if known(l.States) {
		report.Lifecycles = append(report.Lifecycles, l)
	}
	if err != nil {
		return fmt.Errorf("read order table %s: %w", c.Source.Table, err)
	}
	return nil
}

// state reads one state; what could be read of it stays when the rest could not.
func (r *reader) state(ctx context.Context, in *database.Reading, s database.Selection, t *table, state *signal.State) ([]string, error) {
	tally, missing := in.Tally(ctx, s, r.config.Cap, state.Max)
	if !tally.Known() {
		return nil, missing
	}
	state.Orders, state.OrdersCapped = tally.Rows.Count, tally.Rows.Capped
	state.Overdue, state.OverdueCapped = tally.Late.Count, tally.Late.Capped
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
func known(states []signal.State) bool {
	for _, s := range states {
		if s.Orders.Known() {
			return true
		}
	}
	return false
}
