package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// RowsBeyond is Beyond for a database whose indexes lead to comparisons of rows.
func RowsBeyond(d Dialect, columns []Column, than string, position []string, args *[]any) string {
	if len(columns) == 1 {
		return ColumnsBeyond(d, columns, than, position, args)
	}
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, column := range columns {
		names[i] = d.Quote(column.Name)
		values[i] = d.FromRaw(column, position[i], args)
	}
	return "(" + strings.Join(names, ", ") + ")" + than + "(" + strings.Join(values, ", ") + ")"
}

// ColumnsBeyond is Beyond for a database whose indexes do not lead to comparisons of rows.
// It names the first column alone as well.
func ColumnsBeyond(d Dialect, columns []Column, than string, position []string, args *[]any) string {
	names, values := make([]string, len(columns)), func(i int) string { return d.FromRaw(columns[i], position[i], args) }
	for i, column := range columns {
		names[i] = d.Quote(column.Name)
	}
	if len(names) == 1 {
		return names[0] + than + values(0)
	}
	var text strings.Builder // in order, as the arguments are
	fmt.Fprintf(&text, "%s%s= %s AND ", names[0], strings.TrimRight(than, " "), values(0))
	last := len(names) - 1
	for i, name := range names[:last] {
		fmt.Fprintf(&text, "(%s%s%s OR (%[1]s = %[4]s AND ", name, than, values(i), values(i))
	}
	return text.String() + names[last] + than + values(last) + strings.Repeat("))", last)
}

// SkipScan is a query that goes from each value of a column to the next, one step in the
// index for each. The limit stops the recursion.
func SkipScan(d Dialect, t *Table, c Column, limit int) string {
	column, table := d.Quote(c.Name), From(d, t)
	next := func(where string) string {
		return "(SELECT " + column + " FROM " + table + where + " ORDER BY " + column + " LIMIT 1)"
	}
	first := ""
	if c.Nullable {
		first = " WHERE " + column + " IS NOT NULL"
	}
	return fmt.Sprintf("WITH RECURSIVE steps(v) AS (SELECT %s UNION ALL SELECT %s FROM steps WHERE steps.v IS NOT NULL) SELECT %s FROM steps WHERE v IS NOT NULL LIMIT %d",
		next(first), next(" WHERE "+column+" > steps.v"), d.Text(Column{Name: "v", Type: c.Type}), limit)
}

// MomentsInMillis compares moments by their milliseconds.
func MomentsInMillis(d Dialect, c Column) (Moments, bool) {
	millis, ok := d.Millis(c)
	return Moments{millis, func(number string) string { return number }, func(millis int64) string { return strconv.FormatInt(millis, 10) }}, ok
}

// EpochBySize takes a number for seconds, milliseconds, microseconds or nanoseconds since
// 1970 by its size: each of these is the only one that lies between 1973 and 5138.
func EpochBySize(name string) string {
	return "(CASE WHEN " + name + " < 100000000000 THEN " + name + " * 1000" +
		" WHEN " + name + " < 100000000000000 THEN " + name +
		" WHEN " + name + " < 100000000000000000 THEN " + name + " / 1000" +
		" ELSE " + name + " / 1000000 END)"
}
