package detect

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

// fill gives each field of a struct a value of its own.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, r)
		}
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(4)))
	case reflect.Int32:
		v.SetInt(int64(r.Int32()))
	default:
		v.SetInt(r.Int64() - 1<<62)
	}
}

// TestEveryFieldOfAPartitionIsWritten fails when a field is added and not encoded.
func TestEveryFieldOfAPartitionIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	q := &queueMemory{}
	for range 100 {
		var p partition
		fill(reflect.ValueOf(&p).Elem(), r)
		q.Progress.Partitions = append(q.Progress.Partitions, p)
		q.Losses.Settled = append(q.Losses.Settled, settledOffset{p.ID, r.Int64()})
	}
	encoded := encodePartitions(q)
	got := &queueMemory{}
	if err := decodePartitions(encoded, got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, q) {
		t.Errorf("read %+v", got.Progress.Partitions[0])
	}
	for n := range encoded {
		if err := decodePartitions(encoded[:n], &queueMemory{}); err == nil {
			t.Fatalf("the first %d of %d bytes are read as whole", n, len(encoded))
		}
	}
}

func TestPartitionThatWaitsTakesAFewBytes(t *testing.T) {
	q := &queueMemory{}
	for i := range int32(500) {
		at := signal.Instant(1_780_000_000_000)
		q.Progress.Partitions = append(q.Progress.Partitions, partition{
			ID: i, Seen: true, Start: int64(i) * 7, End: 1_000_000 + int64(i)*31, Committed: 999_000 + int64(i)*29, Waiting: 1000,
			StuckSince: at, OwnedSince: at, Head: signal.Age{Since: at - 1000*signal.Instant(i), Bound: signal.Measured},
		})
		q.Losses.Settled = append(q.Losses.Settled, settledOffset{i, 999_000 + int64(i)*29})
	}
	if each := len(encodePartitions(q)) / 500; each > 24 {
		t.Errorf("%d bytes each", each)
	}
}
