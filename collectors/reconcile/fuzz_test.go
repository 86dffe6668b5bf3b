package reconcile_test

import (
	"testing"

	"github.com/lostorder/lostorder/collectors/reconcile"
)

// FuzzState reads a state file that anybody may have written, for a check whose key has two
// columns.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"check":"x","saved":"2026-03-14T12:00:00Z","round":{"from":["A","1"],"began":"2026-03-14T12:00:00Z","rows":5,"of":[5,5],"passed":0.5,"whole":1,"seen":[5,5]},"marks":["'2026-03-14'",""],"suspects":[{"key":["A","2"],"kind":"missing_right","since":0,"first":"2026-03-14T12:00:00Z"}]}`))
	f.Add([]byte(`{"round":{"from":[]},"suspects":[{"key":[]},{"key":null,"kind":"different"}]}`))
	f.Add([]byte(`{"round":{"passed":1e308,"whole":-0,"of":[-1]},"suspects":[{"key":["\u001f",""]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := reconcile.ParseState(text, 2)
		if err != nil {
			return
		}
		for _, key := range keys {
			if key != nil && len(key) != 2 {
				t.Errorf("accepted is the key %q", key)
			}
		}
	})
}
