// Package compare compares rows of two databases by their keys: by digests of key ranges, by
// lists, and one by one. It is written once for all engines, in the words of package dialect.
package compare

import (
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Rows are rows of one table that are found by their key, such as the orders by their id and
// the payments by the id of their order. What is compared with rows of another database is
// written in forms that both have.
type Rows struct {
	What       string // for messages, in the plural: "orders"
	Table      *database.Table
	Key        []database.Column
	KeyForms   []dialect.Form
	Values     []database.Column
	ValueForms []dialect.Form
	Where      []database.Condition
	At         *database.Column // when a row was made or changed; nil where no column says so
	Trace      *database.Column // the traceparent of the row; nil where no column has it
	Worth      *database.Worth  // what the row is worth; nil where no column says so
	Younger    time.Duration    // rows that are older than this are left out; 0: none
	Once       bool             // rows of one key are taken as one
	// Fold returns the same text for keys that are one key in each of the databases that are
	// compared; nil where keys are one only if they are equal.
	Fold func(database.Key) string
	// AnyCase marks the columns of the key in which each of the databases ignores case. nil: none.
	AnyCase []bool
}

// id is the same for keys that are one key.
func (k *Rows) id(key database.Key) string {
	if k.Fold == nil {
		return key.ID()
	}
	return k.Fold(key)
}

// Folded folds each part of a key as the database compares it.
func (k *Rows) Folded(d dialect.Dialect, key database.Key) database.Key {
	folded := make(database.Key, len(key))
	for i, part := range key {
		folded[i] = part
		if k.KeyForms[i] == dialect.Text {
			folded[i] = d.Fold(k.Key[i], part)
		}
	}
	return folded
}

// Shown names a key as people know it: a UUID with its dashes.
func (k *Rows) Shown(key database.Key) string {
	return key.Dashed(func(i int) bool { return i < len(k.KeyForms) && k.KeyForms[i] == dialect.Binary })
}

// keys lists the expressions for the parts of the key.
func (k *Rows) keys(d dialect.Dialect) []string {
	all := make([]string, len(k.Key))
	for i, c := range k.Key {
		all[i] = d.Canonical(c, k.KeyForms[i])
	}
	return all
}

// values lists the expressions for the values that are compared.
func (k *Rows) values(d dialect.Dialect) []string {
	all := make([]string, len(k.Values))
	for i, c := range k.Values {
		all[i] = d.Canonical(c, k.ValueForms[i])
	}
	return all
}

// hash is the expression for the number of a row. It is the same for rows that differ only
// in the case of a key where no database minds.
func (k *Rows) hash(d dialect.Dialect) string {
	keys := k.keys(d)
	for i, any := range k.AnyCase {
		if any {
			keys[i] = "lower(" + keys[i] + ")"
		}
	}
	parts := append(keys, k.values(d)...)
	for i, c := range slices.Concat(k.Key, k.Values) {
		if c.Nullable || k.forms()[i] == dialect.Moment { // a moment that is none is NULL, too
			parts[i] = d.OrNull(parts[i])
		}
	}
	return d.Hash(d.Concat(parts))
}

func (k *Rows) forms() []dialect.Form { return slices.Concat(k.KeyForms, k.ValueForms) }

// columns names the columns of the key.
func (k *Rows) columns() []string {
	all := make([]string, len(k.Key))
	for i, c := range k.Key {
		all[i] = c.Name
	}
	return all
}

// whole are the conditions for rows that have a key. The window says so of its
// first column.
func (k *Rows) whole(d dialect.Dialect) []string {
	var all []string
	for _, c := range k.Key[1:] {
		if c.Nullable {
			all = append(all, d.Quote(c.Name)+" IS NOT NULL")
		}
	}
	return all
}

// within is the WHERE for the rows of a window. For the columns that its bounds have
// in common it says =, which every planner can use.
func (k *Rows) within(d dialect.Dialect, w KeyRange, args *[]any) []string {
	var all []string
	same := w.same()
	for i := range same {
		all = append(all, k.compare(d, "=", i, w.From[:i+1], args))
	}
	switch {
	case w.From == nil:
		all = append(all, d.Quote(k.Key[0].Name)+" >= "+d.Lowest(k.Key[0]))
	case same < len(w.From):
		all = append(all, k.compare(d, ">=", same, w.From, args))
	}
	if w.To != nil {
		all = append(all, k.compare(d, "<", same, w.To, args))
	}
	return append(all, k.whole(d)...)
}

// at is the WHERE for one key, which stands for a window before the guard: what is
// led to one key by an index is led to a range of them, too.
func (k *Rows) at(d dialect.Dialect, w KeyRange, args *[]any) []string {
	from := make(database.Key, len(k.Key))
	for i, c := range k.Key {
		if form := d.Form(c); form == dialect.Integer || form == dialect.Number {
			from[i] = "0"
		}
	}
	copy(from, w.From)
	return append([]string{k.compare(d, ">=", 0, from, args), k.compare(d, "<=", 0, from, args)}, k.whole(d)...)
}

// compare writes key op v, from one column on, where op is one of <, <=, >= and, for
// one column alone, =. A value that a column cannot hold, a word among numbers perhaps,
// is the least of all: any bound will do, for windows that do not match are looked into.
func (k *Rows) compare(d dialect.Dialect, op string, first int, v database.Key, args *[]any) string {
	value := func(i int) string {
		text, ok := d.KeyValue(k.Key[i], k.KeyForms[i], v[i], args)
		if !ok {
			text = d.Lowest(k.Key[i])
		}
		return text
	}
	names := make([]string, len(v))
	for i := range v {
		names[i] = d.Quote(k.Key[i].Name)
	}
	if first == len(v)-1 {
		return names[first] + " " + op + " " + value(first)
	}
	if d.RowsCompare() {
		names = names[first:]
		values := make([]string, len(names))
		for i := range names {
			values[i] = value(first + i)
		}
		return "(" + strings.Join(names, ", ") + ") " + op + " (" + strings.Join(values, ", ") + ")"
	}
	// a > 1 OR (a = 1 AND b >= 2), which every planner can make ranges of.
	var from func(i int) string
	from = func(i int) string {
		if i == len(names)-1 {
			return names[i] + " " + op + " " + value(i)
		}
		return "(" + names[i] + " " + op[:1] + " " + value(i) + " OR (" + names[i] + " = " + value(i) + " AND " + from(i+1) + "))"
	}
	return from(first)
}

// index is the one that leads to rows by their key.
func (k *Rows) index() dialect.Index {
	names := dialect.Unique(k.columns())
	return dialect.Index{Table: k.Table, Columns: names, Full: names, Price: "every insert also writes to it"}
}
