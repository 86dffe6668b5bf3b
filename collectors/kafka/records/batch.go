package records

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// batch is what the records of one batch have in common.
type batch struct {
	first    int64
	count    int32
	time     int64
	appended bool // time holds for all: when the broker appended them

	transactional bool
}

// records reads the records of a batch, and returns whether to go on.
func (s *scan) records(data []byte, codec int, b *batch) bool {
	limit := s.left
	if codec == codecNone {
		limit = int64(len(data))
	}
	stream, err := s.codec.open(codec, data, limit)
	if err != nil {
		return s.unknown(b.first, b.time)
	}
	in := newInput(stream, limit)
	if codec != codecNone {
		defer func() { s.left = in.left }()
	}
	for range b.count {
		record, ok := in.record(b, &s.keep)
		if !ok {
			return s.unknown(b.first, b.time)
		}
		if record.Offset >= s.from && !s.yield(record) {
			return false
		}
	}
	return true
}

// record reads one record.
func (in *input) record(b *batch, keep *Keep) (Record, bool) {
	in.varint() // length
	in.skip(1)  // attributes
	r := Record{Timestamp: b.time, Transactional: b.transactional}
	delta := in.varint()
	if !b.appended {
		r.Timestamp += delta
	}
	r.Offset = b.first + in.varint()
	r.Key = in.bytes(keep.key())
	size := in.varint()
	r.Deleted = size < 0
	if keep.Value > 0 {
		r.Value = in.field(size, keep.Value)
	} else {
		in.skip(max(0, size))
	}
	r.Headers = make([][]byte, len(keep.Headers))
	for range max(0, in.varint()) {
		name := in.bytes(maxTrace)
		value := in.bytes(maxTrace)
		if in.err != nil {
			break
		}
		if r.Traceparent == "" && bytes.EqualFold(name, []byte("traceparent")) {
			r.Traceparent = string(value)
		}
		for i, wanted := range keep.Headers {
			if r.Headers[i] == nil && len(name) == len(wanted) && strings.EqualFold(string(name), wanted) {
				r.Headers[i] = value
			}
		}
	}
	return r, in.err == nil
}

// message reads one message of the formats before Kafka 0.11, or the several that were
// compressed together. All of them are visible.
func (s *scan) message(raw []byte) bool {
	offset := int64(binary.BigEndian.Uint64(raw))
	if offset < s.from {
		return true
	}
	more := s.oldMessages(newInput(bytes.NewReader(raw), int64(len(raw))), offset, 0)
	s.next = max(s.next, offset+1)
	return more
}

// oldMessages reads messages until their stream ends. Those that were compressed
// together count as being where the last of them is.
func (s *scan) oldMessages(in *input, offset int64, depth int) bool {
	for yielded := false; ; yielded = true {
		in.skip(lengthAt)
		if in.err != nil && yielded {
			return true // the end of the stream
		}
		in.skip(8) // length and checksum
		magic, attributes := in.fixed(1), in.fixed(1)
		r := Record{Offset: offset, Headers: make([][]byte, len(s.keep.Headers))}
		if magic == 1 {
			r.Timestamp = in.fixed(8)
		}
		r.Key = in.field(in.fixed(4), s.keep.key())
		size := in.fixed(4)
		r.Deleted = size < 0
		codec := int(attributes & codecMask)
		switch {
		case in.err == nil && codec == codecNone && s.keep.Value > 0:
			r.Value = in.field(size, s.keep.Value)
		case in.err == nil && codec == codecNone:
			in.skip(max(0, size))
		case in.err == nil && depth == 0 && size >= 0:
			return s.compressed(in.field(size, in.left), codec, offset)
		default:
			return s.unknown(offset, 0)
		}
		if in.err != nil {
			return s.unknown(offset, 0)
		}
		if !s.yield(r) {
			return false
		}
	}
}

// compressed reads the messages that were compressed into the value of one.
func (s *scan) compressed(data []byte, codec int, offset int64) bool {
	stream, err := s.codec.open(codec, data, s.left)
	if err != nil {
		return s.unknown(offset, 0)
	}
	in := newInput(stream, s.left)
	defer func() { s.left = in.left }()
	return s.oldMessages(in, offset, 1)
}
