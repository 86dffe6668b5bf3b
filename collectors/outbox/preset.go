package outbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
)

// A preset describes the outbox of a widely used library: the names of its table and
// columns, and the values that it writes. The config can override each of them.
type preset struct {
	table   string
	slot    string // for a relay that reads the log and leaves no pending rows
	mysql   string // the name of the table in MySQL, where it differs
	columns Columns
	// position are the columns in which the relay stores how far it has read. Their
	// table has the name of the outbox table, with another prefix.
	position []string
	prefix   [2]string // of the outbox table, and of the table of positions
	// optional are columns that only some versions of the library have.
	optional []string
	pending  []match // all must hold; none: see columns.PublishedAt, or every row
	failed   []match
}

// match holds where a column has one of the values; without values, where it is NULL.
type match struct {
	column string
	values []string
}

// presets are the outboxes of the libraries, by their key in the config. README.md
// names the version that each was written for.
var presets = map[string]preset{
	"cap": {
		table: "cap.published", mysql: "`cap.published`",
		columns: Columns{ID: "Id", CreatedAt: "Added", Status: "StatusName", Attempts: "Retries"},
		pending: []match{{"StatusName", []string{"Scheduled", "Queued"}}},
		failed:  []match{{"StatusName", []string{"Failed"}}},
	},
	"debezium": {slot: "debezium"},
	"eventuate_tram": {
		table:   "message",
		columns: Columns{ID: "id", CreatedAt: "creation_time", Sequence: []string{"id"}},
		pending: []match{{"published", []string{"0"}}},
	},
	"gruelbox": {
		table:   "TXNO_OUTBOX",
		columns: Columns{ID: "id", CreatedAt: "nextAttemptTime", Due: "nextAttemptTime", Attempts: "attempts"},
		pending: []match{{"processed", []string{"0"}}, {"blocked", []string{"0"}}},
		failed:  []match{{"processed", []string{"0"}}, {"blocked", []string{"1"}}},
	},
	"laravel": {
		table:   "jobs",
		columns: Columns{ID: "id", Due: "available_at", ReservedAt: "reserved_at", Attempts: "attempts"},
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
		pending:  []match{{"status", []string{"NEW"}}},
		failed:   []match{{"status", []string{"FAILED"}}},
	},
	"outboxer": {
		table:   "outboxer_messages",
		columns: Columns{ID: "id", CreatedAt: "queued_at", Status: "status", OrderID: []string{"messageable_id"}},
		pending: []match{{"status", []string{"queued", "buffered", "publishing"}}},
		failed:  []match{{"status", []string{"failed"}}},
	},
	"spring_modulith": {
		table: "event_publication",
		columns: Columns{
			ID: "id", CreatedAt: "publication_date", PublishedAt: "completion_date",
			Status: "status", Attempts: "completion_attempts",
		},
		optional: []string{"status", "completion_attempts"},
		failed:   []match{{"completion_date", nil}, {"status", []string{"FAILED"}}},
	},
	"watermill": {
		columns:  Columns{ID: "offset", CreatedAt: "created_at", Sequence: []string{"transaction_id", "offset"}},
		position: []string{"last_processed_transaction_id", "offset_acked"},
		prefix:   [2]string{"watermill_", "watermill_offsets_"},
		optional: []string{"transaction_id", "last_processed_transaction_id"}, // only in PostgreSQL
	},
}

// presetNames lists the presets, for a message.
func presetNames() string { return strings.Join(slices.Sorted(maps.Keys(presets)), ", ") }

// filled returns the config with defaults for what it leaves open: those of its preset,
// and then the common names. pending and failed of the config replace those of the preset.
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
		p.columns.Due = "" // the config says from when on a row waits
	}
	if c.Columns.ReservedUntil != "" {
		p.columns.ReservedAt = ""
	}
	if p.position != nil && c.Position.Query == "" {
		c.Position.Table = cmp.Or(c.Position.Table, strings.Replace(c.Table, p.prefix[0], p.prefix[1], 1))
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
		{&own.Due, known.Due},
		{&own.ReservedUntil, known.ReservedUntil},
		{&own.ReservedAt, known.ReservedAt},
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

// tableIn is the name of the library's table in a database.
func (p *preset) tableIn(db database.Config) string {
	if p.mysql != "" && db.HasBinlog() {
		return p.mysql
	}
	return p.table
}
