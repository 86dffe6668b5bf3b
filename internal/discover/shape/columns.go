package shape

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
)

// The names by which columns are found, the surest first.
var (
	StateNames   = []string{"state", "status", "order_state", "order_status", "current_state", "current_status", "step", "phase", "stage", "status_name", "state_name"}
	SinceNames   = []string{"state_since", "status_since", "step_since", "state_changed_at", "status_changed_at", "state_updated_at", "status_updated_at", "state_entered_at", "entered_at", "since", "last_transition_at", "transitioned_at"}
	UpdatedNames = []string{"updated_at", "modified_at", "updated", "modified", "last_modified", "last_modified_at", "last_updated", "date_updated_gmt", "date_modified", "updated_on", "changed_at", "update_time", "updated_date", "date_updated", "last_update"}
	CreatedNames = []string{"created_at", "created", "placed_at", "ordered_at", "date_created_gmt", "date_created", "created_on", "create_time", "creation_time", "created_date", "date_added", "inserted_at", "order_date", "order_date_time", "order_placed_at", "added", "occurred_at", "timestamp", "at", "received_at"}
	TraceNames   = []string{"traceparent", "trace_parent", "trace_context", "trace_id", "w3c_traceparent"}
	RequestNames = []string{"idempotency_key", "idempotence_key", "idempotency_token", "request_id", "request", "client_request_id", "client_token", "dedup_key", "deduplication_id", "request_key"}
	// SourceNames are keys of what an order is made from. Only one order is usual, but not sure.
	SourceNames  = []string{"cart_id", "quote_id", "checkout_id", "checkout_token", "basket_id", "external_id", "external_reference", "client_reference", "session_id", "token", "hash", "cart_token", "order_key"}
	OrderIDNames = []string{"order_id", "aggregate_id", "aggregateid", "order_uuid", "order_number", "order_no", "parent_id", "record_key", "entity_id", "saga_id", "purchase_id", "booking_id", "stateful_id", "resource_id", "subject_id"}
)

// IsState reports whether the name of a column is that of a state.
func IsState(c database.Column) bool {
	return (IsText(c) || IsNumber(c)) && !IsBool(c) && (Is(c.Name, StateNames...) || Ends(c.Name, "state", "status", "step", "phase", "stage"))
}

// isID reports whether a column identifies something.
func isID(name string) bool {
	return Ends(name, "id", "uuid", "guid", "key", "number", "no", "code", "token") || Folded(name) == "id" || strings.HasSuffix(Folded(name), "id")
}

// mostColumns is how many columns of a table are read.
const mostColumns = 24

// Interesting are the columns whose values decide what a table is. Bodies of messages and
// other texts are never among them.
func (t *Table) Interesting() []database.Wanted {
	var sure, more []database.Wanted
	for _, c := range t.Columns {
		w := database.Wanted{Column: c, Moment: MayBeTime(c)}
		foreign := slices.ContainsFunc(t.Foreign, func(f database.ForeignKey) bool { return slices.Contains(f.Columns, c.Name) })
		switch {
		case slices.Contains(t.Key, c.Name), IsState(c), w.Moment, Is(c.Name, TraceNames...), Is(c.Name, RequestNames...), Is(c.Name, OrderIDNames...):
			sure = append(sure, w)
		case foreign, isID(c.Name), IsBool(c), Is(c.Name, SourceNames...), Is(c.Name, "attempts", "retries", "retry_count", "failure_count", "type", "name", "kind", "version", "void", "deleted", "published", "processed"),
			Ends(c.Name, "type"):
			more = append(more, w)
		}
	}
	all := append(sure, more...)
	return all[:min(len(all), mostColumns)]
}
