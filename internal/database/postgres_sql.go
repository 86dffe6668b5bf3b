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

// millis takes a timestamp without zone as one of the session's zone, which is
// the server's unless the config names another: what now() would have written.
func (d *postgres) millis(c Column) (string, bool) {
	name := d.quote(c.Name)
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "timestamp", "date":
		// 'infinity' is no moment, and would be an error in the cast.
		return "CASE WHEN isfinite(" + name + ") THEN (extract(epoch FROM " + name + "::timestamptz) * 1000)::bigint END", true
	case "bigint", "integer", "numeric", "double", "real":
		if kind == "integer" {
			name += "::bigint" // in which milliseconds have room
		}
		return "(" + epochBySize(name) + ")::bigint", true
	}
	return "", false
}

func (d *postgres) distinct(t *Table, c Column, limit int) string {
	return skipScan(d, tableIn(d, t), c, limit)
}

// same leaves out blanks at the end, which char(n) is filled with.
func (*postgres) same(a, b string) bool {
	return strings.TrimRight(a, " ") == strings.TrimRight(b, " ")
}

func (d *postgres) index(x index) string {
	return x.create(d, "CONCURRENTLY ", x.columns, x.where)
}

func (d *postgres) grant(t *Table, user string) string {
	return fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON %s.%s TO %s;",
		d.quote(t.Schema), d.quote(user), d.quote(t.Schema), d.quote(t.Name), d.quote(user))
}
