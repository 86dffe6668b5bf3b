package compare

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// KeyRange is a range of keys: from From, up to and without To. Nil is no bound. A bound of
// fewer columns than the key has is below all keys that begin with it.
type KeyRange struct{ From, To database.Key }

// same is how many columns the bounds have in common, from the first one on; the last
// one is left to tell them apart.
func (w KeyRange) same() int {
	n := 0
	for n < len(w.From) && n < len(w.To)-1 && w.From[n] == w.To[n] {
		n++
	}
	return n
}

// pieces cuts a window where the columns of its end begin: one from (1, 5) up to (3, 2)
// into those from (1, 5) up to 3, and from there up to (3, 2).
func (w KeyRange) pieces() []KeyRange {
	var all []KeyRange
	from := w.From
	for i := w.same() + 1; i < len(w.To); i++ {
		all = append(all, KeyRange{from, w.To[:i]})
		from = w.To[:i]
	}
	return append(all, KeyRange{from, w.To})
}

// Digest is what two databases have in common where their rows are the same: how
// many there are, and the sum of a number that is made of each. It does not depend
// on the order of the rows.
type Digest struct {
	Rows int64
	Sum  int64
}

// Digest reads the digest of the rows in a window.
func (k *Rows) Digest(ctx context.Context, r *database.Reading, w KeyRange) (Digest, error) {
	var all Digest
	for _, piece := range pieces(r, w) {
		digest, err := k.digest(ctx, r, piece)
		if err != nil {
			return Digest{}, err
		}
		all.Rows += digest.Rows
		all.Sum += digest.Sum
	}
	return all, nil
}

func (k *Rows) digest(ctx context.Context, r *database.Reading, w KeyRange) (digest Digest, err error) {
	d := r.Dialect()
	ask := func(where func(*[]any) []string) dialect.Query {
		q := dialect.Query{Purpose: "compare " + k.What + " by key", Table: k.Table, Index: k.index()}
		from := r.From(k.Table) + " WHERE " + k.filter(r, where(&q.Args), &q.Args)
		if k.Once {
			names := make([]string, len(k.Key))
			for i, c := range k.Key {
				names[i] = d.Quote(c.Name)
			}
			from = "(SELECT DISTINCT " + strings.Join(names, ", ") + " FROM " + from + ") AS keyed"
		}
		q.SQL = "SELECT count(*), " + d.Sum(k.hash(d)) + " FROM " + from
		return q
	}
	err = r.Run(ctx,
		ask(func(args *[]any) []string { return k.within(d, w, args) }),
		ask(func(args *[]any) []string { return k.at(d, w, args) }),
		func(rows *sql.Rows) error { return rows.Scan(&digest.Rows, &digest.Sum) })
	return digest, err
}

// pieces are what a window has to be read in, so that no more is read than there is in it.
func pieces(r *database.Reading, w KeyRange) []KeyRange {
	if r.Dialect().RowsEnd() {
		return []KeyRange{w}
	}
	return w.pieces()
}

// Bound returns the key of the row that comes n rows after the beginning of a
// window, whether it is one that is compared or not; nil when there are no more
// rows in the window.
func (k *Rows) Bound(ctx context.Context, r *database.Reading, w KeyRange, n int) (database.Key, error) {
	pieces := pieces(r, w)
	for i, piece := range pieces {
		bound, err := k.bound(ctx, r, piece, n)
		if err != nil || bound != nil || i == len(pieces)-1 {
			return bound, err
		}
		rows, err := k.rowsIn(ctx, r, piece)
		if err != nil {
			return nil, err
		}
		n -= rows
	}
	return nil, nil
}

func (k *Rows) bound(ctx context.Context, r *database.Reading, w KeyRange, n int) (bound database.Key, err error) {
	d := r.Dialect()
	ask := func(where func(*[]any) []string, n int) dialect.Query {
		q := dialect.Query{Purpose: "step through " + k.What + " by key", Table: k.Table, Index: k.index()}
		q.SQL = fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d",
			strings.Join(k.keys(d), ", "), r.From(k.Table), strings.Join(where(&q.Args), " AND "), k.order(r), n)
		return q
	}
	err = r.Run(ctx,
		ask(func(args *[]any) []string { return k.within(d, w, args) }, n),
		ask(func(args *[]any) []string { return k.at(d, w, args) }, 0),
		func(rows *sql.Rows) error {
			texts, into := scanned(len(k.Key))
			err := rows.Scan(into...)
			bound = texts()
			return err
		})
	return bound, err
}

// rowsIn counts the rows of a window, compared or not.
func (k *Rows) rowsIn(ctx context.Context, r *database.Reading, w KeyRange) (n int, err error) {
	ask := func(where func(dialect.Dialect, KeyRange, *[]any) []string) dialect.Query {
		q := dialect.Query{Purpose: "count " + k.What + " by key", Table: k.Table, Index: k.index()}
		q.SQL = "SELECT count(*) FROM " + r.From(k.Table) + " WHERE " + strings.Join(where(r.Dialect(), w, &q.Args), " AND ")
		return q
	}
	err = r.Run(ctx, ask(k.within), ask(k.at), func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// Entry is one row as it is compared.
type Entry struct {
	Key  database.Key
	Hash int64
}

// List reads the rows of a window in order of their keys, at most limit of them.
func (k *Rows) List(ctx context.Context, r *database.Reading, w KeyRange, limit int) ([]Entry, error) {
	var entries []Entry
	for _, piece := range pieces(r, w) {
		more, err := k.list(ctx, r, piece, limit-len(entries))
		if err != nil {
			return nil, err
		}
		if entries = append(entries, more...); len(entries) >= limit {
			break
		}
	}
	return entries, nil
}

func (k *Rows) list(ctx context.Context, r *database.Reading, w KeyRange, limit int) (entries []Entry, err error) {
	d := r.Dialect()
	names := make([]string, len(k.Key))
	for i, c := range k.Key {
		names[i] = d.Quote(c.Name)
	}
	order := fmt.Sprintf(" ORDER BY %s LIMIT %d", k.order(r), limit)
	ask := func(where func(*[]any) []string) dialect.Query {
		q := dialect.Query{Purpose: "list " + k.What + " by key", Table: k.Table, Index: k.index()}
		from := r.From(k.Table) + " WHERE " + k.filter(r, where(&q.Args), &q.Args) + order
		if k.Once {
			from = "(SELECT DISTINCT " + strings.Join(names, ", ") + " FROM " + from + ") AS keyed"
		}
		q.SQL = "SELECT " + strings.Join(append(k.keys(d), k.hash(d)), ", ") + " FROM " + from
		return q
	}
	err = r.Run(ctx,
		ask(func(args *[]any) []string { return k.within(d, w, args) }),
		ask(func(args *[]any) []string { return k.at(d, w, args) }),
		func(rows *sql.Rows) error {
			var e Entry
			texts, into := scanned(len(k.Key))
			err := rows.Scan(append(into, &e.Hash)...)
			e.Key = texts()
			entries = append(entries, e)
			return err
		})
	return entries, err
}

// order is the order of the key. The names are those of the table, for a text made
// of a column may go by the name of the column, too.
func (k *Rows) order(r *database.Reading) string {
	names := make([]string, len(k.Key))
	for i, c := range k.Key {
		names[i] = r.From(k.Table) + "." + r.Dialect().Quote(c.Name)
	}
	return strings.Join(names, ", ")
}

// filter joins what leads to rows with what filters them.
func (k *Rows) filter(r *database.Reading, lead []string, args *[]any) string {
	if held := k.held(r, args); held != "" {
		lead = append(lead, held)
	}
	return strings.Join(append(lead, k.younger(r.Dialect(), r.Clock())...), " AND ")
}

// held is the condition for rows that are compared, whatever their age.
func (k *Rows) held(r *database.Reading, args *[]any) string {
	return database.All(k.Where, r.Dialect(), args)
}

// younger is the condition for rows that are young enough; there may be none.
func (k *Rows) younger(d dialect.Dialect, clock database.Clock) []string {
	if k.Younger == 0 || k.At == nil {
		return nil
	}
	millis, ok := d.Millis(*k.At)
	if !ok {
		return nil
	}
	return []string{millis + " >= " + strconv.FormatInt(clock.Before(k.Younger), 10)}
}

// scanned makes room for n texts.
func scanned(n int) (texts func() []string, into []any) {
	all := make([]sql.NullString, n)
	for i := range all {
		into = append(into, &all[i])
	}
	return func() []string {
		plain := make([]string, n)
		for i, t := range all {
			plain[i] = t.String
		}
		return plain
	}, into
}
