package database

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Advice is a remedy from the error of a reading.
type Advice struct {
	signal.Remedy
	For string // the queries that need it
	Why string // what is wrong without it
}

// Remedies lists the remedies in the error of a reading, each once, and returns the text of
// the error without those for which keep is false.
func Remedies(err error, keep func(signal.Remedy) bool) (all []Advice, text string) {
	if err == nil {
		return nil, ""
	}
	text = err.Error()
	visit(err, func(f *failure) {
		if f.remedy.Text == "" {
			return
		}
		if !keep(f.remedy) {
			text = strings.ReplaceAll(text, f.advice()+" ", "; ") // a statement ends with the semicolon of the sentence
			text = strings.ReplaceAll(text, f.advice(), "")
		}
		i := slices.IndexFunc(all, func(a Advice) bool { return a.Remedy.Text == f.remedy.Text })
		if i < 0 {
			all = append(all, Advice{Remedy: f.remedy, For: f.doing, Why: f.why})
		} else if !strings.Contains(all[i].For, f.doing) {
			all[i].For += ", " + f.doing
		}
	})
	return all, text
}

// visit calls fn for each failure in a tree of errors.
func visit(err error, fn func(*failure)) {
	if f, ok := err.(*failure); ok { //nolint:errorlint // the whole tree is visited
		fn(f)
	}
	switch e := err.(type) { //nolint:errorlint // the whole tree is visited
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			visit(one, fn)
		}
	case interface{ Unwrap() error }:
		visit(e.Unwrap(), fn)
	}
}

// Grant is the statement that lets the user read just the columns that are read: those given,
// and those that conditions are about. It is empty where the database has no rights, and
// before the first connection. It is about the whole table where only the table can tell which
// columns those are, and the user cannot see it.
func (db *DB) Grant(t *Table, columns []Column, where ...Condition) string {
	if db.dialect == nil || db.user == "" {
		return ""
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if t.Unseen && len(columns) == 0 {
		return db.dialect.Grant(t, db.user)
	}
	for _, c := range where {
		if t.Unseen && c.kind == matches {
			return db.dialect.Grant(t, db.user) // only the table can tell which words are columns
		}
		names = append(names, c.about(t)...)
	}
	return db.dialect.Grant(t, db.user, dialect.Unique(names)...)
}

// LagGrant is the statement without which what may be a read replica does not report how far
// it is behind, and why one might run it. Both are empty where nothing is missing.
func (db *DB) LagGrant() (why, sql string) {
	if d, ok := db.dialect.(dialect.Replica); ok && db.user != "" {
		return d.LagGrant(db.user)
	}
	return "", ""
}

// BinlogGrants are the statements that let the user see who reads the binary log, and those
// that let the user see more of it. They are empty where there is no such log, where nothing
// more is to be seen, and before the first connection.
func (db *DB) BinlogGrants() (needed, more string) {
	if d, ok := db.dialect.(dialect.Binlogs); ok && db.user != "" {
		return d.BinlogGrants(db.user)
	}
	return "", ""
}
