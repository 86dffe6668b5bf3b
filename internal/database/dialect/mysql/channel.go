package mysql

import (
	"cmp"
	"strconv"
	"strings"
)

// channel is one source that a replica follows, or should.
type channel struct {
	name   string
	behind int64  // milliseconds at most, while it follows
	halted string // why it does not; empty while it does
}

// newChannel makes one of a row of SHOW REPLICA STATUS, whose columns go by other
// names in other versions; false for those that are no replication from a source.
func newChannel(row map[string]string) (channel, bool) {
	get := func(names ...string) string {
		for _, name := range names {
			if text, ok := row[name]; ok {
				return text
			}
		}
		return ""
	}
	c := channel{name: cmp.Or(get("Channel_Name", "Connection_name"), "''")}
	if strings.HasPrefix(c.name, "group_replication_") {
		return c, false // of a group, whose members are each other's source
	}
	// NULL, which is an empty text here, is no number.
	if seconds, err := strconv.ParseInt(get("Seconds_Behind_Source", "Seconds_Behind_Master"), 10, 64); err == nil {
		// Of moments in whole seconds: what is behind at all may be so by one more.
		c.behind = max(seconds, 0) * 1000
		if seconds > 0 {
			c.behind += 1000
		}
		return c, true
	}
	c.halted = halted(get)
	return c, true
}

// halted says why a replica does not follow. The texts of its errors may hold
// credentials and rows, and are for those to read who may see them there.
func halted(get func(names ...string) string) string {
	applies := get("Replica_SQL_Running", "Slave_SQL_Running")
	receives := get("Replica_IO_Running", "Slave_IO_Running")
	applying, receiving := get("Last_SQL_Errno"), get("Last_IO_Errno")
	failed := func(number string) bool { return number != "" && number != "0" }
	number := func(number string) string { return " (error " + number + ", which its SHOW REPLICA STATUS explains)" }
	switch {
	case applies == "No" && failed(applying):
		return "does not follow its source, because its SQL thread has stopped" + number(applying)
	case receives != "Yes" && failed(receiving):
		return "has lost its source" + number(receiving)
	case applies == "No" && receives == "No":
		return "does not follow its source, because its threads are stopped (RESET REPLICA ALL, if it was promoted)"
	case applies == "No":
		return "does not follow its source, because its SQL thread is stopped"
	case receives == "No":
		return "does not follow its source, because its IO thread is stopped"
	}
	return "has lost its source"
}
