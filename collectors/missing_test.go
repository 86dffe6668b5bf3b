package collectors_test

import (
	"sync"
	"testing"

	"github.com/lostorder/lostorder/collectors"
)

func TestWhatIsMissingIsOneErrorWhateverTheOrder(t *testing.T) {
	for name, test := range map[string]struct {
		missing [][2]string
		want    string
	}{
		"nothing":    {nil, ""},
		"one thing":  {[][2]string{{"orders", "not authorized"}}, "orders: not authorized"},
		"said twice": {[][2]string{{"orders", "not authorized"}, {"orders", "not authorized"}}, "orders: not authorized"},
		"two reasons": {
			[][2]string{{"payments", "timeout"}, {"orders", "not authorized"}, {"audit", "timeout"}},
			"audit, payments: timeout; orders: not authorized",
		},
		"many": {
			[][2]string{{"e", "timeout"}, {"b", "timeout"}, {"d", "timeout"}, {"a", "timeout"}, {"c", "timeout"}},
			"a, b, c and 2 more: timeout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m collectors.Missing
			var adding sync.WaitGroup
			for _, one := range test.missing {
				adding.Go(func() { m.Add(one[0], one[1]) })
			}
			adding.Wait()
			got := ""
			if err := m.Err(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
