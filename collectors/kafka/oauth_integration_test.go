//go:build integration

package kafka_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	kafkaclient "github.com/lostorder/lostorder/collectors/kafka/client"
)

// realIdentityProvider signs with the key that the broker of test/parts trusts.
func realIdentityProvider(t *testing.T) (*identityProvider, *rsa.PrivateKey) {
	t.Helper()
	text, err := os.ReadFile(address(t, "KAFKA_TOKEN_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	p := newIdentityProvider(t)
	p.method, p.key = jwt.SigningMethodRS256, key
	return p, key.(*rsa.PrivateKey)
}

func TestRealBrokerTakesTokens(t *testing.T) {
	s := open(t, 1)
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	p, key := realIdentityProvider(t)
	addr := address(t, "KAFKA_SESSION_ADDR")
	file := filepath.Join(t.TempDir(), "token")
	fromFile := "sasl: {mechanism: OAUTHBEARER, oauthbearer: {token_file: " + file + "}}"
	for name, test := range map[string]struct {
		sasl   string
		claims jwt.MapClaims
		want   string // in the error; none: it is read
	}{
		"client credentials": {p.sasl("client_secret: " + clientSecret), nil, ""},
		"private_key_jwt":    {p.sasl("private_key_file: " + keyFile(t, key)), nil, ""},
		"a file":             {fromFile, nil, ""},
		"another audience":   {p.sasl("client_secret: " + clientSecret), jwt.MapClaims{"aud": "payments"}, `the broker refused the token (issuer "https://idp.example.com", audience "payments", subject "lostorder"`},
		"another issuer":     {fromFile, jwt.MapClaims{"iss": "https://other.example.com"}, `the broker refused the token (issuer "https://other.example.com"`},
		"a clock ahead":      {fromFile, jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}, "the broker refused the token"},
		"SCRAM on this port": {"sasl: {mechanism: SCRAM-SHA-256, username: a, password: b}", nil, "the broker does not offer SASL SCRAM-SHA-256; check kafka[].sasl.mechanism"},
	} {
		t.Run(name, func(t *testing.T) {
			p.claims = test.claims
			write(t, file, p.token(time.Now(), time.Hour))
			report, err := read(t, watch(t, s.watched(t, addr, test.sasl, "timeout: 4s")))
			switch {
			case test.want == "":
				if err != nil {
					t.Fatal(err)
				}
				mustQueue(t, report, s.topic, s.topic)
			case err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "eyJ"):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestRealSessionsAreRenewedOnTheSameConnection: the broker ends sessions after two seconds
// (KIP-368). A client that does not authenticate again loses its connection.
func TestRealSessionsAreRenewedOnTheSameConnection(t *testing.T) {
	s := open(t, 1)
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	p, _ := realIdentityProvider(t)
	p.life = 5 * time.Second
	for name, sasl := range map[string]string{
		"OAUTHBEARER":   p.sasl("client_secret: " + clientSecret),
		"PLAIN":         "sasl: {username: lostorder, password: lostorder-secret}",
		"SCRAM-SHA-512": "sasl: {mechanism: SCRAM-SHA-512, username: lostorder, password: lostorder-secret}",
	} {
		t.Run(name, func(t *testing.T) {
			r := watch(t, s.watched(t, address(t, "KAFKA_SESSION_ADDR"), sasl))
			before := kafkaclient.Requests()
			for began := time.Now(); time.Since(began) < 9*time.Second; time.Sleep(250 * time.Millisecond) { // as the loop does
				mustQueue(t, readWhole(t, r), s.topic, s.topic)
			}
			after := kafkaclient.Requests()
			handshakes, connections := after["SASLHandshake"]-before["SASLHandshake"], after["ApiVersions"]-before["ApiVersions"]
			// A machine that is busy for the last tenth of a session misses it, and connects again.
			if handshakes < 4 || handshakes < connections+2 {
				t.Errorf("%d handshakes on %d connections in 9 s, want one every 2 s, most of them on the same connection", handshakes, connections)
			}
		})
	}
}
