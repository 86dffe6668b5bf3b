package dialect

import (
	"regexp"
	"strings"
)

// Index is an index that would answer a query.
type Index struct {
	Table   *Table
	Columns []string
	Where   string // of a partial index, in the database's SQL; empty for a full one
	// Full are the columns for a database without partial indexes.
	Full  []string
	Price string // what it costs, in one clause
}

var notInName = regexp.MustCompile(`[^a-z0-9_]+`)

// name consists of the table and what the index holds. A partial index is named after its
// predicate, for there may be several on the same columns.
func (x Index) name(columns []string, where string) string {
	parts := append([]string{"lostorder", x.Table.Name}, columns...)
	if where != "" {
		parts = append([]string{"lostorder", x.Table.Name}, Words(strings.ReplaceAll(where, "'", " "))...)
	}
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.Join(parts, "_")), "_"), "_")
	return strings.Trim(name[:min(len(name), 60)], "_") // PostgreSQL cuts names at 63 bytes
}

// Create writes CREATE INDEX with the given columns and predicate.
func (x Index) Create(d Dialect, how string, columns []string, where string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = d.Quote(c)
	}
	table := d.Quote(x.Table.Name)
	if x.Table.Schema != "" {
		table = d.Quote(x.Table.Schema) + "." + table
	}
	text := "CREATE INDEX " + how + d.Quote(x.name(columns, where)) + " ON " + table + " (" + strings.Join(quoted, ", ") + ")"
	if where != "" {
		text += " WHERE " + where
	}
	return text + ";"
}
