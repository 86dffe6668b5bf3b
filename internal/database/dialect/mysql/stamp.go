package mysql

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// A TIMESTAMP of MySQL is a moment, but it is compared with what a wall clock shows. At the
// end of summer time the clock shows the same for an hour twice: rows of the second hour
// would be passed over after a position in the first. So such a position is written as its
// seconds since 1970, behind a prefix.
const stampPrefix = "@"

func isStamp(c dialect.Column) bool { return strings.HasPrefix(c.Type, "timestamp") }

func (d *server) stamp(c dialect.Column) string {
	return "concat('" + stampPrefix + "', unix_timestamp(" + d.Quote(c.Name) + "))"
}

// stampOf is the seconds of a position in a column of such moments.
func stampOf(c dialect.Column, position string) (seconds string, ok bool) {
	seconds, ok = strings.CutPrefix(position, stampPrefix)
	return seconds, ok && isStamp(c) && dialect.IsNumeric(seconds, false)
}

// Beyond leads an index by the clock where the first column is such a moment, by an hour
// more than needed when the position is in the first of the two hours.
func (d *server) Beyond(columns []dialect.Column, than string, position []string, args *[]any) string {
	at, ok := stampOf(columns[0], position[0])
	if !ok {
		return dialect.ColumnsBeyond(d, columns, than, position, args)
	}
	earlier, later := "-", "+"
	if than == " < " {
		earlier, later = later, earlier
	}
	name := d.Quote(columns[0].Name)
	seconds := "unix_timestamp(" + name + ")"
	text := fmt.Sprintf("%s%s= from_unixtime(%s %s 3600 * (from_unixtime(%[3]s %[5]s 3600) = from_unixtime(%[3]s))) AND ",
		name, strings.TrimRight(than, " "), at, earlier, later)
	if len(columns) == 1 {
		return text + seconds + than + at
	}
	return text + fmt.Sprintf("(%s%s%s OR (%[1]s = %[3]s AND %[4]s))", seconds, than, at, d.Beyond(columns[1:], than, position[1:], args))
}
