package dialect

import (
	"slices"
	"strings"
	"unicode"
)

// Query is one query, and what the guard needs to accept or refuse it.
type Query struct {
	Purpose string // "read the oldest pending rows"
	Table   *Table
	SQL     string
	Args    []any
	About   []string // the columns that its conditions are about
	Whole   bool     // every row of the table counts: nothing is filtered out
	Index   Index    // the index that would answer it
}

// Key names the query, whatever the moments in its text are.
func (q Query) Key() string { return q.Purpose + " of " + q.Table.String() }

// Covers reports whether the conditions of the query are about no other columns than those
// given. An index on them then leaves nothing to filter out.
func (q Query) Covers(columns []string) bool {
	for _, column := range q.About {
		if !slices.ContainsFunc(columns, func(name string) bool { return strings.EqualFold(name, column) }) {
			return false
		}
	}
	return true
}

// Question is a query, and what takes the rows of its answer.
type Question struct {
	Query
	Take func(Row) error
}

// Row is one row of an answer.
type Row interface{ Scan(into ...any) error }

// Scan is a part of a plan that reads a table, or an index of it, from end to end, or that
// reads many rows to sort them.
type Scan struct {
	Table   string
	Rows    int64 // an estimate; beyond the scan limit it may be a lower bound
	More    bool  // Rows is a lower bound
	Sorts   bool  // it does not read everything, but it has to sort all that it reads
	Filters bool  // an index leads to the rows, and a filter then drops some
}

// Words lists the identifiers in SQL. It leaves out what is in single quotes.
func Words(sql string) []string {
	var all []string
	for i, part := range strings.Split(sql, "'") {
		if i%2 == 1 {
			continue
		}
		all = append(all, strings.FieldsFunc(part, func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	return all
}
