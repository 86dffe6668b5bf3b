package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader makes one check.
type reader struct {
	config Config
	log    *slog.Logger
	sides  [4]*side // by role; a primary is nil where there is none
	sorted bool     // the keys of both sides are in the same order
	// scattered: keys of text turned out to be sorted in different ways.
	scattered bool
	offPeak   cron.Schedule
	tails     [2]tail
	round     round
	budget    int64 // rows that the round may still read; below zero: that it has read too many
	suspects  suspects
	grace     time.Duration // how long a mismatch may last
	compared  int64
	listed    int64
	restored  bool // the state of the last run was looked for
	readings  int
	saved     time.Time // when the state was written
	unsaved   error     // why it could not be
}

func open(s setup, log *slog.Logger) *reader {
	r := &reader{config: s.Check, log: log, grace: s.Check.grace(s.Databases), suspects: suspects{all: map[string]*suspect{}}}
	r.offPeak, _ = offPeak(r.config.OffPeak) // which Validate has looked at
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

// grace is how long a mismatch may last: a replica that is behind shows it that
// much longer.
func (c *Config) grace(databases [4]database.Config) time.Duration {
	return time.Duration(c.Grace) + time.Duration(max(databases[left].ReadReplicaLag, databases[right].ReadReplicaLag))
}

// Close keeps the state and ends the connections.
func (r *reader) Close() error {
	errs := []error{r.save(time.Now())}
	for _, s := range r.sides {
		if s != nil {
			errs = append(errs, s.db.Close())
		}
	}
	return database.Join(errs...)
}

// Read takes one reading: it compares the rows that are new, looks at those that
// differed, and goes on with the round over all rows.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	until := time.Now().Add(time.Duration(r.config.Schedule.Timeout) / 2)
	warn := func(text string) { report.Warnings = append(report.Warnings, text) }
	if err := r.find(ctx, warn); err != nil {
		return err
	}
	r.restore()
	r.readings++
	// Each of these can do without the others: an index that is missing for one of
	// them leaves the reading incomplete, and not empty.
	var errs []error
	for _, step := range []func(context.Context, time.Time) error{r.again, r.news, r.goRound} {
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
		warn(fmt.Sprintf("the state cannot be kept in state_file, and a restart will begin anew: %v; make its folder one that lostorder may write to", r.unsaved))
	}
	report.Reconciliations = append(report.Reconciliations, r.reading())
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
	if err := comparable(all); err != nil {
		return err
	}
	for _, s := range all {
		s.keyed.Younger = time.Duration(r.config.Within)
		s.keyed.Once = r.config.Expect == atLeastOne && s.config == &r.config.Right
	}
	return nil
}

// again looks at the keys that differed once more, on the primaries.
func (r *reader) again(ctx context.Context, _ time.Time) error {
	l, s := r.sides[left], r.sides[right]
	if p := r.sides[leftPrimary]; p != nil {
		l = p
	}
	if p := r.sides[rightPrimary]; p != nil {
		s = p
	}
	// What a replica did not know yet when the grace was over tells nothing.
	r.suspects.grace = r.grace
	for _, of := range []*side{l, s} {
		stale, known := of.clock.Stale()
		if !known {
			return nil
		}
		r.suspects.grace = max(r.suspects.grace, r.grace+stale)
	}
	return r.lookAt(ctx, l, s, r.suspects.due(time.Now()), true)
}

func (r *reader) reading() signal.Reconciliation {
	c := &r.config
	mismatches, waiting := r.suspects.summary(c.kinds(), c.Sample, r.sides[left].keyed.Shown)
	return signal.Reconciliation{
		Name: c.Name, Kind: c.means(), Grace: time.Duration(c.Grace),
		Left:       signal.Store{Database: c.Left.Database, Table: c.Left.Table},
		Right:      signal.Store{Database: c.Right.Database, Table: c.Right.Table},
		Mismatches: mismatches, Suspects: waiting,
		Compared: signal.Count(r.compared), Listed: signal.Count(r.listed),
		Pass: r.round.reading(),
	}
}

// warnings says what makes the check slow or incomplete.
func (r *reader) warnings(warn func(string)) {
	if r.suspects.full {
		warn(fmt.Sprintf("more than %d orders differ; the others are not remembered, and counts are lower bounds", mostCases))
	}
	for role, t := range r.tails {
		if t.behind {
			warn(fmt.Sprintf("table %s grows faster than its new rows are looked up; those of now are looked up later", r.sides[role].config.Table))
		}
	}
	if !r.sorted || r.scattered {
		warn(fmt.Sprintf("the keys of %s and %s are sorted in different ways, as numbers and texts are, or texts by other collations: the round has to list them all", r.config.Left.Table, r.config.Right.Table))
	}
}
