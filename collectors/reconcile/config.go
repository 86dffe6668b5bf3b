package reconcile

import (
	"log/slog"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
)

// Config is one entry of the section reconciliations.
type Config struct {
	Name          string              `yaml:"name" doc:"The name of the check, in findings, metrics and logs." example:"payments"`
	Left          Side                `yaml:"left" doc:"The table with the orders."`
	Right         Side                `yaml:"right" doc:"The table with what each order must have."`
	Expect        string              `yaml:"expect" required:"true" enum:"exactly_one,at_least_one,at_most_one,equal" doc:"How many rows the right side has for each row of the left side. equal means exactly one with the same values." example:"exactly_one"`
	Kind          string              `yaml:"kind" enum:"effect,event,replica" doc:"What the right side holds: effects of orders (payments, shipments), their events (an outbox), or a replica of the orders. If omitted, replica for expect: equal, otherwise effect." example:"effect"`
	Grace         config.Duration     `yaml:"grace" default:"10m" min:"100ms" doc:"How long a mismatch may last before it is reported."`
	Within        config.Duration     `yaml:"within" default:"0" doc:"Rows older than this are not compared, for a side that is cleaned up; 0 compares all rows." example:"7d"`
	RowsPerSecond int                 `yaml:"rows_per_second" default:"4000" min:"100" max:"10000000" doc:"How many rows of a side a pass reads in a second, on average."`
	OffPeak       string              `yaml:"off_peak" doc:"The minutes in which a pass over all rows may read, as a cron pattern, in the time zone of lostorder (TZ) or a named one: CRON_TZ=Europe/Berlin * 1-5 * * *. All minutes if omitted. New rows are always compared." example:"* 1-5 * * *"`
	StateFile     string              `yaml:"state_file" doc:"Deprecated: set state.dir, which keeps the position of the pass, the orders that differ and everything else. With state.dir the file is read once and no longer written. Without it, lostorder keeps the position and the orders in this file: in plain text, or encrypted with the salt if privacy hashes them." example:"/var/lib/lostorder/payments.json"`
	Sample        int                 `yaml:"sample" default:"20" min:"1" max:"1000" doc:"How many orders of each kind of mismatch a finding names."`
	Severity      string              `yaml:"severity" enum:"critical,warning,info" doc:"The severity of the findings of this check. The default is critical." example:"warning"`
	Labels        collectors.Labels   `yaml:"labels" doc:"Labels for all findings of this check, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`
	Schedule      collectors.Schedule `inline:"true"`
}

// Side is one of the two tables.
type Side struct {
	Database         string  `yaml:"database" required:"true" ref:"databases" doc:"The name of the database that holds the table." example:"shop"`
	Primary          string  `yaml:"primary" ref:"databases" doc:"The database that confirms a mismatch, if database is a read replica." example:"shop-primary"`
	Table            string  `yaml:"table" required:"true" doc:"The table, as table or schema.table." example:"orders"`
	Columns          Columns `yaml:"columns" doc:"The names of the columns."`
	collectors.Money `inline:"true"`

	Where string `yaml:"where" doc:"A SQL predicate. On the left it selects the orders that must have a partner, on the right the rows that count as one." example:"state IN ('paid', 'shipped')"`
}

// Columns are the names of the columns of a side.
type Columns struct {
	Key         []string `yaml:"key" required:"true" single:"true" doc:"The id of the order. Several columns if only together they identify an order. An index must begin with them." example:"id"`
	At          string   `yaml:"at" default:"created_at" doc:"When the row was created or last changed. lostorder finds new rows by an index on it. If empty, only a pass finds new rows."`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the row, or its trace id. A finding then links the trace." example:"traceparent"`
	Amount      string   `yaml:"amount" doc:"What the row is worth: a decimal number, or a whole number of minor units with minor_units. Findings then say how much money is at stake." example:"total"`
	Currency    string   `yaml:"currency" doc:"The currency of the amount; currency sets one for all rows. Amounts of several currencies are never added." example:"currency"`
	Values      []string `yaml:"values" single:"true" doc:"The columns whose values are compared, for expect: equal, in the same order on both sides." example:"amount,status"`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "reconciliations"

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(sectionKey, "Checks that what one store holds, another store holds too: orders and their payments, shipments, events, copies.", target)
}

// setup is everything that determines how a check is made. The databases are in the order
// of the roles.
type setup struct {
	Check     Config
	Databases [4]database.Config
	Veil      *privacy.Veil // encrypts the state file; nil where order ids may be shown
}

// The roles of databases in a check.
const (
	left = iota
	right
	leftPrimary
	rightPrimary
)

func target(c Config, f *config.File) collectors.Target {
	s := setup{Check: c, Veil: privacy.FromFile(f)}
	for role, name := range []string{c.Left.Database, c.Right.Database, c.Left.Primary, c.Right.Primary} {
		if name != "" {
			s.Databases[role] = database.Find(f, name)
		}
	}
	id := signal.TargetID{Collector: "reconcile", Target: c.Name}
	return collectors.Polled(id, c.Schedule, s, func(log *slog.Logger) collectors.Reader { return open(s, log) }).Labelled(c.Labels)
}

// means is what the right side holds.
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

// kinds are the kinds of mismatches that the check reports.
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
