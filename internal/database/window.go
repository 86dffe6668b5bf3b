package database

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Digest is what two databases have in common where their rows are the same: how
// many there are, and the sum of a number that is made of each. It does not depend
// on the order of the rows.
type Digest struct {
	Rows int64
	Sum  int64
}

// Digest reads the digest of the rows in a window.
func (r *Reading) Digest(ctx context.Context, k *Keyed, w Window) (Digest, error) {
	var all Digest
	for _, piece := range r.pieces(w) {
		digest, err := r.digest(ctx, k, piece)
		if err != nil {
			return Digest{}, err
		}
		all.Rows += digest.Rows
		all.Sum += digest.Sum
	}
	return all, nil
}

func (r *Reading) digest(ctx context.Context, k *Keyed, w Window) (digest Digest, err error) {
	d := r.dialect
	ask := func(where func(*[]any) []string) query {
		q := query{purpose: "compare " + k.What + " by key", table: k.Table, index: k.index()}
		from := r.quoteTable(k.Table) + " WHERE " + r.filter(k, where(&q.args), &q.args)
		if k.Once {
			names := make([]string, len(k.Key))
			for i, c := range k.Key {
				names[i] = d.quote(c.Name)
			}
			from = "(SELECT DISTINCT " + strings.Join(names, ", ") + " FROM " + from + ") AS keyed"
		}
		q.sql = "SELECT count(*), " + d.sum(k.hash(d)) + " FROM " + from
		return q
	}
	err = r.runAs(ctx,
		ask(func(args *[]any) []string { return k.within(d, w, args) }),
		ask(func(args *[]any) []string { return k.at(d, w, args) }),
		func(rows *sql.Rows) error { return rows.Scan(&digest.Rows, &digest.Sum) })
	return digest, err
}

// pieces are what a window has to be read in, so that no more is read than there is in it.
func (r *Reading) pieces(w Window) []Window {
	if r.dialect.rowEnds() {
		return []Window{w}
	}
	return w.pieces()
}

// Bound returns the key of the row that comes n rows after the beginning of a
// window, whether it is one that is compared or not; nil when there are no more
// rows in the window.
func (r *Reading) Bound(ctx context.Context, k *Keyed, w Window, n int) (Key, error) {
	pieces := r.pieces(w)
	for i, piece := range pieces {
		bound, err := r.bound(ctx, k, piece, n)
		if err != nil || bound != nil || i == len(pieces)-1 {
			return bound, err
		}
		rows, err := r.rowsIn(ctx, k, piece)
		if err != nil {
			return nil, err
		}
		n -= rows
	}
	return nil, nil
}

func (r *Reading) bound(ctx context.Context, k *Keyed, w Window, n int) (bound Key, err error) {
	d := r.dialect
	ask := func(where func(*[]any) []string, n int) query {
		q := query{purpose: "step through " + k.What + " by key", table: k.Table, index: k.index(), limit: n + 1}
		q.sql = fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d",
			strings.Join(k.keys(d), ", "), r.quoteTable(k.Table), strings.Join(where(&q.args), " AND "), r.order(k), n)
		return q
	}
	err = r.runAs(ctx,
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
func (r *Reading) rowsIn(ctx context.Context, k *Keyed, w Window) (n int, err error) {
	ask := func(where func(dialect, Window, *[]any) []string) query {
		q := query{purpose: "count " + k.What + " by key", table: k.Table, index: k.index()}
		q.sql = "SELECT count(*) FROM " + r.quoteTable(k.Table) + " WHERE " + strings.Join(where(r.dialect, w, &q.args), " AND ")
		return q
	}
	err = r.runAs(ctx, ask(k.within), ask(k.at), func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// Entry is one row as it is compared.
type Entry struct {
	Key  Key
	Hash int64
}

// List reads the rows of a window in order of their keys, at most limit of them.
func (r *Reading) List(ctx context.Context, k *Keyed, w Window, limit int) ([]Entry, error) {
	var entries []Entry
	for _, piece := range r.pieces(w) {
		more, err := r.list(ctx, k, piece, limit-len(entries))
		if err != nil {
			return nil, err
		}
		if entries = append(entries, more...); len(entries) >= limit {
			break
		}
	}
	return entries, nil
}

func (r *Reading) list(ctx context.Context, k *Keyed, w Window, limit int) (entries []Entry, err error) {
	d := r.dialect
	names := make([]string, len(k.Key))
	for i, c := range k.Key {
		names[i] = d.quote(c.Name)
	}
	order := fmt.Sprintf(" ORDER BY %s LIMIT %d", r.order(k), limit)
	ask := func(where func(*[]any) []string) query {
		q := query{purpose: "list " + k.What + " by key", table: k.Table, index: k.index(), limit: limit}
		from := r.quoteTable(k.Table) + " WHERE " + r.filter(k, where(&q.args), &q.args) + order
		if k.Once {
			from = "(SELECT DISTINCT " + strings.Join(names, ", ") + " FROM " + from + ") AS keyed"
		}
		q.sql = "SELECT " + strings.Join(append(k.keys(d), k.hash(d)), ", ") + " FROM " + from
		return q
	}
	err = r.runAs(ctx,
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
func (r *Reading) order(k *Keyed) string {
	names := make([]string, len(k.Key))
	for i, c := range k.Key {
		names[i] = r.quoteTable(k.Table) + "." + r.dialect.quote(c.Name)
	}
	return strings.Join(names, ", ")
}

// filter joins what leads to rows with what filters them.
func (r *Reading) filter(k *Keyed, lead []string, args *[]any) string {
	if held := r.held(k, args); held != "" {
		lead = append(lead, held)
	}
	return strings.Join(append(lead, r.younger(k)...), " AND ")
}

// held is the condition for rows that are compared, whatever their age.
func (r *Reading) held(k *Keyed, args *[]any) string { return renderAll(k.Where, r.dialect, args) }

// younger is the condition for rows that are young enough; there may be none.
func (r *Reading) younger(k *Keyed) []string {
	if k.Younger == 0 || k.At == nil {
		return nil
	}
	millis, ok := r.dialect.millis(*k.At)
	if !ok {
		return nil
	}
	return []string{millis + " >= " + strconv.FormatInt(r.clock.before(k.Younger), 10)}
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

// Size estimates how many rows a table has, without reading it; false where that
// is not known.
func (r *Reading) Size(ctx context.Context, t *Table) (int64, bool) {
	n, err := r.dialect.estimate(ctx, r, t)
	return n, err == nil && n > 0
}
