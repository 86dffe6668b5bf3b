package telemetry

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// member is the beginning of a gzip member, compressed up to a byte boundary. The rest
// differs from scrape to scrape and is appended to it. It is one member and not two,
// because some clients stop after the first.
type member struct {
	deflated [][]byte // in parts
	crc      uint32
	size     uint32 // of the plain bytes, modulo 2³² as gzip has it
}

// gzipHeader is that of a gzip file without name, time or extras.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}

// lastBlock is an empty last block of deflate.
var lastBlock = []byte{1, 0, 0, 0xff, 0xff}

// The fastest level: metrics repeat themselves so much that a better one saves
// little and costs several times the CPU.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// compressor compresses what is written to it, and keeps count.
type compressor struct {
	out     bytes.Buffer
	deflate *flate.Writer
	crc     uint32
	size    uint32
}

func newCompressor() *compressor {
	c := &compressor{deflate: deflaters.Get().(*flate.Writer)}
	c.deflate.Reset(&c.out)
	return c
}

func (c *compressor) Write(p []byte) (int, error) {
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p)
	c.size += uint32(len(p)) //nolint:gosec // wraps around, as gzip has it
	return c.deflate.Write(p)
}

func (c *compressor) release() {
	c.deflate.Reset(io.Discard) // so that the pool does not hold the bytes
	deflaters.Put(c.deflate)
}

// end returns what completes the member with the given plain bytes behind it.
func (m *member) end(rest []byte) ([]byte, error) {
	c := newCompressor()
	defer c.release()
	c.crc, c.size = m.crc, m.size
	if _, err := c.Write(rest); err != nil {
		return nil, err
	}
	if err := c.deflate.Close(); err != nil {
		return nil, err
	}
	tail := binary.LittleEndian.AppendUint32(c.out.Bytes(), c.crc)
	return binary.LittleEndian.AppendUint32(tail, c.size), nil
}

// length is how many bytes the beginning has, compressed.
func (m *member) length() (n int) {
	for _, part := range m.deflated {
		n += len(part)
	}
	return n
}

// plain returns a reader of the beginning, decompressed on the way.
func (m *member) plain() io.Reader {
	parts := make([]io.Reader, 0, len(m.deflated)+1)
	for _, part := range m.deflated {
		parts = append(parts, bytes.NewReader(part))
	}
	return flate.NewReader(bufio.NewReader(io.MultiReader(append(parts, bytes.NewReader(lastBlock))...)))
}
