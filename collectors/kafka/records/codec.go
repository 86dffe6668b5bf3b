package records

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy/xerial"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The codecs of a batch.
const (
	codecNone = iota
	codecGZIP
	codecSnappy
	codecLZ4
	codecZSTD
)

const (
	// maxWindow bounds what zstd keeps to refer back to. Levels up to 19 need 8 MiB.
	maxWindow = 16 << 20
	// snappyRatio is more than the format can compress.
	snappyRatio = 32
)

// codec decompresses batches as streams and reuses buffers.
type codec struct {
	gzip gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
}

// open returns a stream of the decompressed data; the caller reads at most limit bytes.
func (c *codec) open(codec int, data []byte, limit int64) (io.Reader, error) {
	if limit <= 0 {
		return nil, errTooLarge
	}
	in := bytes.NewReader(data)
	switch codec {
	case codecNone:
		return in, nil
	case codecGZIP:
		return &c.gzip, c.gzip.Reset(in)
	case codecSnappy:
		// Its library has no stream, only a limit.
		plain, err := xerial.DecodeCapped(make([]byte, 0, min(limit, int64(len(data))*snappyRatio)), data)
		return bytes.NewReader(plain), err
	case codecLZ4:
		if c.lz4 == nil {
			c.lz4 = lz4.NewReader(nil)
		}
		c.lz4.Reset(in)
		return c.lz4, nil
	case codecZSTD:
		if c.zstd != nil {
			return c.zstd, c.zstd.Reset(in)
		}
		var err error
		c.zstd, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		return c.zstd, err
	}
	return nil, errors.New("unknown compression")
}

// close frees what decompressing needed.
func (c *codec) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}
