package dialect

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// LargestAnswer is how much a server may send as the answer to what was written last. The
// largest honest one, fifty thousand keys, is a fifth of that.
const LargestAnswer = 64 << 20

// ErrTooLarge says that a server sent more than any answer to lostorder is.
var ErrTooLarge = errors.New("the server sent more than 64 MiB as one answer, which no answer to lostorder is")

// Bounded has each connection fail when a server sends an endless answer: a driver, or
// the code that collects its rows, would keep all of it.
func Bounded(dial Dial) Dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &boundedConn{Conn: conn}, nil
	}
}

type boundedConn struct {
	net.Conn
	read atomic.Int64 // since the last write
}

func (c *boundedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.read.Add(int64(n)) > LargestAnswer {
		_ = c.Close()
		return 0, ErrTooLarge
	}
	return n, err
}

func (c *boundedConn) Write(b []byte) (int, error) {
	c.read.Store(0)
	return c.Conn.Write(b)
}
