package database

import (
	"fmt"
	"strings"
)

func (*mysql) quote(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}

func (*mysql) value(v string, args *[]any) string {
	*args = append(*args, v)
	return "?"
}

func (d *mysql) text(c Column) string {
	name := d.quote(c.Name)
	if strings.Contains(c.Type, "binary") || strings.Contains(c.Type, "blob") {
		return "lower(hex(" + name + "))"
	}
	return "CAST(" + name + " AS CHAR)"
}

// millis takes a DATETIME as one of the session's zone, which is the server's
// unless the config names another. In the hour that comes twice at the end of summer
// time it is the later one, as in PostgreSQL: so that nothing looks older than it is.
// unix_timestamp gives 0 for what is no date.
func (d *mysql) millis(c Column) (string, bool) {
	name := d.quote(c.Name)
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "timestamp", "datetime", "date":
		at := "unix_timestamp(" + name + ")"
		if kind != "timestamp" {
			at += " + 3600 * coalesce(from_unixtime(" + at + " + 3600) = " + name + ", 0)" // NULL beyond 2038
		}
		return "CAST(nullif(" + at + ", 0) * 1000 AS SIGNED)", true
	case "bigint", "int", "decimal", "double", "float":
		return "CAST(" + epochBySize(name) + " AS SIGNED)", true
	}
	return "", false
}

// distinct steps from value to value by itself: "Using index for group-by".
func (d *mysql) distinct(t *Table, c Column, limit int) string {
	name := d.quote(c.Name)
	return fmt.Sprintf("SELECT %s FROM (SELECT DISTINCT %s FROM %s) AS v WHERE %s IS NOT NULL LIMIT %d",
		d.text(c), name, tableIn(d, t), name, limit)
}

// same is as the collation says by its name: most compare without regard to case, and to
// blanks at the end, at which those of MySQL 8 do look.
func (*mysql) same(c Column, a, b string) bool {
	if !strings.Contains(c.collation, "_0900_") && !strings.Contains(c.collation, "_nopad_") {
		a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	}
	if strings.HasSuffix(c.collation, "_bin") || strings.HasSuffix(c.collation, "_cs") {
		return a == b
	}
	return strings.EqualFold(a, b)
}

// index is a full one, for there are no partial ones.
func (d *mysql) index(x index) string { return x.create(d, "", x.full, "") }

func (d *mysql) grant(t *Table, user string) string {
	return fmt.Sprintf("GRANT SELECT ON %s.%s TO %s;", d.quote(t.Schema), d.quote(t.Name), account(user))
}

// account is what current_user() says, as GRANT takes it.
func account(user string) string {
	name, host, ok := strings.Cut(user, "@")
	who := "'" + name + "'"
	if ok {
		who += "@'" + host + "'"
	}
	return who
}
