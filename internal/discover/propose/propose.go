// Package propose decides what a config for a database looks like, from what was seen of it.
// It reads nothing: the same shape always gives the same proposal.
package propose

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

type proposal struct {
	db  *shape.Database
	out *draft.Document
}

// Database adds what is proposed for a database to a document.
func Database(db *shape.Database, out *draft.Document) {
	p := &proposal{db, out}
	p.outboxes()
	for _, o := range shape.FindOrders(db) {
		h := shape.BestHistory(db, o)
		l := newLifecycle(db, o, h)
		p.lifecycle(l)
		p.effects(o, l)
	}
	p.inboxes()
}

// entryName is what the config calls what is about a table.
func entryName(t *shape.Table) string {
	return strings.Join(slices.Compact(shape.Words(t.Name)), "-")
}

// single is a list of one column as that column.
func single(names []string) any {
	if len(names) == 1 {
		return names[0]
	}
	return names
}

// join joins notes.
func join(notes ...string) string {
	var all []string
	for _, n := range notes {
		if n != "" {
			all = append(all, n)
		}
	}
	return strings.Join(all, "; ")
}

// where writes conditions in the SQL of the database.
func where(db *shape.Database, conditions ...shape.Equal) string {
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		value := c.Value
		if !c.Number {
			value = literal(value)
		}
		parts[i] = name(db, c.Column) + " = " + value
	}
	return strings.Join(parts, " AND ")
}

// oneOf writes that a column is one of some values.
func oneOf(db *shape.Database, column string, values []string) string {
	if len(values) == 1 {
		return name(db, column) + " = " + literal(values[0])
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = literal(v)
	}
	return name(db, column) + " IN (" + strings.Join(quoted, ", ") + ")"
}

func literal(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

// reserved are names that SQL reads as words of its own.
var reserved = map[string]bool{"order": true, "group": true, "user": true, "table": true, "select": true, "from": true, "where": true, "to": true, "key": true, "index": true, "default": true, "check": true, "desc": true, "asc": true, "end": true, "case": true, "when": true, "void": false}

// name writes the name of a column as SQL takes it.
func name(db *shape.Database, column string) string {
	plain := column != "" && strings.Trim(column, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && strings.Trim(column[:1], "0123456789") != ""
	if plain && !reserved[column] || db.Quote == nil {
		return column
	}
	return db.Quote(column)
}

// traceColumn is the column with the trace of a row.
func traceColumn(t *shape.Table) string {
	column := t.First(shape.IsText, shape.TraceNames...)
	if column == "" {
		return ""
	}
	values := t.Sample.Values(column)
	for _, v := range values {
		if v.Text != "" && !isTrace(v.Text) {
			return ""
		}
	}
	return column
}

// isTrace reports whether a text is a W3C traceparent or a trace id.
func isTrace(text string) bool {
	hex := func(s string) bool { return strings.Trim(strings.ToLower(s), "0123456789abcdef") == "" }
	parts := strings.Split(text, "-")
	if len(parts) == 4 {
		return len(parts[1]) == 32 && len(parts[2]) == 16 && hex(parts[1]) && hex(parts[2])
	}
	return len(text) == 32 && hex(text) || len(parts) == 5 && hex(strings.Join(parts, ""))
}
