package web

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// recurWithin is the time in which findings of the same failure are counted.
const recurWithin = 7 * 24 * time.Hour

var ordinals = [...]string{2: "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}

// recurrence says that the same failure was found before this week, such as "third time in
// 7 days"; empty for the first.
func recurrence(known *watch.Snapshot, f *signal.Finding, now time.Time) string {
	switch n := known.Times(f, recurWithin, now); {
	case n < 2:
		return ""
	case n < len(ordinals):
		return ordinals[n] + " time in 7 days"
	default:
		return fmt.Sprintf("%d times in 7 days", n)
	}
}
