package database

import (
	"fmt"
	"strings"
)

// Unseen lets fn find the tables that a config names as the config describes them, without
// asking the database, for the grants of a user to whom the server does not show
// them: MySQL and MariaDB show nobody what he may not read. fn is not called where tables
// show anyway, nor where the server has not said who the user is.
func (db *DB) Unseen(fn func(*Reading) error) {
	d, hides := db.dialect.(*mysql)
	if !hides {
		return
	}
	if db.user == "" {
		db.user = d.account
	}
	if db.user != "" {
		_ = fn(&Reading{db: db, dialect: d, unseen: true}) // what is not there has no grant
	}
}

// imagined is a table that is taken to be as the config says. One of which the server said
// that it is not there cannot be imagined.
func (r *Reading) imagined(schema, name string) (*Table, error) {
	if schema == "" {
		schema = r.dialect.(*mysql).settings.DBName
	}
	t := &Table{Schema: schema, Name: name, unseen: true}
	if r.db.absent[t.String()] {
		return nil, fmt.Errorf("there is no table %s", t)
	}
	return t, nil
}

// Unseen reports whether the server does not show the table to this user, so that its
// columns are those of the config.
func (t *Table) Unseen() bool { return t.unseen }

// ToRead says what a grant is for.
func (db *DB) ToRead(t *Table) string {
	text := "in database " + db.Name() + ", to read table " + t.String() + " and nothing else"
	if t.unseen {
		text += "; whether it is there, and what it holds, this user cannot see yet"
	}
	return text
}

// accountIn is the account that MySQL tells about in an error, as current_user() would say it;
// empty where it tells of none.
func accountIn(message string) string {
	_, rest, _ := strings.Cut(message, "for user '")
	name, rest, _ := strings.Cut(rest, "'@'")
	host, _, ok := strings.Cut(rest, "'")
	if !ok {
		return ""
	}
	return name + "@" + host
}
