package client

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// certificates watches the files of the TLS section. Brokers check a client's certificate only
// when it connects: a connection would outlive its certificate, and the broker's trust in it.
type certificates struct {
	tls  *TLS
	used [sha256.Size]byte // what the files held when connections were last made
}

// renewed reports, once, that the files have changed. It waits while certificate and key do
// not fit together, because one of them is not yet written.
func (c *certificates) renewed() bool {
	if c.tls == nil || !c.tls.Enabled || c.tls.CAFile+c.tls.CertFile == "" {
		return false
	}
	sum := sha256.New()
	for _, path := range []string{c.tls.CAFile, c.tls.CertFile, c.tls.KeyFile} {
		text, _ := os.ReadFile(path) // a file that is missing fails below
		_, _ = fmt.Fprintf(sum, "%x\n", sha256.Sum256(text))
	}
	now := [sha256.Size]byte(sum.Sum(nil))
	if now == c.used {
		return false
	}
	if _, err := c.tls.Client(tlsKey); err != nil {
		return false
	}
	first := c.used == [sha256.Size]byte{}
	c.used = now
	return !first
}

// tlsKey is the place of the section in the config file, for errors.
const tlsKey = "kafka[].tls"

// expired says since when the client's own certificate is not valid; empty if it is.
func (t *TLS) expired(now time.Time) string {
	if t == nil || t.CertFile == "" {
		return ""
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil || pair.Leaf == nil || now.Before(pair.Leaf.NotAfter) {
		return ""
	}
	return pair.Leaf.NotAfter.UTC().Format(time.RFC3339)
}

// alert is what the broker says when it ends the TLS connection; empty if it is not that.
func alert(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return ""
	}
	return strings.TrimPrefix(op.Err.Error(), "tls: ")
}

// explainAlert says what to do about a client certificate that the broker does not take. In
// TLS 1.3 the answer to it comes after the handshake.
func (t *TLS) explainAlert(said string) error {
	if since := t.expired(time.Now()); since != "" {
		return fmt.Errorf("the client certificate in %s.cert_file expired at %s; renew %s, which is read again at the next reading", tlsKey, since, t.CertFile)
	}
	if t.CertFile == "" && (strings.Contains(said, "certificate required") || strings.Contains(said, "bad certificate")) {
		return fmt.Errorf("the broker wants a client certificate (%s); set %s.cert_file and key_file", said, tlsKey)
	}
	if strings.Contains(said, "certificate") {
		return fmt.Errorf("the broker refused the client certificate (%s); check %s.cert_file, and that the broker trusts its authority", said, tlsKey)
	}
	return fmt.Errorf("the broker ended the TLS connection: %s; check %s", said, tlsKey)
}
