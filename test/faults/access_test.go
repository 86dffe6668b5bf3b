//go:build integration

package faults_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// beside adds a target that must stay fresh: a table in a file.
func beside(t *testing.T, c settings) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db := openFile(t, path)
	run(t, db, "CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, updated_at INTEGER)", "CREATE INDEX by_state ON orders (state, updated_at)",
		fmt.Sprintf("INSERT INTO orders VALUES ('o-1', 'placed', %d)", time.Now().Add(-time.Hour).Unix()))
	c.add("databases", "name: healthy", fmt.Sprintf("url: \"sqlite://%s\"", path))
	c.add("lifecycles", "name: healthy", "source: {database: healthy, table: orders}", "states: {placed: {max: 10s, next: [paid]}, paid: {}}", schedule())
}

// TestCredentialsThatFailAreShownAndRecover changes the password of the user on the server.
func TestCredentialsThatFailAreShownAndRecover(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	file := filepath.Join(t.TempDir(), "url")
	write(t, file, p.url(p.proxy.Listen))
	c := settings{}
	p.outbox(c, "")
	c["databases"][0] = strings.Replace(c["databases"][0], `url: ""`, fmt.Sprintf("url_file: %q", file), 1)
	beside(t, c)
	w := observe(t, c.String(), []string{p.target, "orders/healthy"})
	const wrong = "wrong password for user"
	password := func(text string) { p.exec("ALTER ROLE watcher PASSWORD '" + text + "'"); p.proxy.cut() }
	w.breaks("credentials", p.target, fault{name: "the password is wrong", shows: wrong, inject: func() { password("other") }, repair: func() { password(secret) }})
	w.breaks("credentials", p.target, fault{
		name: "the account has expired", shows: wrong,
		inject: func() { p.exec("ALTER ROLE watcher VALID UNTIL '2001-01-01'"); p.proxy.cut() }, repair: func() { p.exec("ALTER ROLE watcher VALID UNTIL 'infinity'") },
	})
	w.breaks("credentials", p.target, fault{name: "the password is rotated, and its file follows with SIGHUP", shows: wrong, inject: func() { password("rotated") }, repair: func() {
		write(t, file, strings.Replace(p.url(p.proxy.Listen), secret, "rotated", 1))
		_ = w.cmd.Process.Signal(syscall.SIGHUP)
	}})
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "faults"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	return a
}

func (a *authority) pem() []byte {
	a.t.Helper()
	return a.encode(a.cert, &a.key.PublicKey)
}

func (a *authority) encode(cert *x509.Certificate, public any) []byte {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, public, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// issue gives a PostgreSQL a certificate that ends then, and has it use it.
func (a *authority) issue(p *postgres, ends time.Time) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert := a.encode(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "postgres"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: ends,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)
	for name, text := range map[string][]byte{"server.crt": cert, "server.key": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})} {
		path := filepath.Join(p.data(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			a.t.Fatal(err)
		}
		if p.as.Credential != nil {
			if err := os.Chown(path, int(p.as.Credential.Uid), int(p.as.Credential.Gid)); err != nil {
				a.t.Fatal(err)
			}
		}
	}
	p.exec("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
	eventually(a.t, "the server has the certificate", func() string {
		var on string
		if err := p.admin.QueryRow("SHOW ssl").Scan(&on); err != nil {
			return err.Error()
		}
		return strings.TrimPrefix(on, "on")
	})
	time.Sleep(300 * time.Millisecond) // the postmaster reads the certificate a moment after the setting
	p.proxy.cut()
}

// TestCertificatesThatFailAreShownAndRecover changes the certificate of the server.
func TestCertificatesThatFailAreShownAndRecover(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	ours, other := newAuthority(t), newAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, ours.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	ours.issue(p, later)
	c := settings{}
	p.outbox(c, p.url(p.proxy.Listen)+"?sslmode=verify-full&sslrootcert="+ca)
	beside(t, c)
	w := observe(t, c.String(), []string{p.target, "orders/healthy"})
	renew := func() { ours.issue(p, later) }
	w.breaks("certificates", p.target, fault{name: "the certificate is of another authority", shows: "signed by an authority that is not trusted here", inject: func() { other.issue(p, later) }, repair: renew})
	w.breaks("certificates", p.target, fault{name: "the certificate has expired", shows: "only; renew it", inject: func() { ours.issue(p, time.Now().Add(-time.Hour)) }, repair: renew})
	w.breaks("certificates", p.target, fault{name: "the certificate is rotated", inject: renew, repair: func() {}})
}
