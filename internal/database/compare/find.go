package compare

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Found is what a table holds under one key.
type Found struct {
	Key    database.Key     // as the table writes it; where it does so in several ways, the first of them
	Rows   int64            // under the key, whatever the conditions say
	Held   int64            // of them, those for which the conditions hold
	Young  int64            // of those, the ones that are young enough
	Values []database.Value // of the first of those
	Since  signal.Instant   // the moment of the first of all, on our clock; unknown where no column says so
	Last   signal.Instant   // the moment of the last
	Amount database.Valued  // what one of those is worth for which the conditions hold; no rows where it is unknown, or where they differ
	Trace  string           // the traceparent of one of those for which the conditions hold; empty where no column has it
}

// Value is a value in the form in which it is compared.
type Value struct {
	Text string
	Null bool
}

// mostKeys is how many keys one query looks up.
const mostKeys = 200

// Find looks up keys and returns what the table holds under them, by the ID of the key that
// was asked for: the table may write it in another case. A key that the table does not have
// is not in the answer.
func (k *Rows) Find(ctx context.Context, r *database.Reading, keys []database.Key) (map[string]Found, error) {
	all := make(map[string]Found, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), mostKeys)
		if err := k.find(ctx, r, keys[:n], all); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return all, nil
}

func (k *Rows) find(ctx context.Context, r *database.Reading, keys []database.Key, all map[string]Found) error {
	q, some := k.lookUp(r, keys)
	if !some {
		return nil // no key that the columns could hold
	}
	probe, ok := k.lookUp(r, keys[:1])
	if !ok {
		probe = q
	}
	held := make(map[string]Found, len(keys))
	err := r.Run(ctx, q, probe, func(rows *sql.Rows) error {
		var f Found
		var at, last sql.NullInt64
		key, into := scanned(len(k.Key))
		values := make([]sql.NullString, len(k.Values))
		var trace sql.NullString
		into = append(into, &f.Rows, &f.Held, &f.Young, &at, &last)
		for i := range values {
			into = append(into, &values[i])
		}
		if k.Trace != nil {
			into = append(into, &trace)
		}
		worth := make([]sql.NullString, 2*len(k.Worth.Columns()))
		for i := range worth {
			into = append(into, &worth[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f.Amount = valuedOf(worth)
		for _, v := range values {
			f.Values = append(f.Values, database.Value{Text: v.String, Null: !v.Valid})
		}
		if at.Valid {
			f.Since, f.Last = r.Clock().Instant(at.Int64), r.Clock().Instant(last.Int64)
		}
		f.Trace, f.Key = trace.String, key()
		id := k.id(f.Key)
		if other, ok := held[id]; ok {
			f = f.with(&other)
		}
		held[id] = f
		return nil
	})
	for _, key := range keys {
		if f, ok := held[k.id(key)]; ok {
			all[key.ID()] = f
		}
	}
	return err
}

// with adds what the table holds under the same key in another spelling.
func (f Found) with(other *Found) Found {
	if slices.Compare(other.Key, f.Key) < 0 || f.Held == 0 && other.Held > 0 {
		f, other = *other, &f
	}
	f.Rows += other.Rows
	f.Held += other.Held
	f.Young += other.Young
	if !f.Since.Known() || other.Since.Known() && other.Since < f.Since {
		f.Since = other.Since
	}
	f.Last = max(f.Last, other.Last)
	if other.Held > 0 && f.Amount != other.Amount {
		f.Amount = database.Valued{}
	}
	f.Trace = cmp.Or(f.Trace, other.Trace)
	return f
}

// lookUp is the query for what is under keys: one row for each, however many there
// are in the table.
func (k *Rows) lookUp(r *database.Reading, keys []database.Key) (q dialect.Query, some bool) {
	d := r.Dialect()
	q = dialect.Query{Purpose: "look up " + k.What, Table: k.Table, Index: k.index()}
	held := k.held(r, &q.Args)
	young := strings.Join(append(slices.DeleteFunc([]string{held}, func(c string) bool { return c == "" }), k.younger(d, r.Clock())...), " AND ")
	count := func(condition string) string {
		if condition == "" {
			return "count(*)"
		}
		return "sum(CASE WHEN " + condition + " THEN 1 ELSE 0 END)"
	}
	var group []string
	for _, text := range k.keys(d) {
		group = append(group, d.Exact(text))
	}
	at := "NULL, NULL"
	if k.At != nil {
		if millis, ok := d.Millis(*k.At); ok {
			at = "min(" + millis + "), max(" + millis + ")"
		}
	}
	fields := append(slices.Clone(group), "count(*)", count(held), count(young), at)
	carried := k.values(d)
	if k.Trace != nil {
		carried = append(carried, d.Text(*k.Trace))
	}
	ofHeld := func(text string) string {
		if held != "" {
			return "CASE WHEN " + held + " THEN " + text + " END"
		}
		return text
	}
	for _, text := range carried {
		fields = append(fields, "min("+ofHeld(text)+")")
	}
	for _, c := range k.Worth.Columns() {
		text := ofHeld(d.Text(c))
		fields = append(fields, "min("+text+")", "max("+text+")")
	}
	where := k.among(d, keys, &q.Args)
	q.SQL = "SELECT " + strings.Join(fields, ", ") + " FROM " + r.From(k.Table) + " WHERE " + where + " GROUP BY " + strings.Join(group, ", ")
	return q, where != ""
}

// among is the WHERE for keys; empty when the columns could hold none of them. Keys of
// several columns are an OR, which every planner turns into look-ups in the index; it is one
// query, for planning a query for each of them takes longer than answering it.
func (k *Rows) among(d dialect.Dialect, keys []database.Key, args *[]any) string {
	if len(k.Key) == 1 {
		var values []string
		for _, key := range keys {
			values = append(values, d.KeySpellings(k.Key[0], k.KeyForms[0], key[0], args)...)
		}
		if len(values) == 0 {
			return ""
		}
		return d.Quote(k.Key[0].Name) + " IN (" + strings.Join(values, ", ") + ")"
	}
	var parts []string
	for _, key := range keys {
		if part, ok := k.equal(d, key, args); ok {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " OR ")
}

// equal is the WHERE for one key of several columns.
func (k *Rows) equal(d dialect.Dialect, key database.Key, args *[]any) (string, bool) {
	before := len(*args)
	parts := make([]string, len(key))
	for i, c := range k.Key {
		values := d.KeySpellings(c, k.KeyForms[i], key[i], args)
		if len(values) == 0 {
			*args = (*args)[:before] // of the parts that it could hold
			return "", false
		}
		parts[i] = d.Quote(c.Name) + " IN (" + strings.Join(values, ", ") + ")"
	}
	return strings.Join(parts, " AND "), true
}

// valuedOf takes the least and the greatest amount of the rows under a key, and of their
// currency. Rows that differ are worth nothing that one number can say.
func valuedOf(worth []sql.NullString) database.Valued {
	if len(worth) == 0 || !worth[0].Valid || worth[0] != worth[1] {
		return database.Valued{}
	}
	one := database.Valued{Amount: worth[0].String, Rows: 1}
	if len(worth) > 2 {
		if worth[2] != worth[3] {
			return database.Valued{}
		}
		one.Currency = worth[2].String
	}
	return one
}
