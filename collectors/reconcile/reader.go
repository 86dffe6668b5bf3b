package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader makes one check.
type reader struct {
	collectors.Recollection[state]
	config Config
	veil   *privacy.Veil
	log    *slog.Logger
	sides  [4]*side // by role; nil for a primary that is not set
	sorted bool     // the keys of both sides have the same order
	// scattered: text keys turned out to be sorted differently.
	scattered bool
	offPeak   cron.Schedule
	followers [2]follower
	empty     [2]bool // the last complete pass found no row that counts, and none came since
	pass      pass
	budget    int64 // rows that the pass may still read; below zero: it has read too many
	suspects  suspects
	grace     time.Duration // how long a mismatch may last
	compared  int64
	listed    int64
	restored  bool // restore has run
	kept      bool // state.dir keeps what the check remembers
	readings  int
	saved     time.Time // when the state was last written
	unsaved   error     // why the state could not be written
}

func open(s setup, log *slog.Logger) *reader {
	r := &reader{config: s.Check, veil: s.Veil, log: log, grace: s.Check.effectiveGrace(s.Databases), suspects: suspects{all: map[string]*suspect{}, recalled: map[string]bool{}}}
	r.offPeak, _ = offPeak(r.config.OffPeak) // Validate has checked it
	for role, db := range s.Databases {
		if db.Name == "" {
			continue
		}
		side := &side{name: "left", config: &r.config.Left, db: database.Open(db)}
		if role == right || role == rightPrimary {
			side.name, side.config = "right", &r.config.Right
		}
		r.sides[role] = side
	}
	return r
}

// effectiveGrace is how long a mismatch may last. A replica that is behind shows it
// longer by as much.
func (c *Config) effectiveGrace(databases [4]database.Config) time.Duration {
	return time.Duration(c.Grace) + time.Duration(max(databases[left].ReadReplicaLag, databases[right].ReadReplicaLag))
}

// Close writes the state and ends the connections.
func (r *reader) Close() error {
	errs := []error{r.save(time.Now())}
	for _, s := range r.sides {
		if s != nil {
			errs = append(errs, s.db.Close())
		}
	}
	return database.Join(errs...)
}

// Read takes one reading: it checks the suspects again, compares the new rows, and
// continues the pass over all rows.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	until := time.Now().Add(time.Duration(r.config.Schedule.Timeout) / 2)
	warn := func(text string) { report.Warnings = append(report.Warnings, text) }
	err := r.find(ctx, warn)
	for _, s := range r.sides {
		if s != nil {
			report.Remedies = signal.MergeRemedies(report.Remedies, s.remedies)
		}
	}
	if err != nil {
		return err
	}
	r.restore(ctx)
	r.trace(report)
	r.readings++
	// Each step works without the others: if one lacks an index, the reading is
	// incomplete and not empty.
	var errs []error
	for _, step := range []func(context.Context, time.Time) error{r.recheck, r.compareNew, r.continuePass} {
		err := step(ctx, until)
		if err != nil && ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	r.warnings(warn)
	if now := time.Now(); now.Sub(r.saved) >= saveEvery {
		r.unsaved = r.save(now)
	}
	if r.unsaved != nil {
		warn(fmt.Sprintf("lostorder cannot write state_file, so that a restart begins a new pass: %v; give lostorder the right to write to its folder", r.unsaved))
	}
	report.Reconciliations = append(report.Reconciliations, r.reading())
	report.Recalled = r.Resumed && len(r.suspects.recalled) == 0
	if err := database.Join(errs...); err != nil {
		return fmt.Errorf("compare %s with %s: %w", r.config.Left.Table, r.config.Right.Table, err)
	}
	return nil
}

// find looks up the tables on all sides.
func (r *reader) find(ctx context.Context, warn func(string)) error {
	var errs []error
	var all []*side
	for _, s := range r.sides {
		if s == nil {
			continue
		}
		if err := s.find(ctx, warn); err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, s)
	}
	if err := database.Join(errs...); err != nil {
		return err
	}
	r.sorted = agree(all)
	agreeOnKeys(all)
	if err := comparable(all); err != nil {
		return err
	}
	for _, s := range all {
		s.keyed.Younger = time.Duration(r.config.Within)
		s.keyed.Once = r.config.Expect == atLeastOne && s.config == &r.config.Right
	}
	return nil
}

// recheck compares the keys that differed again, on the primaries.
func (r *reader) recheck(ctx context.Context, _ time.Time) error {
	l, s := r.sides[left], r.sides[right]
	if p := r.sides[leftPrimary]; p != nil {
		l = p
	}
	if p := r.sides[rightPrimary]; p != nil {
		s = p
	}
	// A replica that was behind when the grace period ended confirms nothing.
	r.suspects.grace = r.grace
	for _, of := range []*side{l, s} {
		lag, known := of.clock.ExcessLag()
		if !known {
			return nil
		}
		r.suspects.grace = max(r.suspects.grace, r.grace+lag)
	}
	return r.compareOn(ctx, l, s, r.suspects.due(time.Now()), true)
}

func (r *reader) reading() signal.Reconciliation {
	c := &r.config
	mismatches, waiting := r.suspects.summary(c.kinds(), c.Sample, acknowledge.Orders("", c.Name), r.sides[left].keyed.Shown)
	for i := range mismatches {
		if m := &mismatches[i]; int64(m.Count) > int64(len(m.Sample)) {
			m.SQL = r.listing(m.Kind)
		}
	}
	return signal.Reconciliation{
		Name: c.Name, Kind: c.means(), Grace: time.Duration(c.Grace), Severity: signal.Severity(c.Severity),
		Left:       signal.Store{Database: c.Left.Database, Table: c.Left.Table, Empty: r.empty[left]},
		Right:      signal.Store{Database: c.Right.Database, Table: c.Right.Table, Empty: r.empty[right]},
		Mismatches: mismatches, Suspects: waiting,
		Compared: signal.Count(r.compared), Listed: signal.Count(r.listed),
		Pass: r.pass.signal(),
	}
}

// warnings report what makes the check slow or incomplete.
func (r *reader) warnings(warn func(string)) {
	if r.suspects.full {
		warn(fmt.Sprintf("more than %d orders differ; lostorder does not track the others, and counts are lower bounds", maxSuspects))
	}
	for role, f := range r.followers {
		if f.behind {
			warn(fmt.Sprintf("table %s grows faster than lostorder compares its new rows; the newest are compared later", r.sides[role].config.Table))
		}
	}
	if !r.sorted || r.scattered {
		warn(fmt.Sprintf("the keys of %s and %s are sorted differently, like numbers and text, or text with different collations: a pass has to list all keys", r.config.Left.Table, r.config.Right.Table))
	}
}
