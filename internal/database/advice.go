package database

import (
	"slices"
	"strings"
)

// Refusal is a query that the guard refused, and the index that would answer it.
type Refusal struct {
	Query string // what it was for
	Why   string
	Price string // of the index
	Index string // the statement, in the database's SQL
}

// WouldAnswer begins, in the error about a refused query, the part that recommends
// an index.
const WouldAnswer = "; to have it answered, create this index"

// Refusals finds the refused queries in the error of a reading, each index once.
func Refusals(err error) []Refusal {
	var all []Refusal
	var visit func(err error)
	visit = func(err error) {
		if f, ok := err.(*failure); ok && f.refused != nil { //nolint:errorlint // all of a tree of errors is visited
			i := slices.IndexFunc(all, func(r Refusal) bool { return r.Index == f.refused.Index })
			if i < 0 {
				all = append(all, *f.refused)
			} else if !strings.Contains(all[i].Query, f.refused.Query) {
				all[i].Query += ", " + f.refused.Query
			}
		}
		switch e := err.(type) { //nolint:errorlint // all of a tree of errors is visited
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				visit(one)
			}
		case interface{ Unwrap() error }:
			visit(e.Unwrap())
		}
	}
	visit(err)
	return all
}

// Grant is the statement that gives the user who reads just the columns that are
// read: those given, and those that conditions are about. It is empty where the
// database has no rights, or nobody has connected yet; and of all columns where it takes
// the table to tell which those are, and the user cannot see it.
func (db *DB) Grant(t *Table, columns []Column, where ...Condition) string {
	if db.dialect == nil || db.user == "" {
		return ""
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if t.unseen && len(columns) == 0 {
		return db.dialect.grant(t, db.user)
	}
	for _, c := range where {
		if t.unseen && c.kind == matches {
			return db.dialect.grant(t, db.user) // which words are columns only the table can tell
		}
		names = append(names, c.about(t)...)
	}
	names = unique(names)
	for i, name := range names {
		names[i] = db.dialect.quote(name)
	}
	return ofColumns(db.dialect.grant(t, db.user), names...)
}

// LagGrant is the statement without which what may be a read replica does not say how
// far it is behind, and why one might run it. Both are empty where nothing is missing.
func (db *DB) LagGrant() (why, sql string) {
	if d, ok := db.dialect.(interface {
		lagGrant(user string) (why, grant string)
	}); ok && db.user != "" {
		return d.lagGrant(db.user)
	}
	return "", ""
}

// BinlogGrants are the statements that let the user who reads see who reads the binary
// log, and those that let him see more of it. They are empty where there is none, where
// nothing more is to be seen, and where nobody has connected yet.
func (db *DB) BinlogGrants() (needed, more string) {
	if d, ok := db.dialect.(*mysql); ok && db.user != "" {
		return d.binlogGrants(db.user)
	}
	return "", ""
}

// ofColumns narrows a grant of a table to columns, which are quoted.
func ofColumns(grant string, columns ...string) string {
	return strings.Replace(grant, "GRANT SELECT ON", "GRANT SELECT ("+strings.Join(columns, ", ")+") ON", 1)
}
