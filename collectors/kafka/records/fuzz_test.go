package records_test

import (
	"testing"

	"github.com/lostorder/lostorder/collectors/kafka/records"
	"github.com/lostorder/lostorder/collectors/kafka/records/recordstest"
)

// FuzzBatch reads frames as any producer or broker could send them: the records of a sealed
// batch in each compression, or the bytes of the frame themselves.
func FuzzBatch(f *testing.F) {
	f.Add([]byte{}, int16(0), int32(1), false)
	f.Add([]byte{}, int16(0), int32(1), true)
	for _, codec := range recordstest.Codecs {
		batch := recordstest.Batch(f, codec, recordstest.Record{Key: "A-1017", Zeros: 100, Headers: [][2]string{{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}})
		f.Add(batch, codec, int32(1), true)
		f.Add(batch[61:], codec, int32(1), false)
		f.Add(recordstest.Bomb(f, codec, "A-1017", 1<<20)[61:], codec, int32(1_000_000), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, attributes int16, count int32, whole bool) {
		raw := data
		if !whole {
			raw = recordstest.Wrap(attributes, count, data)
		}
		const from = 7
		read := 0
		next := records.Scan(raw, []records.Aborted{{ProducerID: -1, FirstOffset: 0}}, from, func(r records.Record) bool {
			if read++; r.Offset < from || len(r.Key) > 256 || len(r.Traceparent) > 256 {
				t.Errorf("offset %d, a key of %d bytes, a trace of %d", r.Offset, len(r.Key), len(r.Traceparent))
			}
			return read < 10_000
		})
		if next < from {
			t.Errorf("the next offset is %d", next)
		}
	})
}
