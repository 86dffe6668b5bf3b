package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/IBM/sarama"
)

// handshakeError is a TLS handshake that failed.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// Explain turns an error of a connection into one that says what to do. It leaves out the
// broker's own words where they could repeat a secret.
func (c *Cluster) Explain(err error) error {
	var (
		handshake *handshakeError
		lookup    *net.DNSError
		token     *tokenError
	)
	if c.conf.Net.SASL.Mechanism == sarama.SASLTypeGSSAPI {
		if explained := explainKerberos(&c.conf.Net.SASL.GSSAPI, err); explained != nil {
			return explained
		}
	}
	switch {
	case errors.As(err, &token):
		return token
	case errors.Is(err, sarama.ErrSASLAuthenticationFailed):
		return explainRefused(c.conf)
	case errors.Is(err, sarama.ErrUnsupportedSASLMechanism):
		return fmt.Errorf("the broker does not offer SASL %s; check kafka[].sasl.mechanism", c.conf.Net.SASL.Mechanism)
	case errors.Is(err, sarama.ErrIllegalSASLState):
		return errors.New("the broker does not accept SASL on this port; check kafka[].sasl")
	case alert(err) != "" && c.dialer.tls != nil:
		return c.dialer.tls.explainAlert(alert(err))
	case errors.As(err, &handshake):
		return explainHandshake(handshake.err)
	case errors.As(err, &lookup):
		return fmt.Errorf("no host %s: %s", lookup.Name, lookup.Err)
	case c.conf.Net.SASL.Enable && isClosed(err):
		return errors.New("the broker closed the connection; check kafka[].sasl, and whether the port needs TLS (kafka[].tls)")
	case isClosed(err):
		return errors.New("the broker closed the connection; does the port need TLS (kafka[].tls) or SASL (kafka[].sasl)?")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused")
	}
	return err
}

func explainHandshake(err error) error {
	var (
		plain     tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return timeoutError("no answer to the TLS handshake within the timeout; if the port has no TLS, omit kafka[].tls")
	case errors.As(err, &plain), isClosed(err):
		return errors.New("no TLS on this port; omit kafka[].tls, or use the broker's TLS port")
	case errors.As(err, &authority):
		return fmt.Errorf("the broker's certificate is not trusted (%w); check kafka[].tls.ca_file", err)
	case errors.As(err, &name):
		return fmt.Errorf("the broker's certificate is for another host (%w); check kafka[].tls.server_name", err)
	}
	return fmt.Errorf("TLS handshake failed: %w", err)
}

// isClosed reports whether the broker closed the connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
