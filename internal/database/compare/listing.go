package compare

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Lister writes SQL that lists mismatches. Both tables are in one database. The
// SQL has no arguments, so that a person can run it as it is; its times are those of the
// reading. It is empty where one statement cannot list them.
type Lister struct {
	Dialect dialect.Dialect
	Clock   database.Clock
	Grace   time.Duration // how old a row has to be
}

// Without lists the rows of one table that have none in the other. all: no row of the other
// table counts, whatever the conditions on it say.
func (l Lister) Without(rows, other *Rows, all bool) string {
	return l.list(rows, other, " AND NOT EXISTS ", !all, "")
}

// Several lists the keys that have several rows in one table, and one in the other.
func (l Lister) Several(rows, other *Rows) string {
	if rows.Younger > 0 {
		return ""
	}
	return l.list(rows, other, " AND EXISTS ", false, "count(*)")
}

// Part is a list of the keys of one table, in the form in which they are compared with those
// of another database.
type Part struct {
	Rows       *Rows
	Conditions bool // list only rows that meet the conditions
	Aged       bool // list only rows older than the grace period
	Several    bool // list only keys that have several rows
	Values     bool // list the values, too
	From, To   database.Key
}

// Keys lists keys of one table, from From to To where these are set.
func (l Lister) Keys(p Part) string {
	d, rows := database.Printed(l.Dialect), p.Rows
	var args []any
	var where []string
	if p.From != nil {
		where = append(where, rows.compare(d, ">=", 0, p.From, &args), rows.compare(d, "<=", 0, p.To, &args))
	}
	names := make([]string, len(rows.Key))
	for i, c := range rows.Key {
		names[i] = d.Quote(c.Name)
		where = append(where, names[i]+" IS NOT NULL")
	}
	if p.Conditions {
		if text := database.All(rows.Where, d, &args); text != "" {
			where = append(where, text)
		}
	}
	if p.Aged {
		old, ok := l.old(rows, d)
		if !ok {
			return ""
		}
		where = append(where, old...)
	}
	selected := rows.keys(d)
	end := ""
	if p.Several {
		end = several(names)
	}
	if p.Values {
		selected = append(selected, rows.values(d)...)
	}
	if len(args) > 0 {
		return ""
	}
	return "SELECT " + strings.Join(selected, ", ") + " FROM " + dialect.From(l.Dialect, rows.Table) + " WHERE " + strings.Join(where, " AND ") + end
}

func (l Lister) list(rows, other *Rows, joint string, conditions bool, count string) string {
	from, otherFrom := dialect.From(l.Dialect, rows.Table), dialect.From(l.Dialect, other.Table)
	if from == otherFrom {
		return ""
	}
	d := database.Printed(l.Dialect)
	var args []any
	names := make([]string, len(rows.Key))
	var where, same []string
	for i, c := range rows.Key {
		if d.Form(c) != d.Form(other.Key[i]) { // then = compares something else, or is an error
			return ""
		}
		names[i] = d.Quote(c.Name)
		where = append(where, names[i]+" IS NOT NULL")
		same = append(same, otherFrom+"."+d.Quote(other.Key[i].Name)+" = "+from+"."+names[i])
	}
	if conditions {
		if text := database.All(other.Where, d, &args); text != "" {
			same = append(same, text)
		}
	}
	if text := database.All(rows.Where, d, &args); text != "" {
		where = append(where, text)
	}
	old, ok := l.old(rows, d)
	if !ok {
		return ""
	}
	where = append(where, old...)
	selected, order := names, names
	if rows.At != nil && count == "" {
		selected, order = append(slices.Clone(names), d.Quote(rows.At.Name)), []string{d.Quote(rows.At.Name)}
	}
	text := " FROM " + from + " WHERE " + strings.Join(where, " AND ") + joint + "(SELECT 1 FROM " + otherFrom + " WHERE " + strings.Join(same, " AND ") + ")"
	if count != "" {
		selected = append(slices.Clone(names), count)
		text += several(names)
	}
	if len(args) > 0 {
		return ""
	}
	return "SELECT " + strings.Join(selected, ", ") + text + " ORDER BY " + strings.Join(order, ", ")
}

// old are the conditions for rows that are older than the grace period, and no older than the
// reading compares; false where SQL cannot say it.
func (l Lister) old(rows *Rows, d dialect.Dialect) (conditions []string, ok bool) {
	if rows.At == nil {
		return nil, true
	}
	millis, ok := d.Millis(*rows.At)
	if !ok {
		return nil, false
	}
	return append([]string{millis + " < " + strconv.FormatInt(l.Clock.Before(l.Grace), 10)}, rows.younger(d, l.Clock)...), true
}

// several ends a statement that lists keys with several rows.
func several(keys []string) string {
	return " GROUP BY " + strings.Join(keys, ", ") + " HAVING count(*) > 1"
}
