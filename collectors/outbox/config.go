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
	Name       string              `yaml:"name" doc:"The name of the outbox, in findings, metrics and logs." example:"orders"`
	Database   string              `yaml:"database" required:"true" ref:"databases" doc:"The name of the database that holds the outbox." example:"shop"`
	Preset     string              `yaml:"preset" enum:"cap,debezium,eventuate_tram,gruelbox,laravel,masstransit,namastack,outboxer,spring_modulith,watermill" doc:"The library that writes the outbox. It sets the table, the columns and the pending rows; each can be overridden."`
	Table      string              `yaml:"table" doc:"The outbox table, as table or schema.table. Most presets set it." example:"outbox"`
	Slot       string              `yaml:"slot" doc:"The replication slot from which a relay such as Debezium reads the outbox in PostgreSQL. With table, lostorder counts the rows inserted there and so tells events from other writes." example:"debezium_outbox"`
	BinlogUser string              `yaml:"binlog_user" doc:"The user with which a relay such as Debezium reads the binary log of MySQL or MariaDB. Give the relay a user of its own. lostorder then needs the rights PROCESS and REPLICATION CLIENT." example:"debezium"`
	Columns    Columns             `yaml:"columns" doc:"The names of the columns."`
	Pending    string              `yaml:"pending" doc:"A SQL predicate that holds for rows that are not published yet. Without pending, columns.published_at and position, every row is pending: the relay deletes published rows." example:"status = 'PENDING'"`
	Failed     string              `yaml:"failed" doc:"A SQL predicate that holds for rows that the relay has given up." example:"status = 'FAILED'"`
	Where      string              `yaml:"where" doc:"A SQL predicate that holds for the rows that this relay publishes, where several relays share the table; all rows if omitted." example:"topic = 'orders'"`
	Position   Position            `yaml:"position" doc:"Where the relay stores how far it has read in columns.sequence. Without columns.published_at and pending, the rows beyond it are pending. lostorder also finds rows that the relay skipped because they were committed after it had passed their number."`
	MaxAge     config.Duration     `yaml:"max_age" default:"1m" min:"1s" doc:"How long a row may be pending."`
	Cap        int                 `yaml:"cap" default:"10000" min:"1" max:"1000000" doc:"The most rows that are counted. A capped count reads at least so many."`
	Lease      config.Duration     `yaml:"lease" default:"90s" min:"1s" doc:"How long a worker has for a row that it reserved at columns.reserved_at. A row that is reserved is not pending. Laravel calls this retry_after."`
	Sample     int                 `yaml:"sample" default:"10" min:"1" max:"1000" doc:"How many of the oldest pending rows a finding names."`
	Labels     collectors.Labels   `yaml:"labels" doc:"Labels for all findings of this outbox, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`
	Schedule   collectors.Schedule `inline:"true"`
}

// Columns are the names of the columns of an outbox.
type Columns struct {
	ID            string   `yaml:"id" doc:"The key of a row; id if omitted."`
	CreatedAt     string   `yaml:"created_at" doc:"When the row was committed: a timestamp, or seconds or milliseconds since 1970; created_at if omitted."`
	Due           string   `yaml:"due" doc:"From when on the row may be published, if that can be later than its commit. A row that is not due is not pending, and a row waits from the moment at which it became due. NULL: at once. If the column cannot be NULL, created_at is not read." example:"available_at"`
	ReservedUntil string   `yaml:"reserved_until" doc:"Until when a worker has reserved the row. A reserved row is not pending. NULL: it is not reserved." example:"locked_until"`
	ReservedAt    string   `yaml:"reserved_at" doc:"When a worker reserved the row, if its table does not say until when: it is reserved for the time in lease." example:"reserved_at"`
	PublishedAt   string   `yaml:"published_at" doc:"When the row was published. A row is pending while it is NULL." example:"published_at"`
	Status        string   `yaml:"status" doc:"The state of the row, which pending and failed use. If it is named here, the error about a missing column is clear." example:"status"`
	Sequence      []string `yaml:"sequence" single:"true" doc:"The column by which the relay orders rows, if not created_at; usually a number that only grows. Several columns if only together they order the rows. With position, the key if omitted." example:"id"`
	OrderID       []string `yaml:"order_id" single:"true" doc:"The order that the event belongs to. Without it, findings name no order. Several columns if only together they identify an order." example:"aggregate_id"`
	Traceparent   string   `yaml:"traceparent" doc:"The W3C traceparent of the event, or its trace id." example:"traceparent"`
	Attempts      string   `yaml:"attempts" doc:"How often the relay has tried to publish the row. Pending rows above 0 count as retried." example:"attempts"`
	Error         string   `yaml:"error" doc:"The last error of the relay. Without failed, pending rows that have one count as failed." example:"last_error"`
}

// Position is where a relay stores how far it has read.
type Position struct {
	Table    string   `yaml:"table" doc:"The table that holds the position, as table or schema.table." example:"relay_position"`
	Columns  []string `yaml:"columns" single:"true" doc:"The column that holds the position; as many columns as columns.sequence has, in the same order." example:"last_id"`
	Where    string   `yaml:"where" doc:"A SQL predicate that selects the row, where the table has more than one." example:"relay = 'orders'"`
	Query    string   `yaml:"query" doc:"A SQL query that returns the position as one row, instead of a table. The guard applies to it. It may read the outbox itself, for a relay that keeps its position in memory." example:"SELECT min(last_id) FROM relay_position"`
	Lookback int64    `yaml:"lookback" min:"0" doc:"How many numbers below its position the relay reads again, for rows that were committed late."`
}

// given reports whether the config names a position.
func (p *Position) given() bool { return p.Table != "" || p.Query != "" }

// sectionKey is the key of the section in the config file.
const sectionKey = "outboxes"

// Validate checks what the tags cannot express.
func (c *Config) Validate() error {
	var errs []error
	if c.Table == "" && c.Slot == "" && c.BinlogUser == "" && c.Preset == "" {
		errs = append(errs, config.At("table", "missing; set a table, a slot, a binlog_user, or one of the presets %s", presetNames()))
	}
	if begins := presets[c.Preset].prefix[0]; begins != "" && c.Table == "" {
		errs = append(errs, config.At("table", "missing; preset %s has a table for each topic: %sTOPIC", c.Preset, begins))
	}
	errs = append(errs, c.logAlone(), c.Position.validate(c))
	if c.Pending != "" && c.Columns.PublishedAt != "" {
		errs = append(errs, config.At("pending", "given together with columns.published_at, which means %s IS NULL; keep one of them", c.Columns.PublishedAt))
	}
	if c.Columns.Status != "" && c.Pending == "" && c.Columns.PublishedAt == "" && c.Preset == "" {
		errs = append(errs, config.At("columns.status", "does not define which values are pending; add for example pending: %s = 'PENDING'", c.Columns.Status))
	}
	if c.Columns.ReservedUntil != "" && c.Columns.ReservedAt != "" {
		errs = append(errs, config.At("columns.reserved_at", "given together with columns.reserved_until; keep one of them"))
	}
	for _, p := range []struct{ key, sql string }{{"pending", c.Pending}, {"failed", c.Failed}, {"where", c.Where}, {"position.where", c.Position.Where}} {
		if wrong := database.CheckPredicate(p.sql); wrong != "" {
			errs = append(errs, config.At(p.key, "%s", wrong))
		}
	}
	return errors.Join(errs...)
}

// validate checks the position of the relay.
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
		return config.At("position.table", "missing; name the table in which the relay stores its position, or give a query")
	case len(p.Columns) == 0:
		return config.At("position.columns", "missing; name the column of %s that holds the position", p.Table)
	}
	if n := max(1, len(c.Columns.Sequence)); c.Preset == "" && len(p.Columns) > 0 && len(p.Columns) != n {
		return config.At("position.columns", "%d columns for a sequence of %d; give one for each of columns.sequence, in the same order", len(p.Columns), n)
	}
	if p.Lookback > 0 && len(c.Columns.Sequence) > 1 {
		return config.At("position.lookback", "needs a sequence of one column, and columns.sequence has %d", len(c.Columns.Sequence))
	}
	return nil
}

// logAlone refuses keys about pending rows for a relay that reads the log.
func (c *Config) logAlone() error {
	p := presets[c.Preset]
	key, log, leave := "slot", "a replication slot", "the slot"
	if c.BinlogUser != "" {
		key, log, leave = "binlog_user", "a binary log", "binlog_user"
	} else if c.Slot == "" && p.slot == "" {
		return nil
	}
	why := log + " has no pending rows; remove this key, or remove " + leave
	switch {
	case c.Slot != "" && c.BinlogUser != "":
		return config.At("binlog_user", "given together with slot, which only PostgreSQL has; keep one of them")
	case c.Preset != "" && p.slot == "":
		return config.At(key, "given together with preset %s, whose relay reads a table; keep one of them", c.Preset)
	case c.BinlogUser != "" && c.Table != "":
		return config.At("table", "lostorder cannot tell what is inserted there from what else is in the binary log; remove this key, or remove binlog_user")
	case c.Pending != "":
		return config.At("pending", "%s", why)
	case c.Failed != "":
		return config.At("failed", "%s", why)
	case !reflect.DeepEqual(c.Columns, Columns{}):
		return config.At("columns", "%s", why)
	case c.Where != "":
		return config.At("where", "%s", why)
	case !reflect.DeepEqual(c.Position, Position{}):
		return config.At("position", "%s", "a relay that reads the log stores no position in a table; remove this key, or remove "+leave)
	}
	return nil
}

// Source is the section outboxes of a config file.
func Source() collectors.Source {
	return collectors.Section(sectionKey, "Outbox tables: events that were committed with their orders and wait for a relay to publish them.", target)
}

// setup is everything that determines how an outbox is read.
type setup struct {
	Outbox   Config
	Database database.Config
	preset   preset
}

func target(c Config, f *config.File) collectors.Target {
	s := setup{Database: database.Find(f, c.Database)}
	s.Outbox, s.preset = c.filled(s.Database)
	id := signal.TargetID{Collector: "outbox", Target: c.Name}
	return collectors.Polled(id, c.Schedule, s, func(log *slog.Logger) collectors.Reader { return open(s, &memory{}, log) }).Labelled(c.Labels)
}
