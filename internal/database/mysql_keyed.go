package database

import (
	"context"
	"fmt"
	"strings"
)

func (*mysql) form(c Column) Form {
	kind, _, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "bit", "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return Integer
	case "decimal", "float", "double":
		return Number
	case "uuid", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return Binary
	case "timestamp", "datetime", "date":
		return Moment
	}
	return Text
}

func (d *mysql) canon(c Column, f Form) string {
	switch own := d.form(c); {
	case f == Moment && own != Text:
		millis, _ := d.millis(c)
		return "CAST(" + millis + " AS CHAR)"
	case f == Binary && (own == Text || c.Type == "uuid"):
		return "lower(replace(" + d.text(c) + ", '-', ''))"
	case own == Integer: // as a number, for a column may be filled with zeros
		return "CAST(" + d.quote(c.Name) + " + 0 AS CHAR)"
	case f == Number && own == Number:
		number := d.quote(c.Name)
		if strings.HasPrefix(c.Type, "float") { // 19.9, which as a number is 19.8999996185
			number = d.text(c)
		}
		// With a fraction of ten digits there are zeros and a point to take away.
		text := "CAST(CAST(" + number + " AS DECIMAL(65, 10)) AS CHAR)"
		return "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM " + text + "))"
	case f == Number && own == Text:
		text := d.text(c)
		return "IF(" + text + " LIKE '%.%', TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM " + text + ")), " + text + ")"
	}
	return d.text(c)
}

func (*mysql) join(parts []string) string {
	return "concat(" + strings.Join(parts, fmt.Sprintf(", char(%d USING utf8mb4), ", between)) + ")"
}

func (*mysql) orNothing(text string) string {
	return fmt.Sprintf("coalesce(%s, char(%d USING utf8mb4))", text, nothing)
}

func (*mysql) hash(text string) string {
	return "CAST(conv(left(md5(" + text + "), 10), 16, 10) AS SIGNED)"
}

func (*mysql) sum(number string) string { return "CAST(coalesce(sum(" + number + "), 0) AS SIGNED)" }

func (*mysql) exact(text string) string { return text + " COLLATE utf8mb4_bin" }

func (d *mysql) key(c Column, f Form, v string, args *[]any) (string, bool) {
	switch form := d.form(c); {
	case form == Integer || form == Number:
		return v, numeric(v, form == Integer)
	case c.Type == "uuid":
		return "'" + dashed(v) + "'", isHex(v) && len(v) == 32
	case form == Binary:
		return "x'" + v + "'", isHex(v)
	case f == Binary:
		v = dashed(v)
	}
	return d.asIn(c, d.value(v, args)), true
}

// asIn is a text in the character set of a column. Where that does not have all the
// letters, comparing the two would be an error, and so it has question marks.
func (*mysql) asIn(c Column, text string) string {
	if c.charset == "" || c.charset == "utf8mb4" {
		return text
	}
	return "CONVERT(" + text + " USING " + c.charset + ") COLLATE " + c.collation
}

func (d *mysql) keys(c Column, f Form, v string, args *[]any) []string {
	return spellings(d, c, f, v, args)
}

func (d *mysql) least(c Column) string {
	switch d.form(c) {
	case Integer, Number:
		return "-9223372036854775808"
	case Binary:
		if c.Type == "uuid" {
			return "'00000000-0000-0000-0000-000000000000'"
		}
		return "x''"
	}
	return "''"
}

func (*mysql) rowValues() bool { return false }

func (*mysql) rowEnds() bool { return true } // as does the OR that it is given instead

func (d *mysql) raw(c Column) string {
	if isStamp(c) {
		return d.stamp(c)
	}
	return "CAST(" + d.quote(c.Name) + " AS CHAR)"
}

func (d *mysql) moment(c Column, raw string, args *[]any) string {
	if form := d.form(c); (form == Integer || form == Number) && numeric(raw, false) {
		return raw
	}
	if at, ok := strings.CutPrefix(raw, stampMark); ok && d.form(c) == Moment && numeric(at, false) {
		return "from_unixtime(" + at + ")"
	}
	return d.value(raw, args)
}

func (d *mysql) estimate(ctx context.Context, r *Reading, t *Table) (int64, error) {
	return d.rows(ctx, r, t)
}
