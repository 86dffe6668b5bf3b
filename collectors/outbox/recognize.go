package outbox

import (
	"maps"
	"slices"
	"strings"
)

// signatures are the columns by which the table of each library is recognized.
var signatures = map[string][]string{
	"cap":             {"Id", "Name", "Content", "Retries", "Added", "StatusName"},
	"eventuate_tram":  {"id", "destination", "headers", "payload", "published", "creation_time"},
	"gruelbox":        {"id", "invocation", "nextAttemptTime", "attempts", "blocked", "processed"},
	"laravel":         {"id", "queue", "payload", "attempts", "reserved_at", "available_at"},
	"masstransit":     {"SequenceNumber", "SentTime", "MessageId", "Body", "ContentType"},
	"namastack":       {"id", "status", "created_at", "next_retry_at", "completed_at"},
	"outboxer":        {"id", "status", "messageable_id", "messageable_type", "queued_at"},
	"spring_modulith": {"id", "listener_id", "event_type", "serialized_event", "publication_date", "completion_date"},
	"watermill":       {"offset", "uuid", "created_at", "payload", "metadata"},
}

// Recognized is a preset that fits a table.
type Recognized struct {
	Preset string
	// Table: the config has to name the table, which is not called as the library does.
	Table bool
	// Positions is the table with the positions of the relays; empty where there is none.
	Positions string
	// Certain: the name of the table is the library's, too.
	Certain bool
}

// Recognize finds the library that a table belongs to by its columns, whatever the table is
// called. It returns false where there is none.
func Recognize(table string, columns []string) (Recognized, bool) {
	for _, name := range slices.Sorted(maps.Keys(signatures)) {
		missing := slices.ContainsFunc(signatures[name], func(c string) bool {
			return !slices.ContainsFunc(columns, func(other string) bool { return strings.EqualFold(c, other) })
		})
		if missing {
			continue
		}
		p := presets[name]
		known := strings.EqualFold(table, p.table) || strings.EqualFold(table, strings.Trim(p.mysql, "`"))
		r := Recognized{Preset: name, Table: !known, Certain: known}
		if begins := p.prefix[0]; begins != "" {
			if !strings.HasPrefix(table, begins) {
				continue // its positions would not be found
			}
			r.Positions, r.Certain = strings.Replace(table, begins, p.prefix[1], 1), true
		}
		return r, true
	}
	return Recognized{}, false
}
