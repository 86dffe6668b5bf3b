package database

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Lookup asks for the rows under one key: the row of one order, or all that belong to it.
type Lookup struct {
	What    string // for messages, in the plural: "outbox rows"
	Table   *Table
	Key     []Column // together they are the key
	Text    string   // the key, as Shown writes it
	Where   []Condition
	Moments []Column // read as moments on our clock
	Fields  []Column // read as text
	Most    int      // how many rows at the most
}

// LookedUp is one row of a Lookup.
type LookedUp struct {
	Moments []signal.Instant // unknown where the column holds no time
	Fields  []string         // NULL is empty
}

// Lookup reads the rows under a key. It needs an index that begins with the key, unless the
// table is small. A text that the columns cannot hold is under no key.
func (r *Reading) Lookup(ctx context.Context, l Lookup) ([]LookedUp, error) {
	q := dialect.Query{Purpose: "look up " + l.What, Table: l.Table, Index: l.index()}
	where := l.where(r.dialect, &q.Args)
	if where == "" {
		return nil, nil
	}
	if len(l.Where) > 0 {
		where = "(" + where + ") AND " + All(l.Where, r.dialect, &q.Args)
	}
	columns := make([]string, 0, len(l.Moments)+len(l.Fields))
	for _, c := range l.Moments {
		millis, ok := r.dialect.Millis(c)
		if !ok {
			millis = "NULL"
		}
		columns = append(columns, millis)
	}
	for _, c := range l.Fields {
		columns = append(columns, r.dialect.Text(c))
	}
	q.About = append(q.Index.Columns, about(Selection{Table: l.Table, Where: l.Where})...)
	q.SQL = fmt.Sprintf("SELECT %s FROM %s WHERE %s LIMIT %d", strings.Join(columns, ", "), r.From(l.Table), where, l.Most)
	var all []LookedUp
	err := r.run(ctx, q, func(rows *sql.Rows) error {
		moments, texts := make([]sql.NullInt64, len(l.Moments)), make([]sql.NullString, len(l.Fields))
		into := make([]any, 0, len(columns))
		for i := range moments {
			into = append(into, &moments[i])
		}
		for i := range texts {
			into = append(into, &texts[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := LookedUp{Moments: make([]signal.Instant, len(moments)), Fields: written(texts)}
		for i, at := range moments {
			if at.Valid {
				row.Moments[i] = r.clock.Instant(at.Int64)
			}
		}
		all = append(all, row)
		return nil
	})
	return all, err
}

// index is the one that leads to the rows.
func (l *Lookup) index() dialect.Index {
	names := make([]string, len(l.Key))
	for i, c := range l.Key {
		names[i] = c.Name
	}
	names = dialect.Unique(names)
	return dialect.Index{Table: l.Table, Columns: names, Full: names, Price: "every insert also writes to it"}
}

// where holds for the key; empty when the columns cannot hold it.
func (l *Lookup) where(d dialect.Dialect, args *[]any) string {
	var keys []string
	for _, key := range Keys(l.Text, len(l.Key)) {
		before := len(*args)
		parts := make([]string, 0, len(key))
		for i, c := range l.Key {
			values := spellings(d, c, key[i], args)
			if len(values) == 0 {
				*args = (*args)[:before]
				break
			}
			parts = append(parts, d.Quote(c.Name)+" IN ("+strings.Join(values, ", ")+")")
		}
		if len(parts) == len(key) {
			keys = append(keys, strings.Join(parts, " AND "))
		}
	}
	return strings.Join(keys, " OR ")
}

// spellings are the ways in which a column may hold a text; none when it cannot.
func spellings(d dialect.Dialect, c Column, text string, args *[]any) []string {
	form := d.Form(c)
	text, ok := InForm(form, text)
	if !ok {
		return nil
	}
	return d.KeySpellings(c, form, text, args)
}

// InForm returns a part of a key as columns of a form hold it; false when they cannot.
func InForm(form dialect.Form, text string) (string, bool) {
	switch form {
	case dialect.Binary:
		return strings.ToLower(strings.ReplaceAll(text, "-", "")), true
	case dialect.Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		return text, err == nil && strconv.FormatInt(n, 10) == text
	case dialect.Text, dialect.Number, dialect.Moment:
	}
	return text, true
}

// CanHold reports whether a column of texts or whole numbers can hold a text. A comparison
// with any other text may be an error, which ends the transaction.
func (r *Reading) CanHold(c Column, text string) bool {
	form := r.dialect.Form(c)
	_, ok := InForm(form, text)
	return ok && (form == dialect.Text || form == dialect.Integer)
}

// mostKeys is how many keys of several columns one text may stand for.
const mostKeys = 10

// Keys are the keys of n columns that a text may stand for, the reverse of Key.String. A
// person may write slashes in the values as they are, and then there are several.
func Keys(text string, n int) []Key {
	if n == 1 {
		return []Key{{text}}
	}
	all := split(text, n)
	for i := range all {
		plain := make(Key, n)
		for j, part := range all[i] {
			plain[j] = unescapeSlash.Replace(part)
		}
		if !slices.Equal(plain, all[i]) {
			all = append(all, all[i]) // the values may hold what looks escaped
			all[i] = plain
		}
	}
	return all[:min(len(all), mostKeys)]
}

// split cuts a text at slashes into n parts, in every way.
func split(text string, n int) []Key {
	if n == 1 {
		return []Key{{text}}
	}
	var all []Key
	for i := 0; i < len(text) && len(all) < mostKeys; i++ {
		if text[i] != '/' {
			continue
		}
		for _, rest := range split(text[i+1:], n-1) {
			if len(all) < mostKeys {
				all = append(all, append(Key{text[:i]}, rest...))
			}
		}
	}
	return all
}
