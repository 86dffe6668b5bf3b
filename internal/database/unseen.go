package database

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Unseen lets fn find the tables that a config names as the config describes them, without
// asking the database. The grants of a user come from it to whom the server does not show the
// tables. fn is not called where the server shows tables to every user, nor before the server
// has named the user.
func (db *DB) Unseen(fn func(*Reading) error) {
	d, hides := db.dialect.(dialect.Hider)
	if !hides {
		return
	}
	if db.user == "" {
		db.user = d.Refused()
	}
	if db.user != "" {
		_ = fn(&Reading{db: db, dialect: db.dialect, unseen: true}) // what does not exist has no grant
	}
}

// imagined is a table that is taken to be as the config says, unless the server said that it
// does not exist.
func (r *Reading) imagined(schema, name string) (*Table, error) {
	d, ok := r.dialect.(dialect.Hider)
	if !ok {
		return nil, fmt.Errorf("there is no table %s", name)
	}
	if schema == "" {
		schema = d.DefaultSchema()
	}
	t := &Table{Schema: schema, Name: name, Unseen: true}
	if d.Absent(t) {
		return nil, fmt.Errorf("there is no table %s", t)
	}
	return t, nil
}

// ToRead says what a grant is for.
func (db *DB) ToRead(t *Table) string {
	text := "in database " + db.Name() + ", to read table " + t.String() + " and nothing else"
	if t.Unseen {
		text += "; whether it is there, and what it holds, this user cannot see yet"
	}
	return text
}
