package dialect

import (
	"fmt"
	"strings"
)

// Table is a table or a view as the database knows it.
type Table struct {
	Schema  string // empty where the database has none
	Name    string
	Columns []Column
	Query   string // the operator's own query, whose result stands for a table
	// ColumnGrant is the statement that lets the user read a column, where the server does
	// not show columns that the user may not read; nil elsewhere.
	ColumnGrant func(column string) string
	// Unseen: the server does not show the table to this user. Every column is taken to be
	// there.
	Unseen bool
}

// Column is one column of a table.
type Column struct {
	Name     string
	Type     string // the database's own word
	Nullable bool
	// Charset and Collation are those of a text, where a database has several.
	Charset, Collation string
}

// String is the name of the table in messages.
func (t *Table) String() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// Column finds a column by its name, exactly or except for the case. The error names the
// columns that look alike; key is the key of the config that named it.
func (t *Table) Column(name, key string) (Column, error) {
	if t.Unseen {
		return Column{Name: name}, nil
	}
	var folded []Column
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		if c.Name == name {
			return c, nil
		}
		if strings.EqualFold(c.Name, name) {
			folded = append(folded, c)
		}
		names[i] = c.Name
	}
	if len(folded) == 1 {
		return folded[0], nil
	}
	missing := &Problem{Text: fmt.Sprintf("table %s has no column %q; %s (%s in the config)", t, name, Suggest(name, names, "its columns are"), key)}
	if t.ColumnGrant != nil {
		missing.Text += ". If there is one, this user may not read it"
		missing.Fix = AsAdministrator(t.ColumnGrant(name))
	}
	return Column{}, missing
}

// ListColumns lists the columns of a table, for a message about a missing one.
func (t *Table) ListColumns() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return fmt.Sprintf("the columns of table %s are %s", t, strings.Join(names, ", "))
}

// From is what stands for a table after FROM.
func From(d Dialect, t *Table) string {
	switch {
	case t.Query != "":
		return "(" + t.Query + ") AS " + d.Quote(t.Name)
	case t.Schema == "":
		return d.Quote(t.Name)
	default:
		return d.Quote(t.Schema) + "." + d.Quote(t.Name)
	}
}

// IsBinary reports whether a column holds bytes.
func IsBinary(c Column) bool {
	return strings.Contains(c.Type, "binary") || strings.Contains(strings.ToLower(c.Type), "blob") || c.Type == "bytea"
}
