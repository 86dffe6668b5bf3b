package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// What a database says about its tables.
type (
	// Table is a table or a view.
	Table = dialect.Table
	// Column is a column of a table.
	Column = dialect.Column
)

// Table finds a table, which may be written as schema.table; a name or a schema that contains
// a dot goes in double quotes. The error names the tables that look alike. Each reading asks
// the database, which costs it next to nothing: a table that changed is then read as it is.
func (r *Reading) Table(ctx context.Context, name string) (*Table, error) {
	schema, table := splitName(name)
	if r.unseen {
		return r.imagined(schema, table)
	}
	t, err := r.dialect.Describe(ctx, transaction{r}, schema, table)
	if err != nil {
		return nil, r.fail("find table "+name, &dialect.Query{Table: t}, err)
	}
	if t == nil {
		return nil, r.missing(ctx, name)
	}
	return t, r.hidden(ctx, t)
}

func (r *Reading) missing(ctx context.Context, name string) error {
	others, err := r.dialect.Tables(ctx, transaction{r})
	if err != nil {
		others = nil // the hint is missing, not the error
	}
	if len(others) == 0 {
		return fmt.Errorf("find table %q in database %s (%s): there is none that this user may see", name, r.db.config.Name, r.dialect.Location())
	}
	return fmt.Errorf("find table %q in database %s (%s): there is none of that name; %s", name, r.db.config.Name, r.dialect.Location(), dialect.Suggest(name, others, "there are"))
}

// splitName splits schema.table; double quotes or backquotes protect a dot.
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
