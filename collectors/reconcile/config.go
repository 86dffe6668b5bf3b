package reconcile

import (
	"log/slog"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Config is one entry of the section reconciliations.
type Config struct {
	Name          string              `yaml:"name" doc:"What the check is called." example:"payments"`
	Left          Side                `yaml:"left" doc:"The orders."`
	Right         Side                `yaml:"right" doc:"What there has to be for each of them."`
	Expect        string              `yaml:"expect" required:"true" enum:"exactly_one,at_least_one,at_most_one,equal" doc:"How many rows the right has for a row of the left; equal is exactly one with the same values." example:"exactly_one"`
	Kind          string              `yaml:"kind" enum:"effect,event,replica" doc:"What the right is: effects of orders (payments, shipments), events that tell of them (an outbox), or a replica of the orders; when left out, a replica where equal is expected, and otherwise effects." example:"effect"`
	Grace         config.Duration     `yaml:"grace" default:"10m" min:"100ms" doc:"How long a mismatch may last before it is told."`
	Within        config.Duration     `yaml:"within" default:"0" doc:"Rows older than this are not compared, for a side that is cleaned up; 0 compares all." example:"7d"`
	RowsPerSecond int                 `yaml:"rows_per_second" default:"4000" min:"100" max:"10000000" doc:"How many rows of a side the round over old rows reads in a second, on average."`
	OffPeak       string              `yaml:"off_peak" doc:"The minutes in which the round over old rows goes on, in cron form, by the clock of lostorder (TZ), or by that of a zone: CRON_TZ=Europe/Berlin * 1-5 * * *. Always when left out. New rows are compared at all times." example:"* 1-5 * * *"`
	StateFile     string              `yaml:"state_file" doc:"A file that keeps how far the round has come and which orders differ, so that a restart goes on from there. It holds their ids as they are, and is made where it is missing. In memory alone when left out: the round then begins anew." example:"/var/lib/lostorder/payments.json"`
	Sample        int                 `yaml:"sample" default:"20" min:"1" max:"1000" doc:"How many orders of each kind of mismatch are named."`
	Schedule      collectors.Schedule `inline:"true"`
}

// Side is one of the two tables.
type Side struct {
	Database string  `yaml:"database" required:"true" ref:"databases" doc:"The database it is in." example:"shop"`
	Primary  string  `yaml:"primary" ref:"databases" doc:"The database that confirms a mismatch, where the other is a read replica." example:"shop-primary"`
	Table    string  `yaml:"table" required:"true" doc:"The table, as table or schema.table." example:"orders"`
	Columns  Columns `yaml:"columns" doc:"What its columns are called."`
	Where    string  `yaml:"where" doc:"A predicate in SQL: on the left, for orders that must have a partner; on the right, for rows that count as one." example:"state IN ('paid', 'shipped')"`
}

// Columns says what the columns of a side are called.
type Columns struct {
	Key         []string `yaml:"key" required:"true" single:"true" doc:"The id of the order; several columns where it takes them all to tell orders apart. An index has to begin with them." example:"id"`
	At          string   `yaml:"at" default:"created_at" doc:"When the row was made or last changed; new rows are found by an index on it. Empty: new rows are found by the round alone."`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the row, or its trace id; a finding then links the trace." example:"traceparent"`
	Values      []string `yaml:"values" single:"true" doc:"The columns whose values are compared, in the order of the other side's; for equal." example:"amount,status"`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "reconciliations"

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(sectionKey, "Checks that what one store holds, another store holds too: orders and their payments, shipments, events, copies.", target)
}

// setup is all that decides how a check is made. The databases are in the order in
// which roles has them.
type setup struct {
	Check     Config
	Databases [4]database.Config
}

// The roles of databases in a check.
const (
	left = iota
	right
	leftPrimary
	rightPrimary
)

func target(c Config, f *config.File) collectors.Target {
	s := setup{Check: c}
	for role, name := range []string{c.Left.Database, c.Right.Database, c.Left.Primary, c.Right.Primary} {
		if name != "" {
			s.Databases[role] = database.Find(f, name)
		}
	}
	id := signal.TargetID{Collector: "reconcile", Target: c.Name}
	return collectors.Polled(id, c.Schedule, s, func(log *slog.Logger) collectors.Reader { return open(s, log) })
}

// means is what the right is to the left.
func (c *Config) means() signal.ReconciliationKind {
	switch {
	case c.Kind != "":
		return signal.ReconciliationKind(c.Kind)
	case c.Expect == equal:
		return signal.Replicas
	}
	return signal.Effects
}

// What may be expected.
const (
	exactlyOne = "exactly_one"
	atLeastOne = "at_least_one"
	atMostOne  = "at_most_one"
	equal      = "equal"
)

// kinds are the mismatches that the check looks for.
func (c *Config) kinds() []signal.MismatchKind {
	kinds := []signal.MismatchKind{signal.MissingLeft}
	if c.Expect != atMostOne {
		kinds = append(kinds, signal.MissingRight)
	}
	if c.Expect != atLeastOne {
		kinds = append(kinds, signal.Duplicate)
	}
	if c.Expect == equal {
		kinds = append(kinds, signal.Different)
	}
	return kinds
}
