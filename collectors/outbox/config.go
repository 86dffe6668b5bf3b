package outbox

import (
	"errors"
	"log/slog"
	"reflect"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Config is one entry of the section outboxes.
type Config struct {
	Name     string              `yaml:"name" doc:"What the outbox is called." example:"orders"`
	Database string              `yaml:"database" required:"true" ref:"databases" doc:"The database it is in." example:"shop"`
	Preset   string              `yaml:"preset" enum:"cap,debezium,eventuate_tram,gruelbox,laravel,masstransit,namastack,outboxer,spring_modulith" doc:"The library whose outbox it is: what its table and its columns are called, and which of its rows are pending. Each can be said otherwise."`
	Table    string              `yaml:"table" doc:"Its table, as table or schema.table; a preset knows its own." example:"outbox"`
	Slot     string              `yaml:"slot" doc:"The replication slot by which a relay, Debezium for example, reads the outbox from the log of PostgreSQL. With table, what is inserted there tells events from all else that is written." example:"debezium_outbox"`
	Columns  Columns             `yaml:"columns" doc:"What its columns are called."`
	Pending  string              `yaml:"pending" doc:"A predicate in SQL that holds for rows not yet published; without it and without columns.published_at every row is pending, because the relay deletes what it published." example:"status = 'PENDING'"`
	Failed   string              `yaml:"failed" doc:"A predicate in SQL that holds for rows the relay has given up." example:"status = 'FAILED'"`
	MaxAge   config.Duration     `yaml:"max_age" default:"1m" min:"1s" doc:"How long a row may be pending."`
	Cap      int                 `yaml:"cap" default:"10000" min:"1" max:"1000000" doc:"Rows are counted up to this many."`
	Sample   int                 `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the oldest pending rows are named."`
	Schedule collectors.Schedule `inline:"true"`
}

// Columns says what the columns of an outbox are called.
type Columns struct {
	ID          string `yaml:"id" doc:"The key of a row; id when left out."`
	CreatedAt   string `yaml:"created_at" doc:"When the row was committed: a timestamp, or seconds or milliseconds since 1970; created_at when left out."`
	PublishedAt string `yaml:"published_at" doc:"When the row was published; NULL is pending." example:"published_at"`
	Status      string `yaml:"status" doc:"The state of the row, which pending and failed are about; naming it here has its absence said clearly." example:"status"`
	Sequence    string `yaml:"sequence" doc:"The column by which the relay orders rows, when it is not created_at: most often a number that only grows." example:"id"`
	OrderID     string `yaml:"order_id" doc:"The order that the event is about; without it no order can be named." example:"aggregate_id"`
	Traceparent string `yaml:"traceparent" doc:"The W3C traceparent of the event, or its trace id." example:"traceparent"`
	Attempts    string `yaml:"attempts" doc:"How often the relay has tried; pending rows above 0 count as retried." example:"attempts"`
	Error       string `yaml:"error" doc:"The last error of the relay; without failed, pending rows that have one count as failed." example:"last_error"`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "outboxes"

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	if c.Table == "" && c.Slot == "" && c.Preset == "" {
		errs = append(errs, config.At("table", "missing; name the table, a slot, or a preset that knows them: %s", presetNames()))
	}
	errs = append(errs, c.slotAlone())
	if c.Pending != "" && c.Columns.PublishedAt != "" {
		errs = append(errs, config.At("pending", "given together with columns.published_at, which means %s IS NULL; keep one of them", c.Columns.PublishedAt))
	}
	if c.Columns.Status != "" && c.Pending == "" && c.Columns.PublishedAt == "" && c.Preset == "" {
		errs = append(errs, config.At("columns.status", "says nothing of which values are pending; add for example pending: %s = 'PENDING'", c.Columns.Status))
	}
	for _, p := range []struct{ key, sql string }{{"pending", c.Pending}, {"failed", c.Failed}} {
		if wrong := database.CheckPredicate(p.sql); wrong != "" {
			errs = append(errs, config.At(p.key, "%s", wrong))
		}
	}
	return errors.Join(errs...)
}

// slotAlone refuses what says something of pending rows beside a slot.
func (c *Config) slotAlone() error {
	p := presets[c.Preset]
	if c.Slot == "" && p.slot == "" {
		return nil
	}
	const why = "a replication slot has no pending rows; leave it out, or leave out the slot"
	switch {
	case c.Preset != "" && p.slot == "":
		return config.At("slot", "given together with preset %s, whose relay reads a table; keep one of them", c.Preset)
	case c.Pending != "":
		return config.At("pending", why)
	case c.Failed != "":
		return config.At("failed", why)
	case c.Columns != Columns{}:
		return config.At("columns", why)
	}
	return nil
}

// Source is what outboxes are in a config file.
func Source() collectors.Source {
	return collectors.Source{
		Section: config.Section{
			Key:  sectionKey,
			Doc:  "Outbox tables: events that were committed with their orders and wait for a relay to publish them.",
			Type: reflect.TypeFor[Config](),
		},
		Targets: targets,
	}
}

// setup is all that decides how an outbox is read.
type setup struct {
	Outbox   Config
	Database database.Config
	preset   preset
}

func targets(f *config.File) []collectors.Target {
	var all []collectors.Target
	for _, c := range config.Items[Config](f, sectionKey) {
		s := setup{Database: database.Find(f, c.Database)}
		s.Outbox, s.preset = c.filled(s.Database)
		id := signal.TargetID{Collector: "outbox", Target: c.Name}
		all = append(all, collectors.Target{
			ID:     id,
			Config: s,
			New: func(log *slog.Logger) collectors.Collector {
				slot := &slotReader{} // what is known of it outlives a connection
				return collectors.Poll(id, c.Schedule, log, func() collectors.Reader { return open(s, slot) })
			},
		})
	}
	return all
}
