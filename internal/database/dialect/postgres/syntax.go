package postgres

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (*server) Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func (*server) Value(v string, args *[]any) string {
	*args = append(*args, v)
	return fmt.Sprintf("$%d", len(*args))
}

func (*server) Print(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }

func (d *server) Literal(c dialect.Column, text string, args *[]any) string {
	value := d.Value(text, args)
	if dialect.IsBinary(c) {
		return "decode(" + value + ", 'hex')"
	}
	return value
}

func (d *server) Text(c dialect.Column) string {
	if c.Type == "bytea" {
		return "encode(" + d.Quote(c.Name) + ", 'hex')"
	}
	return d.Quote(c.Name) + "::text"
}

func (d *server) Millis(c dialect.Column) (string, bool) {
	if moment, ok := d.finite(c); ok {
		return d.epoch(moment), true
	}
	name := d.Quote(c.Name)
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "bigint", "integer", "numeric", "double", "real":
		if kind == "integer" {
			name += "::bigint" // which has room for milliseconds
		}
		return "(" + dialect.EpochBySize(name) + ")::bigint", true
	}
	return "", false
}

// finite is the moment of a column of timestamps. It is NULL for 'infinity', which is no
// moment and would be an error in a cast. A timestamp without a zone is of the session's
// zone, which is the server's unless the config names another: what now() would have written.
func (d *server) finite(c dialect.Column) (string, bool) {
	if !strings.HasPrefix(c.Type, "timestamp") && c.Type != "date" {
		return "", false
	}
	name := d.Quote(c.Name)
	return "CASE WHEN isfinite(" + name + ") THEN " + name + "::timestamptz END", true
}

func (*server) epoch(moment string) string {
	return "(extract(epoch FROM " + moment + ") * 1000)::bigint"
}

// Moments compares timestamps as they are: turning each into a number is expensive.
func (d *server) Moments(c dialect.Column) (dialect.Moments, bool) {
	moment, ok := d.finite(c)
	if !ok {
		return dialect.MomentsInMillis(d, c)
	}
	return dialect.Moments{Expression: moment, Millis: d.epoch, At: func(millis int64) string { return fmt.Sprintf("to_timestamp(%d / 1000.0)", millis) }}, true
}

func (d *server) Raw(c dialect.Column) string { return d.Quote(c.Name) + "::text" }

func (d *server) FromRaw(c dialect.Column, raw string, args *[]any) string {
	return d.Value(raw, args) + "::text::" + c.Type
}

func (d *server) Beyond(columns []dialect.Column, than string, position []string, args *[]any) string {
	return dialect.RowsBeyond(d, columns, than, position, args)
}

func (d *server) Distinct(t *dialect.Table, c dialect.Column, limit int) string {
	return dialect.SkipScan(d, t, c, limit)
}

// Fold ignores the blanks that char(n) is filled with, and the case of a citext.
func (*server) Fold(c dialect.Column, text string) string {
	if strings.HasPrefix(c.Type, "character(") {
		text = strings.TrimRight(text, " ")
	}
	switch {
	case isCitext(c):
		return strings.ToLower(text) // citext compares lower(), which knows fewer equals than folding
	case ignoresCase(c):
		text = dialect.FoldCase(text)
	}
	if strings.Contains(c.Collation, "ks-level1") {
		text = dialect.FoldAccents(text)
	}
	return text
}

// isCitext: the type has its schema in front if that is not in the search path.
func isCitext(c dialect.Column) bool {
	return c.Type == "citext" || strings.HasSuffix(c.Type, ".citext")
}

// ignoresCase goes by the strength of a collation of ICU.
func ignoresCase(c dialect.Column) bool {
	level := strings.Contains(c.Collation, "ks-level1") || strings.Contains(c.Collation, "ks-level2")
	return level && !strings.Contains(c.Collation, "kc-true")
}

func (d *server) CreateIndex(x dialect.Index) string {
	return x.Create(d, "CONCURRENTLY ", x.Columns, x.Where)
}

func (d *server) Grant(t *dialect.Table, user string, columns ...string) string {
	of := ""
	if len(columns) > 0 {
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = d.Quote(c)
		}
		of = " (" + strings.Join(quoted, ", ") + ")"
	}
	return fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT%s ON %s.%s TO %s;",
		d.Quote(t.Schema), d.Quote(user), of, d.Quote(t.Schema), d.Quote(t.Name), d.Quote(user))
}
