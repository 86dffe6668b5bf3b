package signal_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestDatabaseIsTheSameOrHasLostWritesOrIsAnother: as far as its servers tell.
func TestDatabaseIsTheSameOrHasLostWritesOrIsAnother(t *testing.T) {
	type origin = signal.Origin
	type written = map[string]int64
	for name, tc := range map[string]struct {
		before, now origin
		want        signal.Continuity
	}{
		"nothing was known":                            {origin{}, origin{Name: "a", Position: 7}, signal.Continued},
		"nothing is known":                             {origin{Name: "a", Position: 7}, origin{}, signal.Continued},
		"the same, further on":                         {origin{Name: "a", Position: 7}, origin{Name: "a", Position: 9}, signal.Continued},
		"another one":                                  {origin{Name: "a", Position: 7}, origin{Name: "b", Position: 9}, signal.Replaced},
		"another schema of the server":                 {origin{Name: "a", Schema: "shop"}, origin{Name: "a", Schema: "cart"}, signal.Replaced},
		"another schema of a promoted replica":         {origin{Name: "a", Schema: "shop", Written: written{"a": 7}}, origin{Name: "b", Schema: "cart", Written: written{"a": 7}}, signal.Replaced},
		"a promoted standby":                           {origin{Name: "a", Branch: "1", Position: 7}, origin{Name: "a", Branch: "2", Position: 7}, signal.Continued},
		"a promoted standby that was behind":           {origin{Name: "a", Branch: "1", Position: 7}, origin{Name: "a", Branch: "2", Position: 6}, signal.Rewound},
		"a restored backup":                            {origin{Name: "a", Position: 7}, origin{Name: "a", Position: 6}, signal.Rewound},
		"a standby, whose position says nothing":       {origin{Name: "a", Position: 7}, origin{Name: "a"}, signal.Continued},
		"a promoted replica":                           {origin{Name: "a", Written: written{"a": 7}}, origin{Name: "b", Written: written{"a": 7, "b": 1}}, signal.Continued},
		"a promoted replica that was behind":           {origin{Name: "a", Written: written{"a": 7}}, origin{Name: "b", Written: written{"a": 6, "b": 1}}, signal.Rewound},
		"one replica after another":                    {origin{Name: "b", Written: written{"a": 0}}, origin{Name: "c", Written: written{"a": 0}}, signal.Continued},
		"a promoted replica, of another log":           {origin{Name: "a", Position: 900, Written: written{"a": 7}}, origin{Name: "b", Position: 3, Written: written{"a": 8}}, signal.Continued},
		"a server whose writes are others":             {origin{Name: "a", Written: written{"a": 7}}, origin{Name: "b", Written: written{"b": 9}}, signal.Replaced},
		"a server that keeps no count of writes":       {origin{Name: "a"}, origin{Name: "b"}, signal.Replaced},
		"the same, whose count of writes was reset":    {origin{Name: "a", Written: written{"a": 7}}, origin{Name: "a", Written: written{"a": 1}}, signal.Rewound},
		"the same, which no longer counts its writes":  {origin{Name: "a", Written: written{"a": 7}}, origin{Name: "a"}, signal.Continued},
		"the same name, without the writes of another": {origin{Name: "a", Written: written{"x": 7}}, origin{Name: "a", Written: written{"y": 9}}, signal.Rewound},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.now.Since(tc.before); got != tc.want {
				t.Errorf("it is %q, want %q", got, tc.want)
			}
		})
	}
}

// TestLineageKeepsItsFirstNameThroughFailovers: so that two of them in a row, or one and the
// way back, are no other database.
func TestLineageKeepsItsFirstNameThroughFailovers(t *testing.T) {
	var l signal.Lineage
	for i, tc := range []struct {
		now   signal.Origin
		first string
		want  signal.Continuity
	}{
		{signal.Origin{}, "", signal.Continued},
		{signal.Origin{Name: "a", Written: map[string]int64{"a": 7}}, "a", signal.Continued},
		{signal.Origin{Name: "b", Written: map[string]int64{"a": 7, "b": 1}}, "a", signal.Continued},
		{signal.Origin{}, "a", signal.Continued}, // a reading that does not show it
		{signal.Origin{Name: "a", Written: map[string]int64{"a": 7, "b": 5}}, "a", signal.Continued},
		{signal.Origin{Name: "z", Written: map[string]int64{"z": 7}}, "z", signal.Replaced},
		{signal.Origin{Name: "z", Schema: "cart"}, "z/cart", signal.Replaced},
	} {
		if got := l.Follow(tc.now); got != tc.want || l.First != tc.first {
			t.Errorf("reading %d: it is %q of %q, want %q of %q", i, got, l.First, tc.want, tc.first)
		}
	}
}
