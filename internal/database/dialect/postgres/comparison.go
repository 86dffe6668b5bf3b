package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (*server) Form(c dialect.Column) dialect.Form {
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "smallint", "integer", "bigint":
		return dialect.Integer
	case "numeric", "real", "double", "boolean":
		return dialect.Number
	case "uuid", "bytea":
		return dialect.Binary
	case "timestamp", "date":
		return dialect.Moment
	}
	return dialect.Text
}

func (d *server) Canonical(c dialect.Column, f dialect.Form) string {
	name := d.Quote(c.Name)
	switch own := d.Form(c); {
	case f == dialect.Moment && own != dialect.Text:
		millis, _ := d.Millis(c)
		return "(" + millis + ")::text"
	case f == dialect.Binary && c.Type != "bytea":
		return "lower(replace(" + name + "::text, '-', ''))"
	case f == dialect.Number && c.Type == "boolean":
		return name + "::int::text"
	case f == dialect.Number && own == dialect.Number:
		return "trim_scale(round(" + name + "::numeric, 10))::text"
	case f == dialect.Number && own == dialect.Text:
		return "CASE WHEN " + name + " LIKE '%.%' THEN rtrim(rtrim(" + name + ", '0'), '.') ELSE " + name + " END"
	}
	return d.Text(c)
}

func (*server) Concat(parts []string) string {
	return strings.Join(parts, fmt.Sprintf(" || chr(%d) || ", dialect.Separator))
}

func (*server) OrNull(text string) string {
	return fmt.Sprintf("coalesce(%s, chr(%d))", text, dialect.NullMark)
}

func (*server) Hash(text string) string {
	return "('x' || left(md5(" + text + "), 10))::bit(40)::bigint"
}

func (*server) Sum(number string) string { return "coalesce(sum(" + number + "), 0)::bigint" }

func (*server) Exact(text string) string { return text }

func (d *server) KeyValue(c dialect.Column, f dialect.Form, v string, args *[]any) (string, bool) {
	switch form := d.Form(c); {
	case form == dialect.Integer || form == dialect.Number:
		if !dialect.IsNumeric(v, form == dialect.Integer) {
			return "", false
		}
		kind := "bigint"
		if form == dialect.Number {
			kind = "numeric"
		}
		return "'" + v + "'::" + kind, true
	case form == dialect.Binary:
		if c.Type == "bytea" {
			return `'\x` + v + "'::bytea", dialect.IsHex(v)
		}
		return "'" + v + "'::uuid", dialect.IsHex(v) && len(v) == 32
	case f == dialect.Binary:
		v = dialect.Dashed(v)
	}
	return d.Value(v, args), true
}

func (d *server) KeySpellings(c dialect.Column, f dialect.Form, v string, args *[]any) []string {
	return dialect.Spellings(d, c, f, v, args)
}

func (d *server) Lowest(c dialect.Column) string {
	switch d.Form(c) {
	case dialect.Integer:
		return "'-9223372036854775808'::bigint"
	case dialect.Number:
		return "'-1e60'::numeric"
	case dialect.Binary:
		if c.Type == "uuid" {
			return "'00000000-0000-0000-0000-000000000000'::uuid"
		}
		return "''::bytea"
	}
	return "''"
}

func (*server) RowsCompare() bool { return true }

func (*server) RowsEnd() bool { return false }

func (d *server) EstimateRows(ctx context.Context, tx dialect.Tx, t *dialect.Table) (int64, error) {
	return d.rows(ctx, tx, t.Schema, t.Name)
}
