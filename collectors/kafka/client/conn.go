package client

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
)

// Errors of a connection. They leave out the address, which stands where the broker is
// named.
var (
	errNoConnection = timeoutError("no connection within the timeout")
	errNoAnswer     = timeoutError("no answer within the timeout")
	errSpeaksTLS    = errors.New("the port speaks TLS; set kafka[].tls")
	errNotKafka     = errors.New("the port does not speak the Kafka protocol")
)

// timeoutError is an error that is a timeout.
type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (e timeoutError) Timeout() bool { return true }

// conn is a connection to a broker. After the first timeout it fails at once:
// sarama would wait for the whole timeout again at each further Step of opening a
// connection, and a broker that hangs would cost a multiple of it.
type conn struct {
	net.Conn
	dialer *dialer

	mu     sync.Mutex
	broken error
	head   []byte // the first four bytes, the length of the first answer
}

// Read reads. It checks in the first bytes that Kafka answers: sarama takes any four bytes
// for a length and allocates as much.
func (c *conn) Read(b []byte) (int, error) {
	if err := c.state(nil); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if missing := lengthBytes - len(c.head); n > 0 && missing > 0 {
		c.head = append(c.head, b[:min(n, missing)]...)
		switch {
		case c.head[0] == tlsAlert || c.head[0] == tlsHandshake:
			return 0, c.state(errSpeaksTLS)
		case c.head[0] > largestResponse>>24, len(c.head) == lengthBytes && !isLength(c.head):
			return 0, c.state(errNotKafka)
		}
	}
	return n, c.state(err)
}

// isLength reports whether an answer may be that long. It has a number of four bytes at
// least: sarama takes less for four gigabytes.
func isLength(head []byte) bool {
	length := binary.BigEndian.Uint32(head)
	return length >= lengthBytes && length <= largestResponse
}

const (
	lengthBytes  = 4
	tlsAlert     = 0x15
	tlsHandshake = 0x16
	// largestResponse bounds a response. sarama makes room for lists as they are announced,
	// which may take many times that. A million commits of groups have 20 MB.
	largestResponse = 32 << 20
)

// Write writes a request and counts it.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.state(nil); err != nil {
		return 0, err
	}
	countRequest(b)
	n, err := c.Conn.Write(b)
	return n, c.state(err)
}

// Close ends the connection.
func (c *conn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.conns, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}

// state keeps the first error that ends the connection, and returns it from then on.
func (c *conn) state(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errSpeaksTLS), errors.Is(err, errNotKafka):
		c.broken = err
	case alert(err) != "":
		c.broken = err
	case errors.As(err, &network) && network.Timeout():
		c.broken = errNoAnswer
	default:
		return err
	}
	return c.broken
}
