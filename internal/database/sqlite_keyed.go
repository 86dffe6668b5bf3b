package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// form goes by the word for the type, as SQLite's own affinity does. A column may
// hold anything all the same.
func (*sqlite) form(c Column) Form {
	kind := strings.ToUpper(c.Type)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(kind, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return Integer
	case has("UUID", "GUID", "BLOB", "BINARY"):
		return Binary
	case has("CHAR", "CLOB", "TEXT"):
		return Text
	case has("DATE", "TIME"):
		return Moment
	case has("REAL", "FLOA", "DOUB", "DEC", "NUM", "BOOL"):
		return Number
	}
	return Text
}

func (d *sqlite) canon(c Column, f Form) string {
	switch f {
	case Moment:
		millis, _ := d.millis(c)
		return "CAST(" + millis + " AS TEXT)"
	case Binary:
		return "lower(replace(" + d.text(c) + ", '-', ''))"
	case Number:
		return numberFunction + "(" + d.quote(c.Name) + ")"
	default:
		return d.text(c)
	}
}

func (*sqlite) join(parts []string) string {
	return strings.Join(parts, fmt.Sprintf(" || char(%d) || ", between))
}

func (*sqlite) orNothing(text string) string {
	return fmt.Sprintf("coalesce(%s, char(%d))", text, nothing)
}

func (*sqlite) hash(text string) string { return hashFunction + "(" + text + ")" }

func (*sqlite) sum(number string) string { return "coalesce(sum(" + number + "), 0)" }

func (*sqlite) exact(text string) string { return text }

func (d *sqlite) key(c Column, f Form, v string, args *[]any) (string, bool) {
	switch form := d.form(c); {
	case form == Integer || form == Number:
		if numeric(v, form == Integer) {
			return v, true
		}
		return "", false
	case form == Binary && !strings.Contains(strings.ToUpper(c.Type), "ID"):
		return "x'" + v + "'", isHex(v)
	case f == Binary:
		v = dashed(v)
	}
	return d.value(v, args), true
}

func (d *sqlite) keys(c Column, f Form, v string, args *[]any) []string {
	all := spellings(d, c, f, v, args)
	if f == Binary && isHex(v) && d.form(c) == Binary {
		all = append(all, "x'"+v+"'", d.value(dashed(v), args))
	}
	return all
}

// least is below all texts, or below all numbers: NULL is what it leaves out.
func (d *sqlite) least(c Column) string {
	switch d.form(c) {
	case Integer, Number:
		return "-9223372036854775808"
	case Binary:
		if !strings.Contains(strings.ToUpper(c.Type), "ID") {
			return "x''"
		}
	}
	return "''"
}

func (*sqlite) rowValues() bool { return true }

func (*sqlite) rowEnds() bool { return true }

func (d *sqlite) raw(c Column) string { return "quote(" + d.quote(c.Name) + ")" }

// moment is what quote made: a literal.
func (*sqlite) moment(_ Column, raw string, _ *[]any) string { return raw }

// estimate is the largest rowid, which is at hand and is no less than the rows.
func (d *sqlite) estimate(ctx context.Context, r *Reading, t *Table) (int64, error) {
	var n sql.NullInt64
	err := r.ask(ctx, "SELECT max(rowid) FROM "+d.quote(t.Name), nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n.Int64, err
}
