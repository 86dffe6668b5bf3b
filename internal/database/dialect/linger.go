package dialect

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// lingering is how long closing a connection waits for the server to close its side.
const lingering = time.Second / 5

// Dial connects to a server.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Linger has each connection wait, when it is closed, until the server has closed its side:
// until then the server counts it. A server that closes first and stops counting then gets
// the time of settle for that.
func Linger(dial func(ctx context.Context, network, addr string) (net.Conn, error), settle time.Duration) Dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &lingeringConn{Conn: conn, settle: settle}, nil
	}
}

type lingeringConn struct {
	net.Conn
	settle time.Duration
	once   sync.Once
}

func (c *lingeringConn) Close() (err error) {
	c.once.Do(func() {
		_ = c.SetReadDeadline(time.Now().Add(lingering))
		if _, err := io.Copy(io.Discard, c.Conn); err == nil {
			time.Sleep(c.settle)
		}
		err = c.Conn.Close()
	})
	return err
}
