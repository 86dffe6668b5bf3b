//go:build integration

package kafka_test

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkaclient "github.com/lostorder/lostorder/collectors/kafka/client"
)

// realIssuer is the authority that the broker of test/parts trusts.
func realIssuer(t *testing.T) *issuer {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(address(t, "KAFKA_TLS_CA"), address(t, "KAFKA_TLS_CA_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert: cert, key: pair.PrivateKey, serial: 100}
}

func TestRealBrokerThatWantsClientCertificates(t *testing.T) {
	s := open(t, 1)
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	dir := t.TempDir()
	known, unknown := realIssuer(t), newIssuer(t)
	addr, ca := address(t, "KAFKA_MTLS_ADDR"), address(t, "KAFKA_TLS_CA")
	certFile, keyFile := filepath.Join(dir, "client.pem"), filepath.Join(dir, "key.pem")
	with := "tls: {ca_file: " + ca + ", cert_file: " + certFile + ", key_file: " + keyFile + "}"
	later := time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		from    *issuer
		expires time.Time
		tls     string
		want    string
	}{
		"no certificate":                      {known, later, "tls: {ca_file: " + ca + "}", "the broker wants a client certificate ("},
		"a certificate of another authority":  {unknown, later, with, "the broker refused the client certificate ("},
		"a certificate that has just expired": {known, time.Now().Add(-time.Minute), with, "the client certificate in kafka[].tls.cert_file expired at "},
	} {
		t.Run(name, func(t *testing.T) {
			test.from.writeCertificate(t, certFile, keyFile, test.expires)
			if _, err := read(t, watch(t, s.watched(t, addr, test.tls, "timeout: 4s"))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("a certificate that is renewed", func(t *testing.T) {
		known.writeCertificate(t, certFile, keyFile, later)
		r := watch(t, s.watched(t, addr, with))
		before := kafkaclient.Requests()["ApiVersions"]
		for range 3 {
			mustQueue(t, readWhole(t, r), s.topic, s.topic)
		}
		first := kafkaclient.Requests()["ApiVersions"] - before
		known.writeCertificate(t, certFile, keyFile, later)
		for range 3 {
			mustQueue(t, readWhole(t, r), s.topic, s.topic)
		}
		if second := kafkaclient.Requests()["ApiVersions"] - before - first; first == 0 || second != first {
			t.Errorf("%d connections, and %d after the certificate was renewed", first, second)
		}
		// A new certificate that the broker refuses is an error, not a connection that lives on.
		unknown.writeCertificate(t, certFile, keyFile, later)
		if _, err := read(t, r); err == nil || !strings.Contains(err.Error(), "the broker refused the client certificate (") {
			t.Errorf("got %v", err)
		}
	})
}
