package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// issuer signs the certificates of clients.
type issuer struct {
	cert   *x509.Certificate
	key    any
	serial int64
}

// newIssuer makes an authority that no broker knows.
func newIssuer(t *testing.T) *issuer {
	t.Helper()
	made, _ := certificate(t)
	cert, err := x509.ParseCertificate(made.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert: cert, key: made.PrivateKey, serial: 1}
}

// writeCertificate writes a client's certificate and its key.
func (i *issuer) writeCertificate(t *testing.T, certFile, keyFile string, expires time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), Subject: pkix.Name{CommonName: "lostorder"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-3 * time.Hour), NotAfter: expires,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.cert, key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func TestRenewedClientCertificateIsUsedInTheNextReading(t *testing.T) {
	server, authority := certificate(t)
	var (
		mu   sync.Mutex
		seen []int64
	)
	s := serve(t, kfake.SeedTopics(1, "orders"), kfake.TLS(&tls.Config{
		Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAnyClientCert,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			cert, err := x509.ParseCertificate(raw[0])
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, cert.SerialNumber.Int64())
			return nil
		},
	}))
	reads := func(want ...int64) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(seen, want) {
			t.Errorf("the broker saw the certificates %v, want %v", seen, want)
		}
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "client.pem"), filepath.Join(dir, "key.pem")
	issuer := newIssuer(t)
	issuer.writeCertificate(t, certFile, keyFile, time.Now().Add(time.Hour))
	r := watch(t, s.settings("tls: {server_name: localhost, ca_file: "+authority+", cert_file: "+certFile+", key_file: "+keyFile+"}"))
	readWhole(t, r)
	readWhole(t, r)
	reads(2)
	// The certificate is there, and its key is not yet.
	issuer.writeCertificate(t, certFile, filepath.Join(dir, "late.pem"), time.Now().Add(time.Hour))
	readWhole(t, r)
	reads(2)
	issuer.writeCertificate(t, certFile, keyFile, time.Now().Add(time.Hour))
	readWhole(t, r)
	readWhole(t, r)
	reads(2, 4)
}
