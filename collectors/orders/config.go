package orders

import (
	"log/slog"
	"reflect"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Config is one entry of the section lifecycles.
type Config struct {
	Name     string                `yaml:"name" doc:"What the lifecycle is called." example:"order"`
	Kind     string                `yaml:"kind" enum:"order,saga" default:"order" doc:"Whether its states are those of an order or the steps of a saga."`
	Source   Table                 `yaml:"source" doc:"Where its orders are."`
	States   config.Ordered[State] `yaml:"states" required:"true" doc:"Its states; the first is where orders begin." example:"{placed: {max: 5m, next: [paid]}, paid: {}}"`
	Cap      int                   `yaml:"cap" default:"1000" min:"1" max:"1000000" doc:"Orders in a state are counted up to this many."`
	Sample   int                   `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the orders that have been in a state longest are named."`
	Schedule collectors.Schedule   `inline:"true"`
}

// Table is a table with one row for each order.
type Table struct {
	Database string  `yaml:"database" required:"true" ref:"databases" doc:"The database it is in." example:"shop"`
	Table    string  `yaml:"table" required:"true" doc:"The table, as table or schema.table." example:"orders"`
	Columns  Columns `yaml:"columns" doc:"What its columns are called."`
	Where    string  `yaml:"where" doc:"A predicate in SQL; rows for which it does not hold are no orders of this lifecycle." example:"kind = 'web'"`
}

// Columns says what the columns of an order table are called.
type Columns struct {
	OrderID     string `yaml:"order_id" default:"id" doc:"The id of the order."`
	State       string `yaml:"state" default:"state" doc:"The state it is in."`
	Since       string `yaml:"since" default:"updated_at" doc:"When it entered the state: a timestamp, or seconds or milliseconds since 1970. A column that every update changes makes orders look younger than they are."`
	Traceparent string `yaml:"traceparent" doc:"The W3C traceparent of the order, or its trace id." example:"traceparent"`
}

// State is one state of a lifecycle.
type State struct {
	Max      config.Duration `yaml:"max" doc:"How long an order may be in it; as long as it likes when left out." example:"5m"`
	Next     []string        `yaml:"next" single:"true" doc:"The states that an order may go to from here." example:"paid,cancelled"`
	Terminal bool            `yaml:"terminal" doc:"The order is done here; so it is in a state without next."`
	Initial  bool            `yaml:"initial" doc:"Orders may begin here, too; in the first state they always may."`
	Values   []string        `yaml:"values" single:"true" doc:"What the state column holds for this state; the name of the state when left out." example:"P,PLACED"`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "lifecycles"

// Source is what lifecycles are in a config file.
func Source() collectors.Source {
	return collectors.Source{
		Section: config.Section{
			Key:  sectionKey,
			Doc:  "The states of orders, or the steps of sagas: how long each may last, and the table that says who is in which.",
			Type: reflect.TypeFor[Config](),
		},
		Targets: targets,
	}
}

// setup is all that decides how a lifecycle is read.
type setup struct {
	Lifecycle Config
	Database  database.Config
}

func targets(f *config.File) []collectors.Target {
	var all []collectors.Target
	for _, c := range config.Items[Config](f, sectionKey) {
		s := setup{Lifecycle: c, Database: database.Find(f, c.Source.Database)}
		id := signal.TargetID{Collector: "orders", Target: c.Name}
		all = append(all, collectors.Target{
			ID:     id,
			Config: s,
			New: func(log *slog.Logger) collectors.Collector {
				return collectors.Poll(id, c.Schedule, log, func() collectors.Reader { return open(s) })
			},
		})
	}
	return all
}
