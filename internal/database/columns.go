package database

import (
	"slices"
)

// Columns looks up the columns of a table that a config names, and says at its end all
// that are missing.
type Columns struct {
	table *Table
	under string
	spare []string // names of columns that may be missing
	errs  []error
}

// ColumnsOf begins with none; under is where in the config they are named, for
// messages: "source.columns.". Those of the spare names may be missing: where a library
// has made the table, not every version of it has them.
func ColumnsOf(t *Table, under string, spare ...string) *Columns {
	return &Columns{table: t, under: under, spare: spare}
}

// One is the column of a name, which key of the config gives.
func (c *Columns) One(name, key string) Column {
	column, err := c.table.Column(name, c.under+key)
	c.errs = append(c.errs, err)
	return column
}

// Maybe is the column of a name; nil where there is no name, or where it may be missing
// and is.
func (c *Columns) Maybe(name, key string) *Column {
	if name == "" {
		return nil
	}
	column, ok := c.find(name, key)
	if !ok {
		return nil
	}
	return &column
}

// All are the columns of a list of names, but for those that may be missing and are.
func (c *Columns) All(names []string, key string) (columns []Column) {
	for _, name := range names {
		if column, ok := c.find(name, key); ok {
			columns = append(columns, column)
		}
	}
	return columns
}

// find is false where a column may be missing and is.
func (c *Columns) find(name, key string) (Column, bool) {
	column, err := c.table.Column(name, c.under+key)
	if err != nil && slices.Contains(c.spare, name) {
		return Column{}, false
	}
	c.errs = append(c.errs, err)
	return column, true
}

// Missing is the error about all that are missing, on one line; nil when none is.
func (c *Columns) Missing() error { return Join(c.errs...) }
