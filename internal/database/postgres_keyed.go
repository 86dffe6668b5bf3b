package database

import (
	"context"
	"fmt"
	"strings"
)

func (*postgres) form(c Column) Form {
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "smallint", "integer", "bigint":
		return Integer
	case "numeric", "real", "double", "boolean":
		return Number
	case "uuid", "bytea":
		return Binary
	case "timestamp", "date":
		return Moment
	}
	return Text
}

func (d *postgres) canon(c Column, f Form) string {
	name := d.quote(c.Name)
	switch own := d.form(c); {
	case f == Moment && own != Text:
		millis, _ := d.millis(c)
		return "(" + millis + ")::text"
	case f == Binary && c.Type != "bytea":
		return "lower(replace(" + name + "::text, '-', ''))"
	case f == Number && c.Type == "boolean":
		return name + "::int::text"
	case f == Number && own == Number:
		return "trim_scale(round(" + name + "::numeric, 10))::text"
	case f == Number && own == Text:
		return "CASE WHEN " + name + " LIKE '%.%' THEN rtrim(rtrim(" + name + ", '0'), '.') ELSE " + name + " END"
	}
	return d.text(c)
}

func (*postgres) join(parts []string) string {
	return strings.Join(parts, fmt.Sprintf(" || chr(%d) || ", between))
}

func (*postgres) orNothing(text string) string {
	return fmt.Sprintf("coalesce(%s, chr(%d))", text, nothing)
}

func (*postgres) hash(text string) string {
	return "('x' || left(md5(" + text + "), 10))::bit(40)::bigint"
}

func (*postgres) sum(number string) string { return "coalesce(sum(" + number + "), 0)::bigint" }

func (*postgres) exact(text string) string { return text }

func (d *postgres) key(c Column, f Form, v string, args *[]any) (string, bool) {
	switch form := d.form(c); {
	case form == Integer || form == Number:
		if !numeric(v, form == Integer) {
			return "", false
		}
		kind := "bigint"
		if form == Number {
			kind = "numeric"
		}
		return "'" + v + "'::" + kind, true
	case form == Binary:
		if c.Type == "bytea" {
			return `'\x` + v + "'::bytea", isHex(v)
		}
		return "'" + v + "'::uuid", isHex(v) && len(v) == 32
	case f == Binary:
		v = dashed(v)
	}
	return d.value(v, args), true
}

func (d *postgres) keys(c Column, f Form, v string, args *[]any) []string {
	return spellings(d, c, f, v, args)
}

func (d *postgres) least(c Column) string {
	switch d.form(c) {
	case Integer:
		return "'-9223372036854775808'::bigint"
	case Number:
		return "'-1e60'::numeric"
	case Binary:
		if c.Type == "uuid" {
			return "'00000000-0000-0000-0000-000000000000'::uuid"
		}
		return "''::bytea"
	}
	return "''"
}

func (*postgres) rowValues() bool { return true }

func (*postgres) rowEnds() bool { return false }

func (d *postgres) raw(c Column) string { return d.quote(c.Name) + "::text" }

func (d *postgres) moment(c Column, raw string, args *[]any) string {
	return d.value(raw, args) + "::text::" + c.Type
}

func (d *postgres) estimate(ctx context.Context, r *Reading, t *Table) (int64, error) {
	return d.rows(ctx, r, t.Schema, t.Name)
}
