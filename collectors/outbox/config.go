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
	Name       string              `yaml:"name" doc:"What the outbox is called." example:"orders"`
	Database   string              `yaml:"database" required:"true" ref:"databases" doc:"The database it is in." example:"shop"`
	Preset     string              `yaml:"preset" enum:"cap,debezium,eventuate_tram,gruelbox,laravel,masstransit,namastack,outboxer,spring_modulith,watermill" doc:"The library whose outbox it is: what its table and its columns are called, and which of its rows are pending. Each can be said otherwise."`
	Table      string              `yaml:"table" doc:"Its table, as table or schema.table; a preset knows its own." example:"outbox"`
	Slot       string              `yaml:"slot" doc:"The replication slot by which a relay, Debezium for example, reads the outbox from the log of PostgreSQL. With table, what is inserted there tells events from all else that is written." example:"debezium_outbox"`
	BinlogUser string              `yaml:"binlog_user" doc:"The user as whom a relay, Debezium for example, logs in to MySQL or MariaDB to read the outbox from the binary log; best one that nobody else uses. It takes rights that nothing else takes: PROCESS and REPLICATION CLIENT." example:"debezium"`
	Columns    Columns             `yaml:"columns" doc:"What its columns are called."`
	Pending    string              `yaml:"pending" doc:"A predicate in SQL that holds for rows not yet published; without it, columns.published_at and position every row is pending, because the relay deletes what it published." example:"status = 'PENDING'"`
	Failed     string              `yaml:"failed" doc:"A predicate in SQL that holds for rows the relay has given up." example:"status = 'FAILED'"`
	Where      string              `yaml:"where" doc:"A predicate in SQL for the rows that this relay publishes, where it leaves others to another; all of them when left out." example:"topic = 'orders'"`
	Position   Position            `yaml:"position" doc:"Where the relay remembers how far it has come in columns.sequence. Without columns.published_at and pending, rows beyond it are pending. Rows that were committed only after it had passed their number are found: the relay will not publish them."`
	MaxAge     config.Duration     `yaml:"max_age" default:"1m" min:"1s" doc:"How long a row may be pending."`
	Cap        int                 `yaml:"cap" default:"10000" min:"1" max:"1000000" doc:"Rows are counted up to this many."`
	Sample     int                 `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the oldest pending rows are named."`
	Schedule   collectors.Schedule `inline:"true"`
}

// Columns says what the columns of an outbox are called.
type Columns struct {
	ID          string   `yaml:"id" doc:"The key of a row; id when left out."`
	CreatedAt   string   `yaml:"created_at" doc:"When the row was committed: a timestamp, or seconds or milliseconds since 1970; created_at when left out."`
	PublishedAt string   `yaml:"published_at" doc:"When the row was published; NULL is pending." example:"published_at"`
	Status      string   `yaml:"status" doc:"The state of the row, which pending and failed are about; naming it here has its absence said clearly." example:"status"`
	Sequence    []string `yaml:"sequence" single:"true" doc:"The column by which the relay orders rows, when it is not created_at: most often a number that only grows. With position it is the key when left out; several columns where it takes them all to order rows." example:"id"`
	OrderID     []string `yaml:"order_id" single:"true" doc:"The order that the event is about; without it no order can be named. Several columns where it takes them all to tell orders apart." example:"aggregate_id"`
	Traceparent string   `yaml:"traceparent" doc:"The W3C traceparent of the event, or its trace id." example:"traceparent"`
	Attempts    string   `yaml:"attempts" doc:"How often the relay has tried; pending rows above 0 count as retried." example:"attempts"`
	Error       string   `yaml:"error" doc:"The last error of the relay; without failed, pending rows that have one count as failed." example:"last_error"`
}

// Position says where a relay remembers how far it has come.
type Position struct {
	Table    string   `yaml:"table" doc:"The table that holds it, as table or schema.table." example:"relay_position"`
	Columns  []string `yaml:"columns" single:"true" doc:"Its column; several where columns.sequence has several, in the same order." example:"last_id"`
	Where    string   `yaml:"where" doc:"A predicate in SQL that leads to its row, where the table has more than one." example:"relay = 'orders'"`
	Query    string   `yaml:"query" doc:"A query in SQL in place of the table, under the same guard. It gives one row." example:"SELECT min(last_id) FROM relay_position"`
	Lookback int64    `yaml:"lookback" min:"0" doc:"How many numbers below its position the relay reads again, for rows that were committed late."`
}

// given reports whether the config says where the position is.
func (p *Position) given() bool { return p.Table != "" || p.Query != "" }

// sectionKey is the key of the section in the config file.
const sectionKey = "outboxes"

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	if c.Table == "" && c.Slot == "" && c.BinlogUser == "" && c.Preset == "" {
		errs = append(errs, config.At("table", "missing; name the table, a slot, a binlog_user, or a preset that knows them: %s", presetNames()))
	}
	if begins := presets[c.Preset].beginning[0]; begins != "" && c.Table == "" {
		errs = append(errs, config.At("table", "missing; preset %s has a table for each topic: %sTOPIC", c.Preset, begins))
	}
	errs = append(errs, c.logAlone(), c.Position.validate(c))
	if c.Pending != "" && c.Columns.PublishedAt != "" {
		errs = append(errs, config.At("pending", "given together with columns.published_at, which means %s IS NULL; keep one of them", c.Columns.PublishedAt))
	}
	if c.Columns.Status != "" && c.Pending == "" && c.Columns.PublishedAt == "" && c.Preset == "" {
		errs = append(errs, config.At("columns.status", "says nothing of which values are pending; add for example pending: %s = 'PENDING'", c.Columns.Status))
	}
	for _, p := range []struct{ key, sql string }{{"pending", c.Pending}, {"failed", c.Failed}, {"where", c.Where}, {"position.where", c.Position.Where}} {
		if wrong := database.CheckPredicate(p.sql); wrong != "" {
			errs = append(errs, config.At(p.key, "%s", wrong))
		}
	}
	return errors.Join(errs...)
}

// validate checks where the position of the relay is said to be.
func (p *Position) validate(c *Config) error {
	switch {
	case reflect.DeepEqual(*p, Position{}):
		return nil
	case p.Table != "" && p.Query != "":
		return config.At("position.query", "given together with position.table; keep one of them")
	case p.Query != "" && p.Where != "":
		return config.At("position.where", "is for position.table; write it into the query")
	case p.Query != "":
		if wrong := database.CheckQuery(p.Query); wrong != "" {
			return config.At("position.query", "%s", wrong)
		}
	case presets[c.Preset].position != nil:
	case p.Table == "":
		return config.At("position.table", "missing; name the table in which the relay remembers how far it has come, or give a query")
	case len(p.Columns) == 0:
		return config.At("position.columns", "missing; name the column of %s that holds the position", p.Table)
	}
	if n := max(1, len(c.Columns.Sequence)); c.Preset == "" && len(p.Columns) > 0 && len(p.Columns) != n {
		return config.At("position.columns", "%d columns for a sequence of %d; give one for each of columns.sequence, in the same order", len(p.Columns), n)
	}
	if p.Lookback > 0 && len(c.Columns.Sequence) > 1 {
		return config.At("position.lookback", "is a number of rows in a sequence of one column, and columns.sequence has %d", len(c.Columns.Sequence))
	}
	return nil
}

// logAlone refuses what says something of pending rows beside a relay that reads the log.
func (c *Config) logAlone() error {
	p := presets[c.Preset]
	key, log, leave := "slot", "a replication slot", "the slot"
	if c.BinlogUser != "" {
		key, log, leave = "binlog_user", "a binary log", "binlog_user"
	} else if c.Slot == "" && p.slot == "" {
		return nil
	}
	why := log + " has no pending rows; leave it out, or leave out " + leave
	switch {
	case c.Slot != "" && c.BinlogUser != "":
		return config.At("binlog_user", "given together with slot, which only PostgreSQL has; keep one of them")
	case c.Preset != "" && p.slot == "":
		return config.At(key, "given together with preset %s, whose relay reads a table; keep one of them", c.Preset)
	case c.BinlogUser != "" && c.Table != "":
		return config.At("table", "what is inserted there is not told apart from what else is in the binary log; leave it out, or leave out binlog_user")
	case c.Pending != "":
		return config.At("pending", "%s", why)
	case c.Failed != "":
		return config.At("failed", "%s", why)
	case !reflect.DeepEqual(c.Columns, Columns{}):
		return config.At("columns", "%s", why)
	case c.Where != "":
		return config.At("where", "%s", why)
	case !reflect.DeepEqual(c.Position, Position{}):
		return config.At("position", "%s", "is in no table where a relay reads the log; leave it out, or leave out "+leave)
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
				known := &memory{} // outlives a connection
				return collectors.Poll(id, c.Schedule, log, func() collectors.Reader { return open(s, known) })
			},
		})
	}
	return all
}
