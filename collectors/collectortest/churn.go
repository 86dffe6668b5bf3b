package collectortest

import (
	"runtime"
	"testing"
)

// Churn is how many names come and go in a test of what is left of them, a part in each round.
const (
	ChurnRounds   = 20
	ChurnPerRound = 500
)

// LeavesNothingBehind plays rounds in which ChurnPerRound new names come and those of the round
// before go, 10,000 names in all. It fails if the heap grows with the names that were seen. A test
// that calls it must not be parallel to others.
func LeavesNothingBehind(t *testing.T, round func(round int)) {
	t.Helper()
	// An entry of a map with a short name takes more.
	const mostPerName, warm = 40, 5
	var before int64
	for i := range ChurnRounds {
		if i == warm {
			before = Heap()
		}
		round(i)
	}
	names := int64((ChurnRounds - warm) * ChurnPerRound)
	if grown := Heap() - before; grown > names*mostPerName {
		t.Errorf("the heap has grown by %d bytes, %d for each of %d names that came and went", grown, grown/names, names)
	} else {
		t.Logf("the heap has grown by %d bytes while %d names came and went", grown, names)
	}
}

// Heap returns how many bytes are in use.
func Heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools released
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
