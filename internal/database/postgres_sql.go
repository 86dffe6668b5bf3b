package database

import (
	"fmt"
	"strings"
)

func (*postgres) quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func (*postgres) value(v string, args *[]any) string {
	*args = append(*args, v)
	return fmt.Sprintf("$%d", len(*args))
}

func (d *postgres) text(c Column) string {
	if c.Type == "bytea" {
		return "encode(" + d.quote(c.Name) + ", 'hex')"
	}
	return d.quote(c.Name) + "::text"
}

// millis makes milliseconds of a moment.
func (d *postgres) millis(c Column) (string, bool) {
	if moment, ok := d.finite(c); ok {
		return d.epoch(moment), true
	}
	name := d.quote(c.Name)
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "bigint", "integer", "numeric", "double", "real":
		if kind == "integer" {
			name += "::bigint" // in which milliseconds have room
		}
		return "(" + epochBySize(name) + ")::bigint", true
	}
	return "", false
}

// finite is the moment of a column of timestamps, NULL for 'infinity', which is
// none and would be an error in a cast. One without zone is of the session's zone,
// which is the server's unless the config names another: what now() would have
// written.
func (d *postgres) finite(c Column) (string, bool) {
	if !strings.HasPrefix(c.Type, "timestamp") && c.Type != "date" {
		return "", false
	}
	name := d.quote(c.Name)
	return "CASE WHEN isfinite(" + name + ") THEN " + name + "::timestamptz END", true
}

func (*postgres) epoch(moment string) string {
	return "(extract(epoch FROM " + moment + ") * 1000)::bigint"
}

// measured leaves moments as they are, for numbers are dear to make of them.
func (d *postgres) measured(c Column) (measure, bool) {
	moment, ok := d.finite(c)
	return measure{moment, d.epoch, func(millis int64) string { return fmt.Sprintf("to_timestamp(%d / 1000.0)", millis) }}, ok
}

func (d *postgres) distinct(t *Table, c Column, limit int) string {
	return skipScan(d, tableIn(d, t), c, limit)
}

// same leaves out the blanks that char(n) is filled with.
func (*postgres) same(c Column, a, b string) bool {
	if strings.HasPrefix(c.Type, "character(") {
		a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	}
	return a == b
}

func (d *postgres) index(x index) string {
	return x.create(d, "CONCURRENTLY ", x.columns, x.where)
}

func (d *postgres) grant(t *Table, user string) string {
	return fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON %s.%s TO %s;",
		d.quote(t.Schema), d.quote(user), d.quote(t.Schema), d.quote(t.Name), d.quote(user))
}
