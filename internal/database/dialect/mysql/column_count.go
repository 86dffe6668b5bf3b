package mysql

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// mostColumns is the most that a table of MySQL may have.
const mostColumns = 4096

var errColumns = errors.New("the server announces more columns than a table may have; is it the right server?")

// countColumns has each connection fail when a server announces millions of columns: the
// driver makes room for all of them before the first has come. It sees connections
// without TLS only; with it, the server has proved who it is, or the operator waived that.
func countColumns(dial dialect.Dial) dialect.Dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &countingConn{Conn: conn}, nil
	}
}

// countingConn reads the first bytes of the answer to each command.
type countingConn struct {
	net.Conn
	asked atomic.Bool // a command was written, and its answer not yet seen
	head  []byte
}

// announced is how many bytes the announcement of columns has at most: length, number of
// the packet, and the count.
const announced = 4 + 9

func (c *countingConn) Write(b []byte) (int, error) {
	c.asked.Store(true)
	return c.Conn.Write(b)
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.asked.CompareAndSwap(true, false) {
		c.head = c.head[:0]
	}
	if room := announced - len(c.head); n > 0 && room > 0 {
		c.head = append(c.head, b[:min(n, room)]...)
		if columnsOf(c.head) > mostColumns {
			_ = c.Close()
			return 0, errColumns
		}
	}
	return n, err
}

// columnsOf is how many columns a packet announces that is the first of an answer; 0 where
// it is another packet, or not complete.
func columnsOf(head []byte) uint64 {
	if len(head) < 5 || head[1] != 0 || head[2] != 0 || head[3] != 1 || int(head[0])+4 > len(head) {
		return 0
	}
	count := head[4 : 4+head[0]]
	switch {
	case count[0] == 0xfc && len(count) == 3:
		return uint64(binary.LittleEndian.Uint16(count[1:]))
	case count[0] == 0xfd && len(count) == 4:
		return uint64(count[1]) | uint64(count[2])<<8 | uint64(count[3])<<16
	case count[0] == 0xfe && len(count) == 9:
		return binary.LittleEndian.Uint64(count[1:])
	}
	return 0
}
