package database

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Keyed is rows of one table that are found by their key, such as the orders by
// their id, and the payments by that of their order. What of them is compared with
// rows of another database is written in forms that both have.
type Keyed struct {
	What       string // for messages, in the plural: "orders"
	Table      *Table
	Key        []Column
	KeyForms   []Form
	Values     []Column
	ValueForms []Form
	Where      []Condition
	At         *Column       // when a row was made or changed; nil where no column says so
	Trace      *Column       // the traceparent of the row; nil where no column has it
	Younger    time.Duration // rows that are older than this are left out; 0: none
	Once       bool          // rows of one key are taken as one
}

// Key is the key of a row, column by column, in the forms in which it is compared.
type Key []string

// String names the key for people.
func (k Key) String() string { return strings.Join(k, "/") }

// Shown names a key as people know it: a UUID with its dashes.
func (k *Keyed) Shown(key Key) string {
	return key.shown(func(i int) bool { return i < len(k.KeyForms) && k.KeyForms[i] == Binary })
}

// shown is String with dashes in the parts that are binary.
func (k Key) shown(binary func(part int) bool) string {
	parts := slices.Clone(k)
	for i := range parts {
		if binary(i) {
			parts[i] = dashed(parts[i])
		}
	}
	return parts.String()
}

// ID is a text that no other key of as many columns has, and KeyOf makes the key of
// it again.
func (k Key) ID() string { return strings.Join(k, string(rune(between))) }

// KeyOf is the key of an ID, of n columns.
func KeyOf(id string, n int) Key { return strings.SplitN(id, string(rune(between)), n) }

// Shown names a row by the texts of the columns that tell it apart, as people know
// them: one after the other, and a UUID with its dashes.
func Shown(columns []Column, key Key) string {
	return key.shown(func(i int) bool { return binary(columns[i]) })
}

// Window is a range of keys: from From, up to and without To. Nil is no bound. A bound of
// fewer columns than the key has is below all keys that begin with it.
type Window struct{ From, To Key }

// same is how many columns the bounds have in common, from the first one on; the last
// one is left to tell them apart.
func (w Window) same() int {
	n := 0
	for n < len(w.From) && n < len(w.To)-1 && w.From[n] == w.To[n] {
		n++
	}
	return n
}

// pieces cuts a window where the columns of its end begin: one from (1, 5) up to (3, 2)
// into those from (1, 5) up to 3, and from there up to (3, 2).
func (w Window) pieces() []Window {
	var all []Window
	from := w.From
	for i := w.same() + 1; i < len(w.To); i++ {
		all = append(all, Window{from, w.To[:i]})
		from = w.To[:i]
	}
	return append(all, Window{from, w.To})
}

// comparison is what a dialect has to know of comparing rows.
type comparison interface {
	// form is what a column holds.
	form(c Column) Form
	// canon is an expression for the text of a column in a form; NULL stays NULL.
	canon(c Column, f Form) string
	// join is an expression for texts as one text, with a mark between them.
	join(parts []string) string
	// orNothing is a text, or the mark for NULL.
	orNothing(text string) string
	// hash is an expression for a whole number of 40 bits made of a text. The sum of
	// eight million of them is no more than 63 bits.
	hash(text string) string
	// sum is the sum of such numbers, 0 for none.
	sum(number string) string
	// exact makes a text differ from every other, whatever its collation says.
	exact(text string) string
	// key writes a value of a column that was read by canon; false for one that the
	// column cannot hold.
	key(c Column, f Form, v string, args *[]any) (string, bool)
	// keys are all the ways in which the column may hold it: a UUID that is kept as
	// text may be written in several.
	keys(c Column, f Form, v string, args *[]any) []string
	// least is a value that no other of the column is below.
	least(c Column) string
	// rowValues reports whether (a, b) >= (1, 2) is led by an index on a and b, and
	// rowEnds whether reading it also ends at (a, b) < (1, 2), and not where a = 1 does.
	rowValues() bool
	rowEnds() bool
	// raw is an expression for a moment as the database writes it, and moment turns
	// the text back.
	raw(c Column) string
	moment(c Column, raw string, args *[]any) string
	// estimate is about how many rows a table has, 0 where that is not known.
	estimate(ctx context.Context, r *Reading, t *Table) (int64, error)
}

// nothing stands for NULL and between for the end of a value in what is hashed:
// two control characters that no key holds.
const (
	nothing = 30
	between = 31
)

// keys lists the expressions for the parts of the key.
func (k *Keyed) keys(d dialect) []string {
	all := make([]string, len(k.Key))
	for i, c := range k.Key {
		all[i] = d.canon(c, k.KeyForms[i])
	}
	return all
}

// values lists the expressions for the values that are compared.
func (k *Keyed) values(d dialect) []string {
	all := make([]string, len(k.Values))
	for i, c := range k.Values {
		all[i] = d.canon(c, k.ValueForms[i])
	}
	return all
}

// hash is the expression for the number of a row.
func (k *Keyed) hash(d dialect) string {
	parts := append(k.keys(d), k.values(d)...)
	for i, c := range slices.Concat(k.Key, k.Values) {
		if c.Nullable || k.forms()[i] == Moment { // a moment that is none is NULL, too
			parts[i] = d.orNothing(parts[i])
		}
	}
	return d.hash(d.join(parts))
}

func (k *Keyed) forms() []Form { return slices.Concat(k.KeyForms, k.ValueForms) }

// columns names the columns of the key.
func (k *Keyed) columns() []string {
	all := make([]string, len(k.Key))
	for i, c := range k.Key {
		all[i] = c.Name
	}
	return all
}

// whole are the conditions for rows that have a key. The window says so of its
// first column.
func (k *Keyed) whole(d dialect) []string {
	var all []string
	for _, c := range k.Key[1:] {
		if c.Nullable {
			all = append(all, d.quote(c.Name)+" IS NOT NULL")
		}
	}
	return all
}

// within is the WHERE for the rows of a window. The columns that its bounds have in
// common are said to be equal, which every planner knows what to do with.
func (k *Keyed) within(d dialect, w Window, args *[]any) []string {
	var all []string
	same := w.same()
	for i := range same {
		all = append(all, k.compare(d, "=", i, w.From[:i+1], args))
	}
	switch {
	case w.From == nil:
		all = append(all, d.quote(k.Key[0].Name)+" >= "+d.least(k.Key[0]))
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
func (k *Keyed) at(d dialect, w Window, args *[]any) []string {
	from := make(Key, len(k.Key))
	for i, c := range k.Key {
		if form := d.form(c); form == Integer || form == Number {
			from[i] = "0"
		}
	}
	copy(from, w.From)
	return append([]string{k.compare(d, ">=", 0, from, args), k.compare(d, "<=", 0, from, args)}, k.whole(d)...)
}

// compare writes key op v, from one column on, where op is one of <, <=, >= and, for
// one column alone, =. A value that a column cannot hold, a word among numbers perhaps,
// is the least of all: any bound will do, for windows that do not match are looked into.
func (k *Keyed) compare(d dialect, op string, first int, v Key, args *[]any) string {
	value := func(i int) string {
		text, ok := d.key(k.Key[i], k.KeyForms[i], v[i], args)
		if !ok {
			text = d.least(k.Key[i])
		}
		return text
	}
	names := make([]string, len(v))
	for i := range v {
		names[i] = d.quote(k.Key[i].Name)
	}
	if first == len(v)-1 {
		return names[first] + " " + op + " " + value(first)
	}
	if d.rowValues() {
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
func (k *Keyed) index() index {
	names := unique(k.columns())
	return index{table: k.Table, columns: names, full: names, price: "every insert writes it, too"}
}
