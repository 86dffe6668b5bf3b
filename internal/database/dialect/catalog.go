package dialect

import "context"

// Surveyor is a dialect that describes all tables of a database at once.
type Surveyor interface {
	// Survey describes the tables that the user may see, at most limit of them, in the order
	// of their names. It reads no row of them.
	Survey(ctx context.Context, tx Tx, limit int) ([]*Described, error)
}

// Described is a table with what the database says about its rows.
type Described struct {
	Table
	Visible bool // it is found without its schema
	View    bool
	Rows    int64 // an estimate, 0 where there is none
	// Denied: the user may read no column of it. Otherwise Columns are those that the user may
	// read, and Hidden the others.
	Denied  bool
	Hidden  []string
	Key     []string   // the primary key
	Unique  [][]string // the columns of each unique index over all rows
	Indexes [][]string // the columns of each index over all rows, up to the first that is an expression
	Foreign []ForeignKey
}

// ForeignKey says that columns name a row of another table.
type ForeignKey struct {
	Columns    []string
	Schema, To string // the other table
	ToColumns  []string
}

// AddIndex adds an index over all rows; an empty name stands for an expression.
func (t *Described) AddIndex(columns []string, primary, unique bool) {
	whole := true
	for i, c := range columns {
		if c == "" {
			columns, whole = columns[:i], false
			break
		}
	}
	if len(columns) == 0 {
		return
	}
	if primary {
		t.Key = columns
	}
	if unique && whole {
		t.Unique = append(t.Unique, columns)
	}
	t.Indexes = append(t.Indexes, columns)
}
