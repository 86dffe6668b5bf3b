package database

import (
	"fmt"
	"time"
)

// Warnings says what is odd about the moments of the rows that were counted.
func (t *Tally) Warnings(s Selection) []string {
	var all []string
	if t.Undated.Count > 0 {
		all = append(all, fmt.Sprintf("%s of the %s of table %s have no %s (NULL): they are counted, and their age is unknown", t.Undated, s.What, s.Table, s.Since.Name))
	}
	if t.Unread.Count > 0 {
		all = append(all, fmt.Sprintf("%s of the %s of table %s have a %s that is no time: they are counted, and their age is unknown", t.Unread, s.What, s.Table, s.Since.Name))
	}
	if t.Future.Count > 0 {
		all = append(all, fmt.Sprintf("%s of the %s of table %s have a %s in the future, by up to %s: their age is taken as 0; is a clock ahead, or a time zone wrong?",
			t.Future, s.What, s.Table, s.Since.Name, t.Ahead.Round(time.Second)))
	}
	return all
}
