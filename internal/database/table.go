package database

import (
	"context"
	"fmt"
	"strings"
)

// Table is a table or a view as the database knows it.
type Table struct {
	Schema  string // empty where the database has none
	Name    string
	Columns []Column
	query   string // the operator's own, whose result stands for a table
	// grant lets the user read the table, where columns that he may not read are not
	// among the others.
	grant string
	// unseen: the server does not show it to this user, and any column is taken to be there.
	unseen bool
}

// Column is one column of a table.
type Column struct {
	Name     string
	Type     string // the database's own word
	Nullable bool
	// charset and collation are those of a text, where a database has several.
	charset, collation string
}

// String names the table for people.
func (t *Table) String() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// Column finds a column by its name, exactly or but for the case. The error names
// the columns that look alike; key is the key of the config that named it.
func (t *Table) Column(name, key string) (Column, error) {
	if t.unseen {
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
	may := ""
	if t.grant != "" {
		may = ". If there is one, this user may not read it; run as an administrator: " + ofColumns(t.grant, "`"+name+"`")
	}
	return Column{}, fmt.Errorf("table %s has no column %q; %s (%s in the config)%s", t, name, suggest(name, names, "its columns are"), key, may)
}

// Table finds a table, which may be written as schema.table; a name or a schema
// with a dot in it goes in double quotes. The error names the tables that look
// alike. The database is asked in each reading, which costs it next to nothing:
// a table that changed is then read as it is, and never as it was.
func (r *Reading) Table(ctx context.Context, name string) (*Table, error) {
	schema, table := splitName(name)
	if r.unseen {
		return r.imagined(schema, table)
	}
	t, err := r.dialect.describe(ctx, r, schema, table)
	if err != nil {
		return nil, r.fail("find table "+name, &query{table: t}, err)
	}
	if t == nil {
		return nil, r.missing(ctx, name)
	}
	return t, nil
}

func (r *Reading) missing(ctx context.Context, name string) error {
	others, err := r.dialect.tables(ctx, r)
	if err != nil {
		others = nil // the hint is missing, not the error
	}
	if len(others) == 0 {
		return fmt.Errorf("find table %q in database %s (%s): there is none that this user may see", name, r.db.config.Name, r.dialect.where())
	}
	return fmt.Errorf("find table %q in database %s (%s): there is none of that name; %s", name, r.db.config.Name, r.dialect.where(), suggest(name, others, "there are"))
}

// splitName takes schema.table apart; double quotes or backquotes protect a dot.
func splitName(name string) (schema, table string) {
	var parts []string
	var part strings.Builder
	var open rune
	for _, c := range name {
		switch {
		case open != 0 && c == open:
			open = 0
		case open == 0 && (c == '"' || c == '`'):
			open = c
		case open == 0 && c == '.':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteRune(c)
		}
	}
	return strings.Join(parts, "."), part.String()
}

func (r *Reading) quoteTable(t *Table) string { return tableIn(r.dialect, t) }

// tableIn is what stands for a table after FROM.
func tableIn(d dialect, t *Table) string {
	switch {
	case t.query != "":
		return "(" + t.query + ") AS " + d.quote(t.Name)
	case t.Schema == "":
		return d.quote(t.Name)
	default:
		return d.quote(t.Schema) + "." + d.quote(t.Name)
	}
}
