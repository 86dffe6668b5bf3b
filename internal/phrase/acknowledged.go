package phrase

import "fmt"

// Acknowledged says how many known orders are affected now and do not count.
func Acknowledged(count int64, known int, expired bool) string {
	if expired {
		return "over: its orders count again"
	}
	return fmt.Sprintf("%d of %d known", count, known)
}
