package records_test

import (
	"encoding/binary"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/records"
	"github.com/lostorder/lostorder/collectors/kafka/records/recordstest"
)

// scan reads all records of what a broker sent.
func scan(raw []byte, aborted []records.Aborted, from int64) (found []records.Record, next int64) {
	next = records.Scan(raw, aborted, from, func(r records.Record) bool {
		found = append(found, r)
		return true
	})
	return found, next
}

// at gives a batch its place in the log.
func at(offset int64, raw []byte) []byte {
	raw = slices.Clone(raw)
	binary.BigEndian.PutUint64(raw, uint64(offset))
	return raw
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func codecs() map[string]int16 {
	all := maps.Clone(recordstest.Codecs)
	all["none"] = 0
	return all
}

func TestScanReadsTheRecordsOfEveryCodec(t *testing.T) {
	for name, codec := range codecs() {
		t.Run(name, func(t *testing.T) {
			raw := slices.Concat(
				at(10, recordstest.Batch(t, codec, recordstest.Record{Key: "o-1", Zeros: 10}, recordstest.Record{Key: "o-2", Zeros: 70_000},
					recordstest.Record{Key: "o-3", Headers: [][2]string{{"a", "b"}, {"Traceparent", traceparent}}})),
				at(20, recordstest.Batch(t, codec, recordstest.Record{Key: strings.Repeat("k", 300)})),
			)
			found, next := scan(raw, nil, 11)
			if len(found) != 3 || next != 21 {
				t.Fatalf("got %d records %+v, resume at %d", len(found), found, next)
			}
			if string(found[0].Key) != "o-2" || found[0].Offset != 11 || found[0].Timestamp != 1_700_000_000_000 {
				t.Errorf("got %+v", found[0])
			}
			if string(found[1].Key) != "o-3" || found[1].Traceparent != traceparent {
				t.Errorf("got %+v", found[1])
			}
			if found[2].Key != nil || found[2].Offset != 20 {
				t.Errorf("a key that is too long is kept: %+v", found[2])
			}
		})
	}
}

// TestScanKeepsMemoryBounded feeds what a producer could send to end the process.
func TestScanKeepsMemoryBounded(t *testing.T) {
	many := func(batch []byte, n int) []byte { return slices.Concat(slices.Repeat([][]byte{batch}, n)...) }
	bombs := map[string][]byte{}
	for name, codec := range recordstest.Codecs {
		size := int64(128 << 20)
		bombs[name] = recordstest.Bomb(t, codec, "o-1", size)
		bombs[name+", many small ones"] = many(recordstest.Bomb(t, codec, "o-1", 15<<20), 40)
	}
	small := slices.Repeat([]recordstest.Record{{}}, 1_000_000)
	bombs["a million records"] = recordstest.Batch(t, recordstest.Codecs["zstd"], small...)
	bombs["two million headers"] = recordstest.Batch(t, recordstest.Codecs["zstd"], recordstest.Record{Headers: slices.Repeat([][2]string{{"", ""}}, 2_000_000)})
	claimed := recordstest.Wrap(0, 1, []byte{0x0e, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f}) // two billion headers
	bombs["a record that claims two billion headers"] = claimed
	bombs["a record that claims a key of two billion bytes"] = recordstest.Wrap(0, 1, []byte{0x0e, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f})
	bombs["a batch that claims two billion records"] = recordstest.Wrap(0, 1<<31-1, nil)
	bombs["snappy that claims four billion bytes"] = recordstest.Wrap(2, 1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
	bombs["zstd with a window of two gigabytes"] = recordstest.Wrap(4, 1, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00})
	for name, raw := range bombs {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			count, last := 0, int64(-1)
			next := records.Scan(raw, nil, 0, func(r records.Record) bool {
				count, last = count+1, r.Offset
				return true
			})
			runtime.ReadMemStats(&after)
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 96 {
				t.Errorf("%d KiB took %d MiB", len(raw)>>10, got)
			}
			if count == 0 || last < 0 || next == 0 {
				t.Errorf("its messages are not visible: %d records, resume at %d", count, next)
			}
		})
	}
}

// TestScanStopsDecompressingWhenItHasEnough: the first records of a bomb cost as little as
// those of any other batch.
func TestScanStopsDecompressingWhenItHasEnough(t *testing.T) {
	raw := recordstest.Batch(t, recordstest.Codecs["zstd"], recordstest.Record{Key: "o-1"}, recordstest.Record{Key: "o-2", Zeros: 256 << 20})
	var found []records.Record
	records.Scan(raw, nil, 0, func(r records.Record) bool {
		found = append(found, r)
		return false
	})
	if len(found) != 1 || string(found[0].Key) != "o-1" {
		t.Errorf("got %+v", found)
	}
}

func TestScanPassesOverWhatNoReaderSees(t *testing.T) {
	marker := func(producer int64, kind byte) []byte {
		return recordstest.Seal(kmsg.RecordBatch{
			Magic: 2, Attributes: 0x30, ProducerID: producer, NumRecords: 1,
			Records: []byte{0x20, 0, 0, 0, 0x08, 0, 0, 0, kind, 0x0c, 0, 0, 0, 0, 0, 0, 0},
		})
	}
	data := func(producer int64, key string) []byte {
		plain := recordstest.Batch(t, 0, recordstest.Record{Key: key})
		var b kmsg.RecordBatch
		if err := b.ReadFrom(plain); err != nil {
			t.Fatal(err)
		}
		b.Attributes, b.ProducerID = 0x10, producer
		return recordstest.Seal(b)
	}
	for name, test := range map[string]struct {
		batches [][]byte
		aborted []records.Aborted
		want    string
	}{
		"a committed transaction":               {[][]byte{data(1, "a"), marker(1, 1)}, nil, "a"},
		"an aborted transaction":                {[][]byte{data(1, "a"), marker(1, 0)}, []records.Aborted{{ProducerID: 1}}, ""},
		"a committed one after an aborted one":  {[][]byte{data(1, "a"), marker(1, 0), data(1, "b"), marker(1, 1)}, []records.Aborted{{ProducerID: 1}}, "b"},
		"another producer's beside an aborted":  {[][]byte{data(1, "a"), data(2, "b"), marker(1, 0), marker(2, 1)}, []records.Aborted{{ProducerID: 1}}, "b"},
		"an aborted one that begins only later": {[][]byte{data(1, "a"), marker(1, 1), data(1, "b"), marker(1, 0)}, []records.Aborted{{ProducerID: 1, FirstOffset: 2}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			var raw []byte
			for i, batch := range test.batches {
				raw = append(raw, at(int64(i), batch)...)
			}
			found, next := scan(raw, test.aborted, 0)
			var keys []string
			for _, r := range found {
				keys = append(keys, string(r.Key))
			}
			if strings.Join(keys, " ") != test.want || next != int64(len(test.batches)) {
				t.Errorf("got %q, resume at %d", keys, next)
			}
		})
	}
}

func TestScanOfABatchThatCannotBeRead(t *testing.T) {
	good := recordstest.Batch(t, 0, recordstest.Record{Key: "o-1"})
	flipped := slices.Clone(good)
	flipped[len(flipped)-2] ^= 1
	for name, test := range map[string]struct {
		raw       []byte
		want      int
		wantsNext int64
	}{
		"a wrong checksum":                           {flipped, 1, 0},
		"what does not decompress":                   {recordstest.Wrap(4, 3, []byte("nonsense")), 1, 3},
		"an unknown codec":                           {recordstest.Wrap(7, 3, []byte("nonsense")), 1, 3},
		"a batch that the broker cut off":            {good[:len(good)-1], 0, 0},
		"a whole batch before one that is cut off":   {append(slices.Clone(good), at(1, good)[:40]...), 1, 1},
		"a length that is negative":                  {append(slices.Repeat([]byte{0xff}, 16), good[16:]...), 0, 0},
		"nothing":                                    {nil, 0, 0},
		"a batch of which compaction left no record": {recordstest.Wrap(0, 0, nil), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found, next := scan(test.raw, nil, 0)
			if len(found) != test.want || next != test.wantsNext {
				t.Errorf("got %+v, resume at %d", found, next)
			}
			if test.want == 1 && !strings.HasPrefix(name, "a whole") && found[0].Key != nil {
				t.Errorf("got %+v", found)
			}
		})
	}
}

// oldMessage is a message of the formats before Kafka 0.11.
func oldMessage(offset int64, magic, attributes int8, key, value []byte) []byte {
	m := kmsg.MessageV1{Offset: offset, Magic: magic, Attributes: attributes, Timestamp: 1_700_000_000_000, Key: key, Value: value}
	raw := m.AppendTo(nil)
	if magic == 0 {
		raw = slices.Delete(raw, 18, 26) // no timestamp
	}
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	return raw
}

func TestScanReadsMessagesOfOldFormats(t *testing.T) {
	for name, codec := range recordstest.Codecs {
		t.Run(name, func(t *testing.T) {
			inner := slices.Concat(oldMessage(0, 1, 0, []byte("o-3"), make([]byte, 1000)), oldMessage(1, 1, 0, nil, nil))
			raw := slices.Concat(
				oldMessage(5, 0, 0, []byte("o-1"), []byte("x")), oldMessage(6, 1, 0, []byte("o-2"), nil),
				oldMessage(8, 1, int8(codec), nil, recordstest.Compress(t, codec, strings.NewReader(string(inner)))),
				oldMessage(9, 1, int8(codec), nil, recordstest.Bomb(t, codec, "", 64<<20)),
			)
			found, next := scan(raw, nil, 6)
			if len(found) != 4 || next != 10 || string(found[0].Key) != "o-2" || string(found[1].Key) != "o-3" || found[1].Offset != 8 ||
				found[0].Timestamp != 1_700_000_000_000 || found[3].Key != nil || found[3].Offset != 9 {
				t.Errorf("got %+v, resume at %d", found, next)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	for _, codec := range codecs() {
		f.Add(recordstest.Batch(f, codec, recordstest.Record{Key: "o-1", Zeros: 10}, recordstest.Record{Headers: [][2]string{{"traceparent", traceparent}}}), int64(0))
	}
	f.Add(oldMessage(5, 1, 0, []byte("o-1"), []byte("x")), int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, from int64) {
		records.Scan(raw, []records.Aborted{{ProducerID: 1}}, from, func(r records.Record) bool {
			if r.Offset < from || len(r.Key) > 256 || len(r.Traceparent) > 256 {
				t.Fatalf("got %+v from %d", r, from)
			}
			return true
		})
	})
}
