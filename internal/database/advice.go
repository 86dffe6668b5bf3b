package database

import (
	"github.com/lostorder/lostorder/internal/database/dialect"
)

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

// BinlogGrants are the statements that show the user the readers of the binary log, and those
// that show their progress. They are empty where there is no such log, where nothing
// more is to be seen, and before the first connection.
func (db *DB) BinlogGrants() (needed, more string) {
	if d, ok := db.dialect.(dialect.Binlogs); ok && db.user != "" {
		return d.BinlogGrants(db.user)
	}
	return "", ""
}
