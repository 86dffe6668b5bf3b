package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// reader reads one outbox.
type reader struct {
	collectors.Recollection[keptMemory]
	config Config
	preset preset
	db     *database.DB
	table  *table // as found by the last reading
	// inserted is the table of a slot, as found by the last reading.
	inserted *database.Table
	known    *memory

	log    *slog.Logger
	readAt signal.Instant // the last reading, on the clock of the database
}

// memory is what the readings of an outbox remember. It outlives a connection.
type memory struct {
	lag       logLag
	binlog    binlogTracker
	skips     skipTracker
	published publishedCounter
}

func open(s setup, known *memory, log *slog.Logger) *reader {
	return &reader{config: s.Outbox, preset: s.preset, db: database.Open(s.Database), known: known, log: log}
}

// Close ends the connection.
func (r *reader) Close() error { return r.db.Close() }

// Read takes one reading, in one transaction.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	return r.db.Read(ctx, func(in *database.Reading) error {
		if w := in.Clock().Warning(r.db.Name()); w != "" {
			report.Warnings = append(report.Warnings, w)
		}
		r.resume(in.Now())
		if err := r.follow(ctx, in, report); err != nil {
			return err
		}
		r.readAt = in.Now()
		report.Recalled = r.Resumed
		defer func() {
			report.Warnings = append(report.Warnings, in.Warnings()...)
			report.Remedies = signal.MergeRemedies(report.Remedies, in.Remedies())
		}()
		if r.config.Slot != "" {
			return r.readSlot(ctx, in, report)
		}
		if r.config.BinlogUser != "" {
			return r.readBinlog(ctx, in, report)
		}
		t, err := find(ctx, in, &r.config, &r.preset)
		if err != nil {
			return err
		}
		r.table = t
		return r.read(ctx, in, t, report)
	})
}

// read asks for the oldest rows first: a reading that is cut short still shows whether
// the relay makes progress.
func (r *reader) read(ctx context.Context, in *database.Reading, t *table, report *signal.Report) error {
	c := &r.config
	o := signal.Outbox{
		Name: c.Name, Database: c.Database, Table: c.Table, MaxAge: time.Duration(c.MaxAge),
		Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, Published: signal.Unknown,
	}
	var errs []error
	read := false

	if t.position != nil {
		if err := r.readPosition(ctx, in, t, &o, report); err != nil {
			return err // it is unknown which rows are pending or skipped
		}
	}
	rows, err := r.oldest(ctx, in, t)
	if o.Skipped != nil { // the oldest pending rows may have shown that more were skipped
		o.Skipped = r.known.skips.signal(o.Skipped.Position)
	}
	skipped, unmarked := 0, 0 // among the pending rows
	if t.marked {
		skipped, unmarked = len(r.known.skips.skipped), len(r.known.skips.unmarked)
	}
	if err != nil {
		errs = append(errs, err)
	} else {
		read = true
		o.HeadKey, o.Oldest, o.Sample = t.head(rows)
		o.HeadUntried = len(rows) > 0 && t.untried(rows[0])
		for _, row := range rows {
			o.Keys = append(o.Keys, row.Fields[0])
		}
		o.KeysCapped = len(rows) == c.Sample
	}
	also, retried, failed := t.also()
	tally, err := in.Tally(ctx, t.pending, c.Cap, 0, also...)
	errs = append(errs, err)
	if tally.Known() {
		read = true
		o.SQL = in.Listing(t.pending, 0, append([]database.Column{t.id}, t.orderID...)...)
		o.Pending, o.PendingCapped = max(0, tally.Rows.Count-signal.Count(skipped)), tally.Rows.Capped
		if tally.Oldest.Known() && skipped+unmarked == 0 {
			o.Oldest = signal.Age{Since: tally.Oldest, Bound: signal.Measured}
		}
		if retried >= 0 {
			o.Retried = tally.Also[retried].Count
		}
		if failed >= 0 {
			o.Failed = tally.Also[failed].Count
		}
		warnings := tally.Warnings(t.pending)
		if tally.Future.Count > 0 && t.due == nil {
			warnings[len(warnings)-1] += " If the column holds when a row is due, name it in columns.due."
		}
		report.Warnings = append(report.Warnings, warnings...)
	}
	if t.failed != nil {
		if n, err := in.Count(ctx, *t.failed, c.Cap); err != nil {
			errs = append(errs, err)
		} else {
			read = true
			o.Failed = n.Count
		}
	}
	if t.position == nil {
		errs = append(errs, r.known.published.read(ctx, in, t, &o, c.Cap))
	}
	// A row that is pending in a late read replica may be published by now. It is
	// overdue only if it already was at the time that the replica shows.
	lag, known := in.Clock().ExcessLag()
	if age := o.Oldest.At(in.Now()); age >= o.MaxAge && (!known || age-lag < o.MaxAge) {
		o.Oldest = signal.Age{}
	}
	if read {
		report.Outboxes = append(report.Outboxes, o)
	}
	if err := database.Join(errs...); err != nil {
		return fmt.Errorf("read outbox table %s: %w", c.Table, err)
	}
	return nil
}

// fields are the columns read from each row, in the order that head and order expect.
func (t *table) fields() []database.Column {
	fields := append([]database.Column{t.id}, t.orderID...)
	if t.traceparent != nil {
		fields = append(fields, *t.traceparent)
	}
	if t.attempts != nil {
		fields = append(fields, *t.attempts)
	}
	return fields
}

// head describes the oldest rows: the key and age of the first, and the orders of all.
func (t *table) head(rows []database.Row) (key string, oldest signal.Age, waiting []signal.OrderRef) {
	if len(rows) == 0 {
		return "", signal.Age{}, nil
	}
	key = t.shown(rows[0])
	if rows[0].Since.Known() {
		oldest = signal.Age{Since: rows[0].Since, Bound: signal.Measured}
	}
	if len(t.orderID) == 0 {
		return key, oldest, nil // the key of an event is no order id
	}
	for _, row := range rows {
		if ref := t.order(row); ref.ID != "" {
			waiting = append(waiting, ref)
		}
	}
	return key, oldest, waiting
}

// untried reports whether the table records that the relay has not tried to publish a row.
func (t *table) untried(row database.Row) bool {
	if t.attempts == nil {
		return false
	}
	n, err := strconv.ParseFloat(t.tries(row), 64)
	return err == nil && n == 0
}

// tries is how often the relay has tried to publish a row; empty where nothing records it.
func (t *table) tries(row database.Row) string {
	if t.attempts == nil {
		return ""
	}
	return row.Fields[len(t.fields())-1]
}

// shown is the key of a row as people write it.
func (t *table) shown(row database.Row) string {
	return database.Shown([]database.Column{t.id}, row.Fields[:1])
}

// order is the order that a row belongs to. Its id is empty where no column holds it.
func (t *table) order(row database.Row) signal.OrderRef {
	ref := signal.OrderRef{Since: row.Since}
	n := len(t.orderID)
	if order := row.Fields[1 : 1+n]; n > 0 && !slices.Contains(order, "") {
		ref.ID = database.Shown(t.orderID, order)
		if t.traceparent != nil {
			ref.TraceID, ref.SpanID = span.Parent(row.Fields[1+n])
		}
	}
	return ref
}

// also returns the conditions to count among the pending rows, and the index of each
// in them; -1 where it is not counted.
func (t *table) also() (conditions []database.Condition, retried, failed int) {
	retried, failed = -1, -1
	if t.attempts != nil {
		retried = len(conditions)
		conditions = append(conditions, database.Positive(*t.attempts))
	}
	if t.lastError != nil && t.failed == nil {
		failed = len(conditions)
		conditions = append(conditions, database.NotEmpty(*t.lastError))
	}
	return conditions, retried, failed
}
