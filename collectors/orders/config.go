package orders

import (
	"log/slog"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Config is one entry of the section lifecycles.
type Config struct {
	Name       string                `yaml:"name" doc:"The name of the lifecycle, in findings, metrics and logs." example:"order"`
	Kind       string                `yaml:"kind" enum:"order,saga" default:"order" doc:"Whether the states are those of an order or the steps of a saga."`
	Max        config.Duration       `yaml:"max" doc:"How long an order may take from its first state to its last; no limit if omitted." example:"2d"`
	Source     Table                 `yaml:"source" doc:"The table that holds the orders."`
	History    *History              `yaml:"history" doc:"The table with one row for each transition of an order, if there is one. From it lostorder finds illegal transitions and the real dwell of each state."`
	Duplicates *Duplicates           `yaml:"duplicates" doc:"A key that only one order may have. With it lostorder finds one request that became two orders."`
	Histogram  *Histogram            `yaml:"histogram" doc:"Count all orders in progress by their dwell, at a slow interval, and not only the oldest."`
	States     config.Ordered[State] `yaml:"states" required:"true" doc:"The states. An order begins in the first one." example:"{placed: {max: 5m, next: [paid]}, paid: {}}"`
	Cap        int                   `yaml:"cap" default:"1000" min:"1" max:"1000000" doc:"The most orders of a state that are counted."`
	Sample     int                   `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the orders with the longest dwell in a state a finding names."`
	Labels     collectors.Labels     `yaml:"labels" doc:"Labels for all findings of this lifecycle, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`
	Schedule   collectors.Schedule   `inline:"true"`
}

// Table is a table with one row for each order.
type Table struct {
	Database string  `yaml:"database" required:"true" ref:"databases" doc:"The name of the database that holds the table." example:"shop"`
	Table    string  `yaml:"table" doc:"The table, as table or schema.table." example:"orders"`
	Query    string  `yaml:"query" doc:"A SQL query instead of a table, for joins and expressions. It returns the columns that columns names. The guard applies to it." example:"SELECT o.id, s.name AS state, o.updated_at FROM orders o JOIN states s ON s.id = o.state_id"`
	Columns  Columns `yaml:"columns" doc:"The names of the columns."`
	Where    string  `yaml:"where" doc:"A SQL predicate that selects the orders of this lifecycle." example:"kind = 'web'"`

	collectors.Money `inline:"true"`
}

// Columns are the names of the columns of an order table.
type Columns struct {
	OrderID     []string `yaml:"order_id" default:"id" single:"true" doc:"The id of the order. Several columns if only together they identify an order; they are shown joined: acme/1001." example:"tenant,id"`
	State       string   `yaml:"state" default:"state" doc:"The current state of the order."`
	Since       string   `yaml:"since" default:"updated_at" doc:"When the order entered its state: a timestamp, or seconds or milliseconds since 1970. With a column that every update changes, orders look younger than they are. If the time is a text, convert it in source.query."`
	Updated     string   `yaml:"updated" doc:"When the row was last changed, if no column holds when the order entered its state. lostorder then remembers when it first saw the order in its state, and reports a lower bound of the dwell." example:"updated_at"`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the order, or its trace id." example:"traceparent"`
	Amount      string   `yaml:"amount" doc:"What the order is worth: a decimal number, or a whole number of minor units with minor_units. Findings then say how much money is at stake." example:"total"`
	Currency    string   `yaml:"currency" doc:"The currency of the amount; currency sets one for all orders. Amounts of several currencies are never added." example:"currency"`
}

// State is one state of a lifecycle.
type State struct {
	Max         config.Duration `yaml:"max" doc:"How long an order may be in the state; no limit if omitted." example:"5m"`
	Next        []string        `yaml:"next" single:"true" doc:"The states that may follow this one." example:"paid,cancelled"`
	Terminal    bool            `yaml:"terminal" doc:"An order does not leave this state. A state without next is terminal."`
	Initial     bool            `yaml:"initial" doc:"An order may begin in this state. It may always begin in the first one."`
	Excludes    []string        `yaml:"excludes" single:"true" doc:"The states that an order in this state may never have, before or after." example:"cancelled"`
	Compensates []string        `yaml:"compensates" single:"true" doc:"The steps of the saga that this step undoes." example:"charging"`
	Abandoned   bool            `yaml:"abandoned" doc:"The order is given up in this state. It does not count as completed in time."`
	Failed      bool            `yaml:"failed" doc:"A saga in this state has failed and needs manual repair."`
	Severity    string          `yaml:"severity" enum:"critical,warning,info" doc:"The severity of a finding about orders that are overdue in the state. The default is critical." example:"warning"`
	Values      []string        `yaml:"values" single:"true" doc:"The values of the state column that stand for this state; the name of the state if omitted." example:"P,PLACED"`
}

// History is a table with one row for each transition of an order, in the database of
// the source.
type History struct {
	Table     string          `yaml:"table" doc:"The table, as table or schema.table." example:"order_events"`
	Query     string          `yaml:"query" doc:"A SQL query instead of a table." example:"SELECT id, order_id, lower(state) AS state, created_at FROM order_events"`
	Columns   HistoryColumns  `yaml:"columns" doc:"The names of the columns."`
	Where     string          `yaml:"where" doc:"A SQL predicate that selects the transitions of this lifecycle." example:"NOT void"`
	ClockSkew config.Duration `yaml:"clock_skew" default:"2s" doc:"How far the clocks of the writers may differ. Transitions that are no further apart are legal if one of their orders is legal."`
	Late      config.Duration `yaml:"late" default:"30s" doc:"How long after its time a row may be committed and still be read."`
	Remember  config.Duration `yaml:"remember" default:"1d" min:"1s" doc:"How long an order with a conflict is reported, unless its rows are corrected."`
}

// HistoryColumns are the names of the columns of a history table.
type HistoryColumns struct {
	Key         []string `yaml:"key" default:"id" single:"true" doc:"The key of a row, with all its columns. It orders rows with the same time." example:"order_id,version"`
	OrderID     []string `yaml:"order_id" default:"order_id" single:"true" doc:"The id of the order, with the same columns as in the source." example:"tenant,order_id"`
	State       string   `yaml:"state" default:"state" doc:"The state that the order entered."`
	At          string   `yaml:"at" default:"created_at" doc:"When the order entered the state: a timestamp, or seconds or milliseconds since 1970."`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the transition, or its trace id." example:"traceparent"`
}

// Duplicates defines which orders come from the same request.
type Duplicates struct {
	Key      []string        `yaml:"key" required:"true" single:"true" doc:"The columns of the source whose values only one order may have: an idempotency key, or a customer and a cart. Rows with NULL in one of them are ignored." example:"idempotency_key"`
	Created  string          `yaml:"created" default:"created_at" doc:"When the order was created: a timestamp, or seconds or milliseconds since 1970."`
	Within   config.Duration `yaml:"within" default:"1h" min:"1s" doc:"Orders created within this time are compared with each other."`
	Except   []string        `yaml:"except" single:"true" doc:"States whose orders are ignored, such as cancelled." example:"cancelled"`
	Cap      int             `yaml:"cap" default:"10000" min:"2" max:"1000000" doc:"The most orders that are compared, the latest first."`
	Interval config.Duration `yaml:"interval" default:"1m" min:"100ms" doc:"How often lostorder searches for duplicates."`
}

// Histogram defines how often all orders in progress are counted by their dwell.
type Histogram struct {
	Interval config.Duration `yaml:"interval" default:"1h" min:"1s" doc:"How often the orders are counted."`
	Cap      int             `yaml:"cap" default:"100000" min:"1" max:"10000000" doc:"The most orders of a state that are counted, those with the longest dwell first."`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "lifecycles"

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(sectionKey, "The states of orders, or the steps of sagas: how long each may last, and the table that holds them.", target)
}

// setup is everything that determines how a lifecycle is read.
type setup struct {
	Lifecycle Config
	Database  database.Config
}

func target(c Config, f *config.File) collectors.Target {
	s := setup{Lifecycle: c, Database: database.Find(f, c.Source.Database)}
	id := signal.TargetID{Collector: "orders", Target: c.Name}
	return collectors.Polled(id, c.Schedule, s, func(log *slog.Logger) collectors.Reader { return open(s, log) }).Labelled(c.Labels)
}
