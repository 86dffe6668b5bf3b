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
	Name       string                `yaml:"name" doc:"What the lifecycle is called." example:"order"`
	Kind       string                `yaml:"kind" enum:"order,saga" default:"order" doc:"Whether its states are those of an order or the steps of a saga."`
	Max        config.Duration       `yaml:"max" doc:"How long an order may take from its beginning to its end; as long as it likes when left out." example:"2d"`
	Source     Table                 `yaml:"source" doc:"Where its orders are."`
	History    *History              `yaml:"history" doc:"The table that has one row for each move of an order, where there is one: it tells moves that are not legal, and how long orders really stay."`
	Duplicates *Duplicates           `yaml:"duplicates" doc:"What only one order may have, so that one request that became two orders is found."`
	Histogram  *Histogram            `yaml:"histogram" doc:"Count now and then how long all the orders that are under way have been in their states, not only the oldest."`
	States     config.Ordered[State] `yaml:"states" required:"true" doc:"Its states; the first is where orders begin." example:"{placed: {max: 5m, next: [paid]}, paid: {}}"`
	Cap        int                   `yaml:"cap" default:"1000" min:"1" max:"1000000" doc:"Orders in a state are counted up to this many."`
	Sample     int                   `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the orders that have been in a state longest are named."`
	Schedule   collectors.Schedule   `inline:"true"`
}

// Table is a table with one row for each order.
type Table struct {
	Database string  `yaml:"database" required:"true" ref:"databases" doc:"The database it is in." example:"shop"`
	Table    string  `yaml:"table" doc:"The table, as table or schema.table." example:"orders"`
	Query    string  `yaml:"query" doc:"A query in SQL in place of the table, for joins and expressions: its columns are what columns names. It is read under the same guard." example:"SELECT o.id, s.name AS state, o.updated_at FROM orders o JOIN states s ON s.id = o.state_id"`
	Columns  Columns `yaml:"columns" doc:"What its columns are called."`
	Where    string  `yaml:"where" doc:"A predicate in SQL; rows for which it does not hold are no orders of this lifecycle." example:"kind = 'web'"`
}

// Columns says what the columns of an order table are called.
type Columns struct {
	OrderID     []string `yaml:"order_id" default:"id" single:"true" doc:"The id of the order; several columns where it takes them all to tell orders apart, which are then shown one after the other: acme/1001." example:"tenant,id"`
	State       string   `yaml:"state" default:"state" doc:"The state it is in."`
	Since       string   `yaml:"since" default:"updated_at" doc:"When it entered the state: a timestamp, or seconds or milliseconds since 1970. A column that every update changes makes orders look younger than they are."`
	Updated     string   `yaml:"updated" doc:"When the row was last changed, where no column says since when the order is in its state: lostorder then remembers when it first saw the order there, and what it says of dwell is the least that it was." example:"updated_at"`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the order, or its trace id." example:"traceparent"`
}

// State is one state of a lifecycle.
type State struct {
	Max         config.Duration `yaml:"max" doc:"How long an order may be in it; as long as it likes when left out." example:"5m"`
	Next        []string        `yaml:"next" single:"true" doc:"The states that an order may go to from here." example:"paid,cancelled"`
	Terminal    bool            `yaml:"terminal" doc:"The order is done here; so it is in a state without next."`
	Initial     bool            `yaml:"initial" doc:"Orders may begin here, too; in the first state they always may."`
	Excludes    []string        `yaml:"excludes" single:"true" doc:"The states in which an order that was here may never be, and the other way round." example:"cancelled"`
	Compensates []string        `yaml:"compensates" single:"true" doc:"The steps of the saga that this one undoes." example:"charging"`
	Abandoned   bool            `yaml:"abandoned" doc:"The order is given up here: it does not count as completed in time."`
	Failed      bool            `yaml:"failed" doc:"A saga that is here has failed for good and needs somebody."`
	Values      []string        `yaml:"values" single:"true" doc:"What the state column holds for this state; the name of the state when left out." example:"P,PLACED"`
}

// History is a table with one row for each move of an order, in the database of
// the source.
type History struct {
	Table     string          `yaml:"table" doc:"The table, as table or schema.table." example:"order_events"`
	Query     string          `yaml:"query" doc:"A query in SQL in place of the table." example:"SELECT id, order_id, lower(state) AS state, created_at FROM order_events"`
	Columns   HistoryColumns  `yaml:"columns" doc:"What its columns are called."`
	Where     string          `yaml:"where" doc:"A predicate in SQL; rows for which it does not hold are no moves of this lifecycle." example:"NOT void"`
	ClockSkew config.Duration `yaml:"clock_skew" default:"2s" doc:"How far the clocks of those who write it may differ: moves that lie no further apart count in whichever order is legal."`
	Late      config.Duration `yaml:"late" default:"30s" doc:"How long after its moment a row may be committed and still be seen."`
	Remember  config.Duration `yaml:"remember" default:"1d" min:"1s" doc:"How long an order that went where it may not stays a finding, unless its rows are corrected."`
}

// HistoryColumns says what the columns of a history table are called.
type HistoryColumns struct {
	Key         []string `yaml:"key" default:"id" single:"true" doc:"The key of a row, of as many columns as it has; it orders rows of the same moment." example:"order_id,version"`
	OrderID     []string `yaml:"order_id" default:"order_id" single:"true" doc:"The id of the order, of as many columns as in the source." example:"tenant,order_id"`
	State       string   `yaml:"state" default:"state" doc:"The state that it entered."`
	At          string   `yaml:"at" default:"created_at" doc:"When it entered it: a timestamp, or seconds or milliseconds since 1970."`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the move, or its trace id." example:"traceparent"`
}

// Duplicates says what makes two orders one request.
type Duplicates struct {
	Key      []string        `yaml:"key" required:"true" single:"true" doc:"The columns of the source that only one order may have: an idempotency key, or a customer and a cart. Rows with NULL in one of them are left out." example:"idempotency_key"`
	Created  string          `yaml:"created" default:"created_at" doc:"When the order was made: a timestamp, or seconds or milliseconds since 1970."`
	Within   config.Duration `yaml:"within" default:"1h" min:"1s" doc:"Orders made no longer ago than this are compared with each other."`
	Except   []string        `yaml:"except" single:"true" doc:"States whose orders do not count, such as those that were cancelled." example:"cancelled"`
	Cap      int             `yaml:"cap" default:"10000" min:"2" max:"1000000" doc:"How many of the latest orders are compared at the most."`
	Interval config.Duration `yaml:"interval" default:"1m" min:"100ms" doc:"How often they are looked for."`
}

// Histogram says how often all orders that are under way are counted by how long they
// have been in their state.
type Histogram struct {
	Interval config.Duration `yaml:"interval" default:"1h" min:"1s" doc:"How often they are counted."`
	Cap      int             `yaml:"cap" default:"100000" min:"1" max:"10000000" doc:"How many of a state are counted at the most, those that have been in it longest."`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "lifecycles"

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(sectionKey, "The states of orders, or the steps of sagas: how long each may last, and the table that holds them.", target)
}

// setup is all that decides how a lifecycle is read.
type setup struct {
	Lifecycle Config
	Database  database.Config
}

func target(c Config, f *config.File) collectors.Target {
	s := setup{Lifecycle: c, Database: database.Find(f, c.Source.Database)}
	id := signal.TargetID{Collector: "orders", Target: c.Name}
	return collectors.Polled(id, c.Schedule, s, func(*slog.Logger) collectors.Reader { return open(s) })
}
