package outbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
)

// A preset is the outbox of a library that many use: what it calls its table and
// its columns, and what it writes there. All of it can be overridden.
type preset struct {
	table   string
	slot    string // where it has no rows that are pending
	mysql   string // the table where it is called otherwise in MySQL
	columns Columns
	// position are the columns in which the relay remembers how far it has come, in a
	// table that is called as its own, but for the beginning.
	position  []string
	beginning [2]string // of the name of its own table, and of the other
	// optional are columns that some versions have and others have not.
	optional []string
	pending  []one // all must hold; none: see columns.PublishedAt, or every row
	failed   []one
	// due: the moment of a row is when it is due, which may lie ahead.
	due bool
}

// one holds where a column is one of some values; without any, where it is NULL.
type one struct {
	column string
	of     []string
}

// presets are the tables of the libraries, by the key in the config. README.md says
// at which version each was looked at.
var presets = map[string]preset{
	"cap": {
		table: "cap.published", mysql: "`cap.published`",
		columns: Columns{ID: "Id", CreatedAt: "Added", Status: "StatusName", Attempts: "Retries"},
		pending: []one{{"StatusName", []string{"Scheduled", "Queued"}}},
		failed:  []one{{"StatusName", []string{"Failed"}}},
	},
	"debezium": {slot: "debezium"},
	"eventuate_tram": {
		table:   "message",
		columns: Columns{ID: "id", CreatedAt: "creation_time", Sequence: []string{"id"}},
		pending: []one{{"published", []string{"0"}}},
	},
	"gruelbox": {
		table:   "TXNO_OUTBOX",
		columns: Columns{ID: "id", CreatedAt: "nextAttemptTime", Attempts: "attempts"},
		pending: []one{{"processed", []string{"0"}}, {"blocked", []string{"0"}}},
		failed:  []one{{"processed", []string{"0"}}, {"blocked", []string{"1"}}},
		due:     true,
	},
	"laravel": {
		table:   "jobs",
		columns: Columns{ID: "id", CreatedAt: "available_at", Attempts: "attempts"},
		due:     true,
	},
	"masstransit": {
		table:   "OutboxMessage",
		columns: Columns{ID: "SequenceNumber", CreatedAt: "SentTime", Sequence: []string{"SequenceNumber"}},
	},
	"namastack": {
		table: "outbox_record",
		columns: Columns{
			ID: "id", CreatedAt: "created_at", Status: "status", OrderID: []string{"record_key"},
			Attempts: "failure_count", Error: "failure_reason",
		},
		optional: []string{"record_key", "failure_count", "failure_reason"},
		pending:  []one{{"status", []string{"NEW"}}},
		failed:   []one{{"status", []string{"FAILED"}}},
	},
	"outboxer": {
		table:   "outboxer_messages",
		columns: Columns{ID: "id", CreatedAt: "queued_at", Status: "status", OrderID: []string{"messageable_id"}},
		pending: []one{{"status", []string{"queued", "buffered", "publishing"}}},
		failed:  []one{{"status", []string{"failed"}}},
	},
	"spring_modulith": {
		table: "event_publication",
		columns: Columns{
			ID: "id", CreatedAt: "publication_date", PublishedAt: "completion_date",
			Status: "status", Attempts: "completion_attempts",
		},
		optional: []string{"status", "completion_attempts"},
		failed:   []one{{"completion_date", nil}, {"status", []string{"FAILED"}}},
	},
	"watermill": {
		columns:   Columns{ID: "offset", CreatedAt: "created_at", Sequence: []string{"transaction_id", "offset"}},
		position:  []string{"last_processed_transaction_id", "offset_acked"},
		beginning: [2]string{"watermill_", "watermill_offsets_"},
		optional:  []string{"transaction_id", "last_processed_transaction_id"}, // of PostgreSQL alone
	},
}

// presetNames lists the presets for a message.
func presetNames() string { return strings.Join(slices.Sorted(maps.Keys(presets)), ", ") }

// filled is the config with what it leaves open: from its preset, and then the
// names that most use. What it says itself about pending and failed rows takes the
// place of what the preset says.
func (c Config) filled(db database.Config) (Config, preset) {
	p := presets[c.Preset]
	if c.BinlogUser == "" {
		c.Slot = cmp.Or(c.Slot, p.slot)
	}
	c.Table = cmp.Or(c.Table, p.tableIn(db))
	if c.Pending != "" || c.Columns.PublishedAt != "" {
		p.pending, p.columns.PublishedAt = nil, ""
	}
	if c.Failed != "" {
		p.failed = nil
	}
	if c.Columns.CreatedAt != "" {
		p.due = false
	}
	if p.position != nil && c.Position.Query == "" {
		c.Position.Table = cmp.Or(c.Position.Table, strings.Replace(c.Table, p.beginning[0], p.beginning[1], 1))
		if len(c.Position.Columns) == 0 {
			c.Position.Columns = p.position
		}
	}
	if len(c.Columns.Sequence) == 0 {
		c.Columns.Sequence = p.columns.Sequence
	}
	if len(c.Columns.OrderID) == 0 {
		c.Columns.OrderID = p.columns.OrderID
	}
	own, known := &c.Columns, &p.columns
	for _, pair := range []struct {
		own   *string
		known string
	}{
		{&own.ID, cmp.Or(known.ID, "id")},
		{&own.CreatedAt, cmp.Or(known.CreatedAt, "created_at")},
		{&own.PublishedAt, known.PublishedAt},
		{&own.Status, known.Status},
		{&own.Traceparent, known.Traceparent},
		{&own.Attempts, known.Attempts},
		{&own.Error, known.Error},
	} {
		*pair.own = cmp.Or(*pair.own, pair.known)
	}
	if c.Position.given() && len(c.Columns.Sequence) == 0 {
		c.Columns.Sequence = []string{c.Columns.ID}
	}
	return c, p
}

// tableIn is what the library calls its table in a database.
func (p *preset) tableIn(db database.Config) string {
	if p.mysql != "" && db.MySQL() {
		return p.mysql
	}
	return p.table
}
