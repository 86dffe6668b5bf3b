package postgres

import (
	"context"
	"net"
	"sync"
	"time"
)

// connections are the connections of one database, so that those that hang can be
// cut.
type connections struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu   sync.Mutex
	end  context.Context
	stop context.CancelFunc
}

func (c *connections) context() (context.Context, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.end, c.stop = context.WithCancel(context.Background())
	}
	return c.end, c.stop
}

// Dial connects, and has the connection cut at the end.
func (c *connections) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	end, _ := c.context()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(end, cancel)()
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	cut := context.AfterFunc(end, func() { _ = conn.Close() })
	return &connection{conn, cut}, nil
}

// closing begins to cut connections after a while, and returns what cuts them at
// once.
func (c *connections) closing(after time.Duration) func() {
	_, stop := c.context()
	timer := time.AfterFunc(after, stop)
	return func() {
		timer.Stop()
		stop()
	}
}

// connection is one that is cut at the end.
type connection struct {
	net.Conn
	forget func() bool
}

// Close closes the connection.
func (c *connection) Close() error {
	c.forget()
	return c.Conn.Close()
}
