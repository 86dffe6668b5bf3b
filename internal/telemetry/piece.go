package telemetry

import (
	"bytes"
	"hash/crc32"
)

// A piece is a part of a scrape that may be kept: plain while it is small, so that small
// pieces are compressed together, and compressed up to a byte boundary otherwise.
type piece struct {
	plain    []byte
	deflated []byte
	crc      uint32
	size     int
	shift    uint32 // what the size does to the checksum of the bytes before
}

// smallPiece is up to which size a piece stays plain.
const smallPiece = 4 << 10

// pieceWriter makes one piece. It compresses on the way, because a piece may have
// megabytes.
type pieceWriter struct {
	buf bytes.Buffer
	c   *compressor
	// size of what was written.
	size int
}

func (w *pieceWriter) Write(p []byte) (int, error) {
	w.size += len(p)
	n, _ := w.buf.Write(p) // never fails
	if w.buf.Len() < 32<<10 {
		return n, nil
	}
	return n, w.compress()
}

func (w *pieceWriter) compress() error {
	if w.c == nil {
		w.c = newCompressor()
	}
	_, err := w.buf.WriteTo(w.c)
	return err
}

// end returns the piece, and makes the writer ready for the next.
func (w *pieceWriter) end() (piece, error) {
	defer w.reset()
	if w.size <= smallPiece {
		return piece{plain: bytes.Clone(w.buf.Bytes()), size: w.size}, nil
	}
	if err := w.compress(); err != nil {
		return piece{}, err
	}
	if err := w.c.deflate.Flush(); err != nil {
		return piece{}, err
	}
	return piece{deflated: bytes.Clone(w.c.out.Bytes()), crc: w.c.crc, size: w.size, shift: checksumShift(w.size)}, nil
}

func (w *pieceWriter) reset() {
	if w.c != nil {
		w.c.release()
	}
	w.c, w.size = nil, 0
	w.buf.Reset()
}

// joiner puts pieces together to the beginning of a gzip member. Large pieces are not
// compressed again: each was compressed without a reference to the bytes before it.
type joiner struct {
	member
	run *compressor // of small pieces that follow each other
}

func (j *joiner) add(p *piece) error {
	if p.deflated == nil {
		return j.write(p.plain)
	}
	if err := j.endRun(); err != nil {
		return err
	}
	j.append(p.deflated, p.crc, p.size, p.shift)
	return nil
}

func (j *joiner) write(plain []byte) error {
	if j.run == nil {
		j.run = newCompressor()
	}
	_, err := j.run.Write(plain)
	return err
}

func (j *joiner) endRun() error {
	if j.run == nil {
		return nil
	}
	defer func() { j.run.release(); j.run = nil }()
	if err := j.run.deflate.Flush(); err != nil {
		return err
	}
	j.append(bytes.Clone(j.run.out.Bytes()), j.run.crc, int(j.run.size), checksumShift(int(j.run.size)))
	return nil
}

func (j *joiner) append(deflated []byte, crc uint32, size int, shift uint32) {
	j.deflated = append(j.deflated, deflated)
	j.crc = multiply(shift, j.crc) ^ crc
	j.size += uint32(size) //nolint:gosec // wraps around, as gzip has it
}

// end returns the member.
func (j *joiner) end() (*member, error) {
	err := j.endRun()
	m := j.member
	return &m, err
}

// The checksum of two texts in a row is that of the first times x to the number of bits of
// the second, plus that of the second. Polynomials are modulo that of the checksum, with the
// lowest power in the highest bit.
const (
	one         = 1 << 31
	xToTheEight = 1 << (31 - 8)
)

// checksumShift returns x to the number of bits in so many bytes.
func checksumShift(bytes int) uint32 {
	power := uint32(one)
	for square := uint32(xToTheEight); bytes > 0; bytes >>= 1 {
		if bytes&1 == 1 {
			power = multiply(square, power)
		}
		square = multiply(square, square)
	}
	return power
}

// multiply multiplies two polynomials.
func multiply(a, b uint32) (product uint32) {
	for bit := uint32(one); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= crc32.IEEE
		}
	}
	return product
}
