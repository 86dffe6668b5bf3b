package signal_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestNoTwoNamesJoinToTheSameText(t *testing.T) {
	seen := map[string][2]string{}
	names := []string{"", "a", "b", "/", "%", "%2F", "a/b", "a%2Fb", "%252F"}
	for _, first := range names {
		for _, second := range names {
			text := signal.JoinNames(first, second)
			if other, twice := seen[text]; twice {
				t.Errorf("%q and %q are %q, and so are %q", first, second, text, other)
			}
			seen[text] = [2]string{first, second}
		}
	}
}
