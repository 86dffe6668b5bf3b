package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// form goes by the word for the type, as SQLite's own affinity does. A column may
// hold anything all the same.
func (*file) Form(c dialect.Column) dialect.Form {
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
		return dialect.Integer
	case has("UUID", "GUID", "BLOB", "BINARY"):
		return dialect.Binary
	case has("CHAR", "CLOB", "TEXT"):
		return dialect.Text
	case has("DATE", "TIME"):
		return dialect.Moment
	case has("REAL", "FLOA", "DOUB", "DEC", "NUM", "BOOL"):
		return dialect.Number
	}
	return dialect.Text
}

func (d *file) Canonical(c dialect.Column, f dialect.Form) string {
	switch f {
	case dialect.Moment:
		millis, _ := d.Millis(c)
		return "CAST(" + millis + " AS TEXT)"
	case dialect.Binary:
		return "lower(replace(" + d.Text(c) + ", '-', ''))"
	case dialect.Number:
		return numberFunction + "(" + d.Quote(c.Name) + ")"
	default:
		return d.Text(c)
	}
}

func (*file) Concat(parts []string) string {
	return strings.Join(parts, fmt.Sprintf(" || char(%d) || ", dialect.Separator))
}

func (*file) OrNull(text string) string {
	return fmt.Sprintf("coalesce(%s, char(%d))", text, dialect.NullMark)
}

func (*file) Hash(text string) string { return hashFunction + "(" + text + ")" }

func (*file) Sum(number string) string { return "coalesce(sum(" + number + "), 0)" }

func (*file) Exact(text string) string { return text }

func (d *file) KeyValue(c dialect.Column, f dialect.Form, v string, args *[]any) (string, bool) {
	switch form := d.Form(c); {
	case form == dialect.Integer || form == dialect.Number:
		if dialect.IsNumeric(v, form == dialect.Integer) {
			return v, true
		}
		return "", false
	case form == dialect.Binary && !strings.Contains(strings.ToUpper(c.Type), "ID"):
		return "x'" + v + "'", dialect.IsHex(v)
	case f == dialect.Binary:
		v = dialect.Dashed(v)
	}
	return d.Value(v, args), true
}

func (d *file) KeySpellings(c dialect.Column, f dialect.Form, v string, args *[]any) []string {
	all := dialect.Spellings(d, c, f, v, args)
	if f == dialect.Binary && dialect.IsHex(v) && d.Form(c) == dialect.Binary {
		all = append(all, "x'"+v+"'", d.Value(dialect.Dashed(v), args))
	}
	return all
}

// least is below all texts, or below all numbers: NULL is what it leaves out.
func (d *file) Lowest(c dialect.Column) string {
	switch d.Form(c) {
	case dialect.Integer, dialect.Number:
		return "-9223372036854775808"
	case dialect.Binary:
		if !strings.Contains(strings.ToUpper(c.Type), "ID") {
			return "x''"
		}
	}
	return "''"
}

func (*file) RowsCompare() bool { return true }

func (*file) RowsEnd() bool { return true }

// estimate is the largest rowid, which is at hand and is no less than the rows.
func (d *file) EstimateRows(ctx context.Context, tx dialect.Tx, t *dialect.Table) (int64, error) {
	var n sql.NullInt64
	err := tx.Ask(ctx, "SELECT max(rowid) FROM "+d.Quote(t.Name), nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n.Int64, err
}
