package database

import (
	"fmt"
	"strings"
)

// A TIMESTAMP of MySQL is a moment, but what is compared with it is what a clock on the
// wall shows, which at the end of summer time is the same for an hour twice: what came in
// the second would be passed over after a place in the first. So such a place is written
// as its seconds since 1970, behind a mark.
const stampMark = "@"

func isStamp(c Column) bool { return strings.HasPrefix(c.Type, "timestamp") }

func (d *mysql) stamp(c Column) string {
	return "concat('" + stampMark + "', unix_timestamp(" + d.quote(c.Name) + "))"
}

// stampOf is the seconds of a place in a column of such moments.
func stampOf(c Column, place string) (seconds string, ok bool) {
	seconds, ok = strings.CutPrefix(place, stampMark)
	return seconds, ok && isStamp(c) && numeric(seconds, false)
}

// beyondStamp is beyond for columns of which the first is such a moment. An index is led by
// the clock, by an hour more than it would take when the place is in the first of the two.
func beyondStamp(d dialect, at string, columns []Column, than string, place []string, args *[]any) string {
	earlier, later := "-", "+"
	if than == " < " {
		earlier, later = later, earlier
	}
	name := d.quote(columns[0].Name)
	seconds := "unix_timestamp(" + name + ")"
	text := fmt.Sprintf("%s%s= from_unixtime(%s %s 3600 * (from_unixtime(%[3]s %[5]s 3600) = from_unixtime(%[3]s))) AND ",
		name, strings.TrimRight(than, " "), at, earlier, later)
	if len(columns) == 1 {
		return text + seconds + than + at
	}
	return text + fmt.Sprintf("(%s%s%s OR (%[1]s = %[3]s AND %[4]s))", seconds, than, at, beyond(d, columns[1:], than, place[1:], args))
}
