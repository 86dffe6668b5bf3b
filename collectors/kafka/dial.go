package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// dialer makes the connections to the brokers and can end them all at once.
// sarama's calls take no context: what ends them when the context does is that
// their connection is closed under them.
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

// begin ties all connections, those that are open and those to come, to ctx until
// the returned function is called.
func (d *dialer) begin(ctx context.Context) (end func()) {
	d.mu.Lock()
	d.ctx = ctx
	d.mu.Unlock()
	stop := context.AfterFunc(ctx, d.cut)
	return func() { stop() }
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
	d.mu.Lock()
	parent := d.ctx
	d.mu.Unlock()
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

// encrypt shakes hands here and not at the first write, so that what is wrong
// with it can be told apart from what is wrong with Kafka.
func (d *dialer) encrypt(ctx context.Context, raw net.Conn, addr string) (net.Conn, error) {
	settings, err := d.tls.settings(addr)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	secured := tls.Client(raw, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &handshakeError{err}
	}
	return secured, nil
}

// settings reads the files anew, so that a certificate that was renewed counts
// from the next connection on.
func (t *TLS) settings(addr string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // by choice of the operator
	if t.ServerName != "" {
		settings.ServerName = t.ServerName
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read kafka[].tls.ca_file: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read kafka[].tls.ca_file: no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read kafka[].tls.cert_file and key_file: %w", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return settings, nil
}

// plainDialError takes off what names the address a second time.
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
