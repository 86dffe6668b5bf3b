package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// Mark is a place on the axis of a column of time, in the database's own writing.
// The zero Mark is no place.
type Mark struct{ raw string }

// Known reports whether it is a place.
func (m Mark) Known() bool { return m.raw != "" }

// String is the mark as a text, of which MarkOf makes it again.
func (m Mark) String() string { return m.raw }

// MarkOf is the mark of a text; of an empty one it is no place.
func MarkOf(text string) Mark { return Mark{text} }

// Recent is a row that was made or changed lately.
type Recent struct {
	Key  Key            // nil where a part of it is NULL
	At   signal.Instant // on our clock; never in the future
	Mark Mark
}

// Newest returns the rows of the latest moments, oldest first, at most limit of
// them.
func (r *Reading) Newest(ctx context.Context, k *Keyed, limit int) ([]Recent, error) {
	rows, err := r.recent(ctx, k, Mark{}, limit)
	slices.Reverse(rows)
	return rows, err
}

// After returns the rows of later moments than a mark, oldest first, at most limit
// of them.
func (r *Reading) After(ctx context.Context, k *Keyed, mark Mark, limit int) ([]Recent, error) {
	return r.recent(ctx, k, mark, limit)
}

var errNoMoment = errors.New("no column says when rows were made or changed")

func (r *Reading) recent(ctx context.Context, k *Keyed, mark Mark, limit int) ([]Recent, error) {
	d := r.dialect
	q := query{purpose: "read the latest " + k.What, table: k.Table, limit: limit}
	if k.At == nil {
		return nil, &failure{doing: q.purpose, reason: errNoMoment.Error(), cause: errNoMoment}
	}
	millis, err := r.millis(Selection{Table: k.Table, Since: *k.At})
	if err != nil {
		return nil, &failure{doing: q.purpose, reason: err.Error(), cause: err}
	}
	at := d.quote(k.At.Name)
	q.index = index{table: k.Table, columns: []string{k.At.Name}, full: []string{k.At.Name}, price: "every insert and every change of " + k.At.Name + " writes it, too"}
	var where []string
	order := at
	if mark.Known() {
		q.purpose += " after a moment"
		where = append(where, beyond(d, []Column{*k.At}, " > ", []string{mark.raw}, &q.args))
	} else {
		order += " DESC"
		if k.At.Nullable {
			where = append(where, at+" IS NOT NULL")
		}
		q.whole = len(where) == 0
	}
	text := fmt.Sprintf("SELECT %s, %s, %s FROM %s", d.raw(*k.At), millis, strings.Join(k.keys(d), ", "), r.quoteTable(k.Table))
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	order = " ORDER BY " + r.quoteTable(k.Table) + "." + order
	probe := q
	probe.sql = text + order + " LIMIT 1"
	q.sql = fmt.Sprintf("%s%s LIMIT %d", text, order, limit)
	var all []Recent
	err = r.runAs(ctx, q, probe, func(rows *sql.Rows) error {
		var raw sql.NullString
		var at sql.NullInt64
		texts, into := scanned(len(k.Key))
		if err := rows.Scan(append([]any{&raw, &at}, into...)...); err != nil {
			return err
		}
		row := Recent{Key: texts(), Mark: Mark{raw.String}}
		if slices.ContainsFunc(into, func(part any) bool { return !part.(*sql.NullString).Valid }) {
			row.Key = nil
		}
		if at.Valid {
			row.At = r.clock.instant(at.Int64)
		}
		all = append(all, row)
		return nil
	})
	return all, err
}
