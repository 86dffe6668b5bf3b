package mysql_test

import (
	"maps"
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
)

func TestGlobalTransactionIDsAreRead(t *testing.T) {
	const a, b = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
	for text, want := range map[string]map[string]int64{
		"":                                 {},
		a + ":1-7":                         {a: 7},
		a + ":1":                           {a: 1},
		a + ":1-7:9-12:15":                 {a: 15},
		a + ":1-7,\n" + b + ":1-3:x:1-9":   {a: 7, b: 9},
		a + ":nothing, and no number at 1": {},
	} {
		if got := mysql.GTIDSets(text); !maps.Equal(got, want) {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]map[string]int64{
		"":                            {},
		"0-1-100":                     {"0-1": 100},
		"0-1-100,0-2-101,1-1-7":       {"0-1": 100, "0-2": 101, "1-1": 7},
		"0-1-100,0-1-90":              {"0-1": 100}, // the state of the log, and the position of a replica
		"nothing,0-1-many,,0-3-5,0-4": {"0-3": 5, "0": 4},
	} {
		if got := mysql.GTIDPositions(text); !maps.Equal(got, want) {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
}
