package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (*server) Form(c dialect.Column) dialect.Form {
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "bit", "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return dialect.Integer
	case "decimal", "float", "double":
		return dialect.Number
	case "uuid", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return dialect.Binary
	case "timestamp", "datetime", "date":
		return dialect.Moment
	}
	return dialect.Text
}

func (d *server) Canonical(c dialect.Column, f dialect.Form) string {
	switch own := d.Form(c); {
	case f == dialect.Moment && own != dialect.Text:
		millis, _ := d.Millis(c)
		return "CAST(" + millis + " AS CHAR)"
	case f == dialect.Binary && (own == dialect.Text || c.Type == "uuid"):
		return "lower(replace(" + d.Text(c) + ", '-', ''))"
	case own == dialect.Integer: // as a number, for a column may be filled with zeros
		return "CAST(" + d.Quote(c.Name) + " + 0 AS CHAR)"
	case f == dialect.Number && own == dialect.Number:
		number := d.Quote(c.Name)
		if strings.HasPrefix(c.Type, "float") { // 19.9, which as a number is 19.8999996185
			number = d.Text(c)
		}
		// With a fraction of ten digits there are zeros and a point to take away.
		text := "CAST(CAST(" + number + " AS DECIMAL(65, 10)) AS CHAR)"
		return "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM " + text + "))"
	case f == dialect.Number && own == dialect.Text:
		text := d.Text(c)
		return "IF(" + text + " LIKE '%.%', TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM " + text + ")), " + text + ")"
	}
	return d.Text(c)
}

func (*server) Concat(parts []string) string {
	return "concat(" + strings.Join(parts, fmt.Sprintf(", char(%d USING utf8mb4), ", dialect.Separator)) + ")"
}

func (*server) OrNull(text string) string {
	return fmt.Sprintf("coalesce(%s, char(%d USING utf8mb4))", text, dialect.NullMark)
}

func (*server) Hash(text string) string {
	return "CAST(conv(left(md5(" + text + "), 10), 16, 10) AS SIGNED)"
}

func (*server) Sum(number string) string { return "CAST(coalesce(sum(" + number + "), 0) AS SIGNED)" }

func (*server) Exact(text string) string { return text + " COLLATE utf8mb4_bin" }

func (d *server) KeyValue(c dialect.Column, f dialect.Form, v string, args *[]any) (string, bool) {
	switch form := d.Form(c); {
	case form == dialect.Integer || form == dialect.Number:
		return v, dialect.IsNumeric(v, form == dialect.Integer)
	case c.Type == "uuid":
		return "'" + dialect.Dashed(v) + "'", dialect.IsHex(v) && len(v) == 32
	case form == dialect.Binary:
		return "x'" + v + "'", dialect.IsHex(v)
	case f == dialect.Binary:
		v = dialect.Dashed(v)
	}
	return d.asIn(c, d.Value(v, args)), true
}

// asIn is a text in the character set of a column. Where that does not have all the
// letters, comparing the two would be an error, and so it has question marks.
func (*server) asIn(c dialect.Column, text string) string {
	if c.Charset == "" || c.Charset == "utf8mb4" {
		return text
	}
	return "CONVERT(" + text + " USING " + c.Charset + ") COLLATE " + c.Collation
}

func (d *server) KeySpellings(c dialect.Column, f dialect.Form, v string, args *[]any) []string {
	return dialect.Spellings(d, c, f, v, args)
}

func (d *server) Lowest(c dialect.Column) string {
	switch d.Form(c) {
	case dialect.Integer, dialect.Number:
		return "-9223372036854775808"
	case dialect.Binary:
		if c.Type == "uuid" {
			return "'00000000-0000-0000-0000-000000000000'"
		}
		return "x''"
	}
	return "''"
}

func (*server) RowsCompare() bool { return false }

func (*server) RowsEnd() bool { return true } // as does the OR that it is given instead

func (d *server) EstimateRows(ctx context.Context, tx dialect.Tx, t *dialect.Table) (int64, error) {
	return d.rows(ctx, tx, t)
}
