// Package recordstest makes record batches as a producer could, also those that are meant
// to do harm.
package recordstest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Codecs are the ways to compress a batch, by the number that its attributes carry.
var Codecs = map[string]int16{"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

// Record is one record; its value is as long as Zeros says.
type Record struct {
	Key     string
	Zeros   int64
	Headers [][2]string
}

// Bomb is a batch of one record whose value decompresses to this many zeros.
func Bomb(t testing.TB, codec int16, key string, zeros int64) []byte {
	t.Helper()
	return Batch(t, codec, Record{Key: key, Zeros: zeros})
}

// Batch is a batch of records, compressed.
func Batch(t testing.TB, codec int16, records ...Record) []byte {
	t.Helper()
	var parts []io.Reader
	for i, r := range records {
		parts = append(parts, r.reader(int64(i)))
	}
	return Wrap(codec, int32(len(records)), Compress(t, codec, io.MultiReader(parts...)))
}

// Wrap puts compressed records into a batch.
func Wrap(codec int16, count int32, compressed []byte) []byte {
	b := kmsg.RecordBatch{
		Magic: 2, Attributes: codec, LastOffsetDelta: count - 1, FirstTimestamp: 1_700_000_000_000, MaxTimestamp: 1_700_000_000_000,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: count, Records: compressed, PartitionLeaderEpoch: -1,
	}
	return Seal(b)
}

// Seal fills in length and checksum.
func Seal(b kmsg.RecordBatch) []byte {
	return seal(b.AppendTo(nil))
}

func seal(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// Stamp gives a batch the timestamp of its records.
func Stamp(raw []byte, at time.Time) []byte {
	binary.BigEndian.PutUint64(raw[27:], uint64(at.UnixMilli()))
	binary.BigEndian.PutUint64(raw[35:], uint64(at.UnixMilli()))
	return seal(raw)
}

// reader is the record as it lies in a batch.
func (r Record) reader(delta int64) io.Reader {
	head := []byte{0} // attributes
	head = binary.AppendVarint(head, 0)
	head = binary.AppendVarint(head, delta)
	head = appendBytes(head, r.Key)
	head = binary.AppendVarint(head, r.Zeros)
	tail := binary.AppendVarint(nil, int64(len(r.Headers)))
	for _, h := range r.Headers {
		tail = appendBytes(appendBytes(tail, h[0]), h[1])
	}
	length := binary.AppendVarint(nil, int64(len(head))+r.Zeros+int64(len(tail)))
	return io.MultiReader(bytes.NewReader(length), bytes.NewReader(head), io.LimitReader(zeros{}, r.Zeros), bytes.NewReader(tail))
}

func appendBytes(to []byte, s string) []byte {
	return append(binary.AppendVarint(to, int64(len(s))), s...)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Compress compresses what it reads.
func Compress(t testing.TB, codec int16, plain io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch codec {
	case 0:
		w = nopCloser{&out}
	case 1:
		w = gzip.NewWriter(&out)
	case 2:
		all, err := io.ReadAll(plain)
		if err != nil {
			t.Fatal(err)
		}
		return s2.EncodeSnappy(nil, all)
	case 3:
		w = lz4.NewWriter(&out)
	case 4:
		w, _ = zstd.NewWriter(&out)
	}
	if _, err := io.Copy(struct{ io.Writer }{w}, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
