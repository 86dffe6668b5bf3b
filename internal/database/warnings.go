package database

import (
	"fmt"
	"time"
)

// Warnings says what is odd about the moments of the rows that were counted.
func (t *Tally) Warnings(s Selection) []string {
	var all []string
	if t.Undated.Count > 0 {
		all = append(all, fmt.Sprintf("%s of table %s without a moment in %s (NULL): %s; they are counted, and their age is unknown", s.What, s.Table, s.Since.Name, t.Undated))
	}
	if t.Unread.Count > 0 {
		all = append(all, fmt.Sprintf("%s of table %s with something in %s that is no time: %s; they are counted, and their age is unknown", s.What, s.Table, s.Since.Name, t.Unread))
	}
	if t.Future.Count > 0 {
		all = append(all, fmt.Sprintf("%s of table %s with a moment in %s that lies in the future: %s, by up to %s; their age is taken as 0; is a clock ahead, or a time zone wrong?",
			s.What, s.Table, s.Since.Name, t.Future, t.Ahead.Round(time.Second)))
	}
	return all
}
