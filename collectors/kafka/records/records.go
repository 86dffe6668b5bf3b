// Package records reads what lostorder needs of Kafka's record batches: offset, key,
// timestamp and trace, never the value. Anybody who may produce a message is
// untrusted, so it decompresses as a stream and keeps the memory it needs bounded.
package records

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	// maxDecompressed bounds how many bytes one Scan decompresses. A batch beyond it
	// yields a record whose key is unknown.
	maxDecompressed = 16 << 20
	// maxKey bounds the key that is kept. A longer one is no order id.
	maxKey = 256
	// maxTrace bounds the header that is kept; a traceparent has 55 bytes.
	maxTrace = 256
)

// Record is what is kept of a message.
type Record struct {
	Offset      int64
	Key         []byte // nil where there is none, it is too long, or the batch cannot be read
	Timestamp   int64  // milliseconds since 1970; 0 or less where there is none
	Traceparent string // the W3C header; empty where there is none

	Headers [][]byte // those that Keep names, in its order; nil where there is none
	Value   []byte   // nil unless Keep asks for it, and where it is too long
	Deleted bool     // it has no value: compaction removes its key

	Transactional bool // its transaction may be open, or aborted where Scan does not know it
	Control       bool // it is the marker of a transaction
}

// Keep is what is kept of a record beside its offset, key, time and trace.
type Keep struct {
	Headers []string // by their names, whatever their case
	Value   int64    // the longest value that is kept
	Key     int64    // the longest key that is kept; 0: as long as an order id may be
	Control bool     // markers of transactions are yielded, too
}

func (k *Keep) key() int64 {
	if k.Key > 0 {
		return k.Key
	}
	return maxKey
}

// Aborted is a transaction that was aborted: its producer and its first offset.
type Aborted struct{ ProducerID, FirstOffset int64 }

// The fixed part of a batch, by the position of its fields. Formats before Kafka 0.11
// share offset, length and magic.
const (
	lengthAt     = 8
	magicAt      = 16
	crcAt        = 17
	attributesAt = 21
	lastDeltaAt  = 23
	firstTimeAt  = 27
	maxTimeAt    = 35
	producerAt   = 43
	countAt      = 57
	headerLength = 61
)

// The attributes of a batch.
const (
	codecMask     = 0x07
	logAppendTime = 0x08
	transactional = 0x10
	control       = 0x20
)

// Scan calls yield for each record at or after from that a reader of committed
// messages sees, until yield returns false, and returns the offset to resume at. It
// passes over transaction markers and what aborted transactions wrote. A batch that
// cannot be read, or is larger than it may be, yields one record without a key: its
// messages are visible, whatever they hold.
func Scan(raw []byte, aborted []Aborted, from int64, yield func(Record) bool) (next int64) {
	return ScanAll(raw, aborted, from, Keep{}, yield)
}

// ScanAll is Scan that keeps more of each record.
func ScanAll(raw []byte, aborted []Aborted, from int64, keep Keep, yield func(Record) bool) (next int64) {
	s := scan{from: from, next: from, left: maxDecompressed, aborted: aborted, open: map[int64]bool{}, keep: keep, yield: yield}
	defer s.codec.close()
	for len(raw) > magicAt {
		size := int64(int32(binary.BigEndian.Uint32(raw[lengthAt:]))) + lengthAt + 4
		if size <= magicAt || size > int64(len(raw)) { // the broker cuts the last one off
			break
		}
		read := s.batch
		if raw[magicAt] < 2 {
			read = s.message
		}
		if !read(raw[:size]) {
			break
		}
		raw = raw[size:]
	}
	return s.next
}

// scan is one Scan under way.
type scan struct {
	from, next int64
	left       int64 // how many bytes may still be decompressed
	aborted    []Aborted
	open       map[int64]bool // producers whose transaction here was aborted
	keep       Keep
	yield      func(Record) bool
	codec      codec
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch reads one batch of the format since Kafka 0.11, and returns whether to go on.
func (s *scan) batch(raw []byte) bool {
	if len(raw) < headerLength || crc32.Checksum(raw[attributesAt:], castagnoli) != binary.BigEndian.Uint32(raw[crcAt:]) {
		s.unknown(s.next, 0)
		return false // its last offset is not to be trusted
	}
	first := int64(binary.BigEndian.Uint64(raw))
	last := first + int64(int32(binary.BigEndian.Uint32(raw[lastDeltaAt:])))
	attributes := binary.BigEndian.Uint16(raw[attributesAt:])
	producer := int64(binary.BigEndian.Uint64(raw[producerAt:]))
	kept := s.aborted[:0:0]
	for _, a := range s.aborted {
		if a.FirstOffset <= last {
			s.open[a.ProducerID] = true
		} else {
			kept = append(kept, a)
		}
	}
	s.aborted = kept
	resume := max(s.next, last+1)
	switch {
	case attributes&control != 0:
		if isAbortMarker(raw[headerLength:]) {
			delete(s.open, producer)
		}
		s.next = resume
		return !s.keep.Control || last < s.from || s.yield(Record{Offset: last, Control: true})
	case attributes&transactional != 0 && s.open[producer], last < s.from:
		s.next = resume
		return true
	}
	b := batch{
		first: first, time: int64(binary.BigEndian.Uint64(raw[firstTimeAt:])),
		count:         int32(binary.BigEndian.Uint32(raw[countAt:])),
		transactional: attributes&transactional != 0,
	}
	if attributes&logAppendTime != 0 {
		b.appended, b.time = true, int64(binary.BigEndian.Uint64(raw[maxTimeAt:]))
	}
	more := s.records(raw[headerLength:], int(attributes&codecMask), &b)
	s.next = resume
	return more
}

// unknown yields a record with only an offset.
func (s *scan) unknown(offset, timestamp int64) bool {
	return s.yield(Record{Offset: max(offset, s.from), Timestamp: timestamp, Headers: make([][]byte, len(s.keep.Headers))})
}

// isAbortMarker reports whether the record of a control batch ends a transaction that
// was aborted. Its key is a version and a type, in two bytes each.
func isAbortMarker(raw []byte) bool {
	in := newInput(bytes.NewReader(raw), int64(len(raw)))
	in.varint() // length
	in.skip(1)  // attributes
	in.varint() // timestamp
	in.varint() // offset
	key := in.bytes(maxKey)
	return in.err == nil && len(key) >= 4 && binary.BigEndian.Uint16(key[2:4]) == 0
}
