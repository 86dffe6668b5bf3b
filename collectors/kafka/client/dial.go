package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// dialer makes the connections to the brokers and can end them all at once. sarama's calls
// take no context: closing their connection ends them.
type dialer struct {
	tls     *TLS
	timeout time.Duration

	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // of the reading under way, see begin
	conns map[*conn]struct{}
}

func newDialer(settings *TLS, timeout time.Duration) *dialer {
	return &dialer{tls: settings, timeout: timeout, ctx: context.Background(), conns: map[*conn]struct{}{}}
}

// Begin ties all connections, those that are open and those to come, to ctx until
// the returned function is called.
func (d *dialer) begin(ctx context.Context) (end func()) {
	d.mu.Lock()
	d.ctx = ctx
	d.mu.Unlock()
	stop := context.AfterFunc(ctx, d.cut)
	return func() { stop() }
}

// reading is the context of the reading under way.
func (d *dialer) reading() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

// cut closes every connection.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		_ = c.Conn.Close()
	}
}

// Dial connects to a broker, with TLS if it is wanted.
func (d *dialer) Dial(network, addr string) (net.Conn, error) {
	parent := d.reading()
	ctx, cancel := context.WithTimeout(parent, d.timeout)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, plainDialError(err)
	}
	if d.tls != nil && d.tls.Enabled {
		if raw, err = d.encrypt(ctx, raw, addr); err != nil {
			return nil, err
		}
	}
	c := &conn{Conn: raw, dialer: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := parent.Err(); err != nil {
		_ = raw.Close()
		return nil, err
	}
	d.conns[c] = struct{}{}
	return c, nil
}

// link dials for one broker, and keeps the connection that it made.
type link struct {
	dialer interface {
		Dial(network, addr string) (net.Conn, error)
	}
	conn net.Conn
}

// Dial connects, as sarama asks.
func (l *link) Dial(network, addr string) (net.Conn, error) {
	c, err := l.dialer.Dial(network, addr)
	if err == nil {
		l.conn = c
	}
	return c, err
}

// encrypt does the handshake here and not at the first write, so that errors of TLS and of
// Kafka can be distinguished.
func (d *dialer) encrypt(ctx context.Context, raw net.Conn, addr string) (net.Conn, error) {
	settings, err := d.tls.Client(tlsKey)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if settings.ServerName == "" {
		settings.ServerName = addr
		if host, _, err := net.SplitHostPort(addr); err == nil {
			settings.ServerName = host
		}
	}
	secured := tls.Client(raw, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &handshakeError{err}
	}
	return secured, nil
}

// plainDialError leaves out the address, which the caller names.
func plainDialError(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	if op.Timeout() {
		return errNoConnection
	}
	return op.Err
}
