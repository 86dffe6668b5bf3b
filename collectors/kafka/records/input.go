package records

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// errTooLarge ends the reading of a batch that would decompress to more than it may.
var errTooLarge = errors.New("batch is too large")

// input reads the fields of records from a stream of at most so many bytes. After the
// first error every field is empty.
type input struct {
	stream *bufio.Reader
	left   int64
	err    error
}

func newInput(r io.Reader, limit int64) *input {
	return &input{stream: bufio.NewReaderSize(r, 4<<10), left: limit}
}

// take takes n bytes off the limit.
func (in *input) take(n int64) bool {
	switch {
	case in.err != nil:
	case n < 0:
		in.err = io.ErrUnexpectedEOF
	case n > in.left:
		in.err = errTooLarge
	default:
		in.left -= n
	}
	return in.err == nil
}

// ReadByte makes the input what encoding/binary reads from.
func (in *input) ReadByte() (byte, error) {
	if !in.take(1) {
		return 0, in.err
	}
	b, err := in.stream.ReadByte()
	if err != nil {
		in.err = err
	}
	return b, err
}

// varint reads a number of the format since Kafka 0.11.
func (in *input) varint() int64 {
	if in.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(in)
	if err != nil && in.err == nil {
		in.err = err
	}
	return v
}

// bytes reads a field with its length before it, and keeps it unless it is longer than most.
func (in *input) bytes(most int64) []byte { return in.field(in.varint(), most) }

// field reads n bytes, and keeps them unless there are more than most.
func (in *input) field(n, most int64) []byte {
	if n == -1 || in.err != nil {
		return nil
	}
	if n > most {
		in.skip(n)
		return nil
	}
	if !in.take(n) {
		return nil
	}
	kept := make([]byte, n)
	if _, err := io.ReadFull(in.stream, kept); err != nil {
		in.err = err
		return nil
	}
	return kept
}

// fixed reads a number of n bytes of the formats before Kafka 0.11.
func (in *input) fixed(n int) int64 {
	b := in.field(int64(n), int64(n))
	if len(b) != n {
		return 0
	}
	var v uint64
	for _, one := range b {
		v = v<<8 | uint64(one)
	}
	return int64(v<<(64-8*n)) >> (64 - 8*n)
}

// skip passes over n bytes without keeping them.
func (in *input) skip(n int64) {
	if !in.take(n) {
		return
	}
	if _, err := in.stream.Discard(int(n)); err != nil {
		in.err = err
	}
}
