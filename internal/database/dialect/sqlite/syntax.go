package sqlite

import (
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (*file) Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// Value writes a literal: with a bound value SQLite would not use a partial index.
func (d *file) Value(v string, _ *[]any) string { return d.Print(v) }

func (*file) Print(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }

// Literal takes a text that is no hex for a text: a column of SQLite may hold anything.
func (d *file) Literal(c dialect.Column, text string, args *[]any) string {
	value := d.Value(text, args)
	if _, err := hex.DecodeString(text); err != nil || !dialect.IsBinary(c) {
		return value
	}
	return "x" + value
}

func (d *file) Text(c dialect.Column) string {
	name := d.Quote(c.Name)
	return "CASE typeof(" + name + ") WHEN 'blob' THEN lower(hex(" + name + ")) ELSE CAST(" + name + " AS TEXT) END"
}

// Millis depends on what is in each row, for a column may hold anything: numbers by their
// size, ISO 8601 with or without an offset, and Go's own notation
// "2006-01-02 15:04:05.999 +0200 CEST", which Go programs leave behind.
func (d *file) Millis(c dialect.Column) (string, bool) {
	name := d.Quote(c.Name)
	rest := "substr(" + name + ", 20)"
	space := "instr(" + rest + ", ' ')"
	offset := "substr(" + rest + ", " + space + " + 1, 5)"
	golang := "substr(" + name + ", 1, 19) || substr(" + rest + ", 1, " + space + " - 1) || substr(" + offset + ", 1, 3) || ':' || substr(" + offset + ", 4, 2)"
	return "CASE typeof(" + name + ") WHEN 'integer' THEN " + dialect.EpochBySize(name) + " WHEN 'real' THEN CAST(" + dialect.EpochBySize(name) + " AS INTEGER)" +
		" WHEN 'text' THEN CAST(round(coalesce(unixepoch(" + name + ", 'subsec'), unixepoch(" + golang + ", 'subsec')) * 1000) AS INTEGER) END", true
}

func (d *file) Moments(c dialect.Column) (dialect.Moments, bool) {
	return dialect.MomentsInMillis(d, c)
}

// Raw is a literal, and so is what FromRaw takes.
func (d *file) Raw(c dialect.Column) string { return "quote(" + d.Quote(c.Name) + ")" }

// written is a literal as quote() writes one.
var written = regexp.MustCompile(`^(?:NULL|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[xX]'(?:[0-9A-Fa-f]{2})*'|'(?:[^']|\'\')*')$`)

// FromRaw takes what quote() did not write for a text.
func (d *file) FromRaw(_ dialect.Column, raw string, args *[]any) string {
	if written.MatchString(raw) {
		return raw
	}
	return d.Value(raw, args)
}

func (d *file) Beyond(columns []dialect.Column, than string, position []string, args *[]any) string {
	return dialect.RowsBeyond(d, columns, than, position, args)
}

func (d *file) Distinct(t *dialect.Table, c dialect.Column, limit int) string {
	return dialect.SkipScan(d, t, c, limit)
}

func (*file) Fold(c dialect.Column, text string) string {
	switch c.Collation {
	case "NOCASE": // of the ASCII letters alone
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, text)
	case "RTRIM":
		return strings.TrimRight(text, " ")
	}
	return text
}

func (d *file) CreateIndex(x dialect.Index) string { return x.Create(d, "", x.Columns, x.Where) }

func (*file) Grant(*dialect.Table, string, ...string) string { return "" }
