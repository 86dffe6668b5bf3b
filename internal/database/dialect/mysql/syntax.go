package mysql

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (*server) Quote(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}

func (*server) Value(v string, args *[]any) string {
	*args = append(*args, v)
	return "?"
}

func (*server) Print(v string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(v) + "'"
}

func (d *server) Literal(c dialect.Column, text string, args *[]any) string {
	value := d.Value(text, args)
	if dialect.IsBinary(c) {
		return "unhex(" + value + ")"
	}
	return value
}

func (d *server) Text(c dialect.Column) string {
	name := d.Quote(c.Name)
	if strings.Contains(c.Type, "binary") || strings.Contains(c.Type, "blob") {
		return "lower(hex(" + name + "))"
	}
	return "CAST(" + name + " AS CHAR)"
}

// Millis takes a DATETIME as one of the session's zone, which is the server's unless the
// config names another. In the hour that comes twice at the end of summer time it is the
// later one, as in PostgreSQL, so that nothing looks older than it is. unix_timestamp gives
// 0 for what is no date.
func (d *server) Millis(c dialect.Column) (string, bool) {
	name := d.Quote(c.Name)
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "timestamp", "datetime", "date":
		at := "unix_timestamp(" + name + ")"
		if kind != "timestamp" {
			at += " + 3600 * coalesce(from_unixtime(" + at + " + 3600) = " + name + ", 0)" // NULL beyond 2038
		}
		return "CAST(nullif(" + at + ", 0) * 1000 AS SIGNED)", true
	case "bigint", "int", "decimal", "double", "float":
		return "CAST(" + dialect.EpochBySize(name) + " AS SIGNED)", true
	}
	return "", false
}

func (d *server) Moments(c dialect.Column) (dialect.Moments, bool) {
	return dialect.MomentsInMillis(d, c)
}

func (d *server) Raw(c dialect.Column) string {
	switch {
	case dialect.IsBinary(c):
		return d.Text(c)
	case isStamp(c):
		return d.stamp(c)
	}
	return "CAST(" + d.Quote(c.Name) + " AS CHAR)"
}

func (d *server) FromRaw(c dialect.Column, raw string, args *[]any) string {
	form := d.Form(c)
	switch at, stamped := strings.CutPrefix(raw, stampPrefix); {
	case dialect.IsBinary(c):
		return d.Literal(c, raw, args)
	case (form == dialect.Integer || form == dialect.Number) && dialect.IsNumeric(raw, false):
		return raw
	case stamped && form == dialect.Moment && dialect.IsNumeric(at, false):
		return "from_unixtime(" + at + ")"
	}
	return d.Value(raw, args)
}

// Distinct leaves the steps from value to value to the server: "Using index for group-by".
func (d *server) Distinct(t *dialect.Table, c dialect.Column, limit int) string {
	name := d.Quote(c.Name)
	return fmt.Sprintf("SELECT %s FROM (SELECT DISTINCT %s FROM %s) AS v WHERE %s IS NOT NULL LIMIT %d",
		d.Text(c), name, dialect.From(d, t), name, limit)
}

// Fold goes by the name of the collation. Most compare without regard to case and to blanks
// at the end; those of MySQL 8 do compare blanks.
func (*server) Fold(c dialect.Column, text string) string {
	if !strings.Contains(c.Collation, "_0900_") && !strings.Contains(c.Collation, "_nopad_") {
		text = strings.TrimRight(text, " ")
	}
	if ignoresCase(c) {
		text = dialect.FoldCase(text)
		if ignoresAccents.MatchString(c.Collation) {
			text = dialect.FoldAccents(text)
		}
	}
	return text
}

// ignoresAccents matches the collations that take each letter with an accent for the bare one.
// Those of a language keep some apart: ä and a in Swedish, ñ and n in Spanish.
var ignoresAccents = regexp.MustCompile(`^utf8(mb[34])?_(general|unicode|unicode_520|0900_ai|uca1400_ai)(_nopad)?_ci$`)

func ignoresCase(c dialect.Column) bool {
	return c.Collation != "" && !strings.HasSuffix(c.Collation, "_bin") && !strings.HasSuffix(c.Collation, "_cs")
}

// CreateIndex creates a full index, for there are no partial ones.
func (d *server) CreateIndex(x dialect.Index) string { return x.Create(d, "", x.Full, "") }

func (d *server) Grant(t *dialect.Table, user string, columns ...string) string {
	of := ""
	if len(columns) > 0 {
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = d.Quote(c)
		}
		of = " (" + strings.Join(quoted, ", ") + ")"
	}
	return fmt.Sprintf("GRANT SELECT%s ON %s.%s TO %s;", of, d.Quote(t.Schema), d.Quote(t.Name), account(user))
}

// account is what current_user() returns, in the form that GRANT takes.
func account(user string) string {
	name, host, ok := strings.Cut(user, "@")
	who := "'" + name + "'"
	if ok {
		who += "@'" + host + "'"
	}
	return who
}
