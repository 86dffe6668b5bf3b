package propose

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/discover/shape"
)

func TestMaxOfAStateComesFromTheOrdersThatLeftItAndThoseStillInIt(t *testing.T) {
	times := func(n int, d time.Duration) []time.Duration {
		all := make([]time.Duration, n)
		for i := range all {
			all[i] = d
		}
		return all
	}
	for name, c := range map[string]struct {
		left, waits []time.Duration
		want        time.Duration
		says        string
	}{
		"all left it fast": {
			left: times(100, 20*time.Second), want: time.Minute, says: "100 orders left it",
		},
		"those in it are as fast": {
			left: times(100, 20*time.Second), waits: times(50, 30*time.Second), want: time.Minute, says: "100 orders left it",
		},
		"one of a hundred is stuck": {
			left: times(100, 20*time.Second), waits: times(1, time.Hour), want: time.Minute,
			says: "1 order in it now longer, up to 1 h: lostorder will report them",
		},
		"half of them wait far longer": {
			left: times(10, 20*time.Second), waits: times(10, time.Hour), want: 2 * time.Hour,
			says: "10 orders in it now longer, up to 1 h: the max is a guess, lower it if they are stuck",
		},
		"half of them wait for a year": {
			left: times(10, 20*time.Second), waits: times(10, 365*day), want: 0, says: "no max: 10 orders left it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lifecycle{orders: &shape.Orders{}, history: &shape.History{Dwells: map[string][]time.Duration{"paid": c.left}}}
			got, why := l.limit(&state{name: "paid", stage: shape.InWork, waits: c.waits})
			if got != c.want || !strings.Contains(why, c.says) {
				t.Errorf("the max is %s, %q; want %s, %q", got, why, c.want, c.says)
			}
		})
	}
}
