package database

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Key is the key of a row, column by column.
type Key []string

// String is the key in messages. No other key of as many columns has the same text: a slash
// in one of several values is escaped.
func (k Key) String() string {
	if len(k) == 1 {
		return k[0]
	}
	return signal.JoinNames(k...)
}

// unescapeSlash is the reverse of [signal.EscapeSlashes], for what a person wrote.
var unescapeSlash = strings.NewReplacer("%25", "%", "%2F", "/", "%2f", "/")

// Dashed is the key in messages, with dashes in the parts that are binary, as UUIDs are
// written.
func (k Key) Dashed(binary func(part int) bool) string {
	parts := slices.Clone(k)
	for i := range parts {
		if binary(i) {
			parts[i] = dialect.Dashed(parts[i])
		}
	}
	return parts.String()
}

// ID is a text that no other key of as many columns has. KeyOf turns it into the key again.
func (k Key) ID() string { return strings.Join(k, string(rune(dialect.Separator))) }

// KeyOf is the key of an ID, of n columns.
func KeyOf(id string, n int) Key { return strings.SplitN(id, string(rune(dialect.Separator)), n) }

// Shown names a row by the texts of the columns that identify it, one after the other, as
// people know them: a UUID has its dashes.
func Shown(columns []Column, key Key) string {
	return key.Dashed(func(i int) bool { return dialect.IsBinary(columns[i]) })
}

// Value is a value of a row as text.
type Value struct {
	Text string
	Null bool
}

// String is the value as text.
func (v Value) String() string {
	if v.Null {
		return "NULL"
	}
	return v.Text
}
