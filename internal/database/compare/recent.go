package compare

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Position is a place on the axis of a column of time, in the database's own writing.
// The zero Position is no place.
type Position struct{ raw string }

// Known reports whether it is a place.
func (m Position) Known() bool { return m.raw != "" }

// String is the position as a text. PositionOf turns it into the position again.
func (m Position) String() string { return m.raw }

// PositionOf is the mark of a text; of an empty one it is no place.
func PositionOf(text string) Position { return Position{text} }

// Recent is a row that was made or changed lately.
type Recent struct {
	Key      database.Key   // nil where a part of it is NULL
	At       signal.Instant // on our clock; never in the future
	Position Position
}

// Newest returns the rows of the latest moments, oldest first, at most limit of
// them.
func (k *Rows) Newest(ctx context.Context, r *database.Reading, limit int) ([]Recent, error) {
	rows, err := k.recent(ctx, r, Position{}, limit)
	slices.Reverse(rows)
	return rows, err
}

// After returns the rows of later moments than a position, oldest first, at most limit
// of them.
func (k *Rows) After(ctx context.Context, r *database.Reading, position Position, limit int) ([]Recent, error) {
	return k.recent(ctx, r, position, limit)
}

// IsPast reports whether a position is a moment, and one that is over.
func (k *Rows) IsPast(ctx context.Context, r *database.Reading, p Position) (past bool, err error) {
	d := r.Dialect()
	q := dialect.Query{Purpose: "read a position among the " + k.What, Table: k.Table}
	millis, err := k.millis(d)
	if err != nil {
		return false, database.Fail(q.Purpose, err)
	}
	q.SQL = fmt.Sprintf("SELECT %s FROM (SELECT %s AS %s) AS lostorder_position", millis, d.FromRaw(*k.At, p.raw, &q.Args), d.Quote(k.At.Name))
	err = r.Run(ctx, q, q, func(rows *sql.Rows) error {
		var at sql.NullInt64
		err := rows.Scan(&at)
		past = at.Valid && !r.Clock().IsAhead(at.Int64)
		return err
	})
	return past, err
}

var errNoMoment = errors.New("no column says when rows were made or changed")

// millis is the expression for the moment of a row, in milliseconds.
func (k *Rows) millis(d dialect.Dialect) (string, error) {
	if k.At == nil {
		return "", errNoMoment
	}
	millis, ok := d.Millis(*k.At)
	if !ok {
		return "", database.NoMoments(k.Table, *k.At)
	}
	return millis, nil
}

func (k *Rows) recent(ctx context.Context, r *database.Reading, position Position, limit int) ([]Recent, error) {
	d := r.Dialect()
	q := dialect.Query{Purpose: "read the latest " + k.What, Table: k.Table}
	millis, err := k.millis(d)
	if err != nil {
		return nil, database.Fail(q.Purpose, err)
	}
	at := d.Quote(k.At.Name)
	q.Index = dialect.Index{Table: k.Table, Columns: []string{k.At.Name}, Full: []string{k.At.Name}, Price: "every insert and every change of " + k.At.Name + " also writes to it"}
	var where []string
	order := at
	if position.Known() {
		q.Purpose += " after a moment"
		where = append(where, d.Beyond([]database.Column{*k.At}, " > ", []string{position.raw}, &q.Args))
	} else {
		order += " DESC"
		if k.At.Nullable {
			where = append(where, at+" IS NOT NULL")
		}
		q.Whole = len(where) == 0
	}
	text := fmt.Sprintf("SELECT %s, %s, %s FROM %s", d.Raw(*k.At), millis, strings.Join(k.keys(d), ", "), r.From(k.Table))
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	order = " ORDER BY " + r.From(k.Table) + "." + order
	probe := q
	probe.SQL = text + order + " LIMIT 1"
	q.SQL = fmt.Sprintf("%s%s LIMIT %d", text, order, limit)
	var all []Recent
	err = r.Run(ctx, q, probe, func(rows *sql.Rows) error {
		var raw sql.NullString
		var at sql.NullInt64
		texts, into := scanned(len(k.Key))
		if err := rows.Scan(append([]any{&raw, &at}, into...)...); err != nil {
			return err
		}
		row := Recent{Key: texts(), Position: Position{raw.String}}
		if slices.ContainsFunc(into, func(part any) bool { return !part.(*sql.NullString).Valid }) {
			row.Key = nil
		}
		if at.Valid {
			row.At = r.Clock().Instant(at.Int64)
		}
		all = append(all, row)
		return nil
	})
	return all, err
}
