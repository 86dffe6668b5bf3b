// Package shape is what discover has seen of a database: tables, columns, keys and a sample of
// rows. The decisions about it are pure: they read nothing but this.
package shape

import (
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
)

// Database is what was seen of a database.
type Database struct {
	Name   string // as the config calls it
	Engine string // PostgreSQL, MySQL, MariaDB, SQLite
	Tables []*Table
	Joins  []*Join

	Slots      []string // that a relay can read
	LogReaders []string // the users that read the binary log
	// Missing says what could not be read, and which right is missing.
	Missing []string
	Now     time.Time
	Quote   func(identifier string) string
}

// Table is a table, with a sample of its rows.
type Table struct {
	*database.Described
	Ref    string // as the config names it
	Sample Sample
}

// Sample is the latest rows of a table, in the order in which they were read.
type Sample struct {
	Columns []string
	Rows    [][]database.Datum
	Whole   bool   // there are no other rows
	Err     string // why there is no sample
}

// Join is what was found in a table for some keys of another one.
type Join struct {
	Parent, Child *Table
	ParentKey     string
	ChildKey      string
	Keys          []string           // of the parent, that were looked up
	Rows          map[string][]int   // by key: the rows of the child, as indexes into Found
	Found         [][]database.Datum // of the columns of the child
	Columns       []string           // of Found
	Orphans       int                // rows of the child, of those whose parent was looked up, without one
	Asked         int                // rows of the child whose parent was looked up
	Err           string
}

// Column returns a column of the table; false where there is none of that name.
func (t *Table) Column(name string) (database.Column, bool) {
	at := slices.IndexFunc(t.Columns, func(c database.Column) bool { return c.Name == name })
	if at < 0 {
		return database.Column{}, false
	}
	return t.Columns[at], true
}

// First returns the first of the names, in whatever style, that a column has.
func (t *Table) First(accept func(database.Column) bool, names ...string) string {
	for _, name := range names {
		for _, c := range t.Columns {
			if Is(c.Name, name) && (accept == nil || accept(c)) {
				return c.Name
			}
		}
	}
	return ""
}

// At returns the position of a column in the sample, and below zero where it was not read.
func (s *Sample) At(column string) int { return slices.Index(s.Columns, column) }

// Values returns the values of a column in the sample, without NULL.
func (s *Sample) Values(column string) []database.Datum {
	at := s.At(column)
	if at < 0 {
		return nil
	}
	var all []database.Datum
	for _, row := range s.Rows {
		if !row[at].Null {
			all = append(all, row[at])
		}
	}
	return all
}

// Count counts each value of a column in the sample, the most frequent first.
func (s *Sample) Count(column string) []Counted {
	counts := map[string]int{}
	var names []string
	for _, v := range s.Values(column) {
		if counts[v.Text] == 0 {
			names = append(names, v.Text)
		}
		counts[v.Text]++
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return counts[b] - counts[a] })
	all := make([]Counted, len(names))
	for i, name := range names {
		all[i] = Counted{name, counts[name]}
	}
	return all
}

// Counted is a value and how often it was seen.
type Counted struct {
	Value string
	Rows  int
}

// UniqueOn reports whether the table has a unique index on just these columns.
func (t *Table) UniqueOn(columns ...string) bool {
	return slices.ContainsFunc(t.Unique, func(u []string) bool { return slices.Equal(u, columns) })
}

// Leads reports whether an index begins with the column.
func (t *Table) Leads(column string) bool {
	return slices.ContainsFunc(t.Indexes, func(x []string) bool { return x[0] == column })
}

// References returns the column with a foreign key to the other table's only key column.
func (t *Table) References(other *Table) string {
	for _, f := range t.Foreign {
		if len(f.Columns) == 1 && f.To == other.Name && (f.Schema == "" || f.Schema == other.Schema) {
			return f.Columns[0]
		}
	}
	return ""
}

// IsTime reports whether the column holds moments by its type.
func IsTime(c database.Column) bool {
	kind := strings.ToLower(c.Type)
	return strings.HasPrefix(kind, "timestamp") || strings.HasPrefix(kind, "datetime") || kind == "date"
}

// MayBeTime reports whether the column may hold moments: by its type, or by its name where it
// is a number or SQLite's text.
func MayBeTime(c database.Column) bool {
	if IsTime(c) {
		return true
	}
	return (IsNumber(c) || IsText(c) && !strings.Contains(c.Type, "(")) && (Ends(c.Name, "at", "since", "time", "date", "timestamp", "added", "created", "updated", "modified", "changed") ||
		Is(c.Name, "ts"))
}

// IsNumber reports whether the column holds whole numbers.
func IsNumber(c database.Column) bool {
	kind := strings.ToLower(c.Type)
	return strings.Contains(kind, "int") && !strings.HasPrefix(kind, "interval") && !strings.HasPrefix(kind, "point")
}

// others are types that hold neither a text nor a whole number.
var others = []string{
	"numeric", "decimal", "double", "real", "float", "uuid", "bytea", "json", "bool", "timestamp", "datetime", "date", "time", "interval", "inet", "money", "tsvector", "xml",
	"bit", "blob", "binary", "varbinary", "point", "geometry", "hstore", "int", "bigint", "smallint", "tinyint", "mediumint", "longblob", "mediumblob", "tinyblob",
}

// IsText reports whether the column holds text, an enumeration, or what has no type in SQLite.
func IsText(c database.Column) bool {
	kind := strings.ToLower(c.Type)
	return !strings.HasSuffix(kind, "[]") && !slices.ContainsFunc(others, func(o string) bool { return strings.HasPrefix(kind, o) })
}

// IsBool reports whether the column holds yes or no.
func IsBool(c database.Column) bool {
	kind := strings.ToLower(c.Type)
	return strings.HasPrefix(kind, "bool") || kind == "tinyint(1)" || kind == "bit(1)"
}

// IsPayload reports whether the column may hold the body of a message.
func IsPayload(c database.Column) bool {
	kind := strings.ToLower(c.Type)
	return (strings.HasPrefix(kind, "json") || strings.Contains(kind, "text") || strings.Contains(kind, "blob") || kind == "bytea" || strings.HasPrefix(kind, "varchar") || strings.HasPrefix(kind, "character varying") || kind == "") &&
		Has(c.Name, "payload", "body", "data", "content", "message", "event", "envelope", "value")
}
