package kafka_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestTokenIsRequestedOnceForAllBrokers(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "orders"))
	seen := bearers(s, 0, anyToken)
	p := newIdentityProvider(t)
	r := watch(t, s.settings(p.sasl("client_secret: "+clientSecret, "scope: 'kafka orders'", "audience: kafka", "extensions: {logicalCluster: lkc-1}")))
	readWhole(t, r)
	s.refuse()
	s.pass()
	readWhole(t, r)
	asked := p.asked()
	if len(asked) != 1 || len(seen()) < 6 {
		t.Fatalf("%d requests for a token for %d authentications", len(asked), len(seen()))
	}
	user, secret, _ := asked[0].BasicAuth()
	if user != "lostorder" || secret != clientSecret || asked[0].Form.Get("grant_type") != "client_credentials" ||
		asked[0].Form.Get("scope") != "kafka orders" || asked[0].Form.Get("audience") != "kafka" {
		t.Errorf("the endpoint was asked %v", asked[0].Form)
	}
	if want := "\x01logicalCluster=lkc-1\x01"; !strings.Contains(seen()[0], want) {
		t.Errorf("the broker got %q, want the extension in it", seen()[0])
	}
}

// TestSessionThatEndsIsAuthenticatedAgainWithANewToken: on the same connection, and with a
// token that lasts longer than the rest of the first.
func TestSessionThatEndsIsAuthenticatedAgainWithANewToken(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	p := newIdentityProvider(t)
	p.life = 2 * time.Second
	seen := bearers(s, 2*time.Second, anyToken)
	r := watch(t, s.settings(p.sasl("client_secret: "+clientSecret)))
	deadline := time.Now().Add(patience)
	for len(seen()) < 3 {
		readWhole(t, r)
		if time.Now().After(deadline) {
			t.Fatal("it does not authenticate again")
		}
		time.Sleep(50 * time.Millisecond) // between readings, as the loop does
	}
	if all := seen(); all[0] == all[1] || all[1] == all[2] || len(p.asked()) > 4 {
		t.Errorf("%d requests for a token; the broker got\n%s", len(p.asked()), strings.Join(all, "\n"))
	}
}

func TestValidTokenIsUsedWhileTheEndpointIsDown(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	p := newIdentityProvider(t)
	p.life = 6 * time.Second
	bearers(s, 200*time.Millisecond, anyToken)
	r := watch(t, s.settings(p.sasl("client_secret: "+clientSecret)))
	readWhole(t, r)
	p.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	deadline := time.Now().Add(patience)
	var failed error
	for failed == nil {
		before := len(p.asked())
		if _, failed = read(t, r); failed == nil && len(p.asked()) > before+2 {
			t.Errorf("%d requests in one reading", len(p.asked())-before)
		}
		if time.Now().After(deadline) {
			t.Fatal("the token has expired and is still used")
		}
		time.Sleep(50 * time.Millisecond) // between readings, as the loop does
	}
	if len(p.asked()) < 2 || !strings.Contains(failed.Error(), "status 503; the identity provider has a fault, and lostorder asks again at the next reading") {
		t.Errorf("%d requests, then %v", len(p.asked()), failed)
	}
	p.says(nil)
	readWhole(t, r)
}

func TestSecretsAndTokensAreReadAgainFromTheirFiles(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	seen := bearers(s, 0, anyToken)
	p := newIdentityProvider(t)
	p.life = 0
	secret, token := filepath.Join(t.TempDir(), "secret"), filepath.Join(t.TempDir(), "token")
	fromSecret := watch(t, s.settings(p.sasl("client_secret_file: "+secret)))
	fromFile := watch(t, s.settings("sasl: {mechanism: OAUTHBEARER, oauthbearer: {token_file: "+token+"}}"))
	for _, text := range []string{"first", "second"} {
		write(t, secret, text+"\n")
		write(t, token, p.token(time.Now(), time.Hour)+"."+text+"\n")
		for _, r := range []interface{ Close() error }{fromSecret, fromFile} {
			_ = r.Close()
		}
		p.says(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token": "opaque", "token_type": "bearer"}`)
		})
		readWhole(t, fromSecret)
		if asked := p.asked(); len(asked) == 0 {
			t.Fatal("the endpoint was not asked")
		} else if _, got, _ := asked[len(asked)-1].BasicAuth(); got != text {
			t.Errorf("the endpoint got the secret %q, want %q", got, text)
		}
		readWhole(t, fromFile)
		if all := seen(); !strings.Contains(all[len(all)-1], "."+text+"\x01") {
			t.Errorf("the broker got %q, want the token of the file", all[len(all)-1])
		}
	}
}

func TestEndpointIsAskedWithASignedAssertion(t *testing.T) {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for want, key := range map[string]crypto.Signer{"RS256": rsaKey, "ES256": p256, "ES384": p384, "EdDSA": ed} {
		t.Run(want, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"))
			bearers(s, 0, anyToken)
			p := newIdentityProvider(t)
			readWhole(t, watch(t, s.settings(p.sasl("private_key_file: "+keyFile(t, key), "key_id: '2026-01'"))))
			form := p.asked()[0].Form
			claims, token := verified(t, form.Get("client_assertion"), key.Public())
			if token.Method.Alg() != want || token.Header["kid"] != "2026-01" || claims.Issuer != "lostorder" || claims.Subject != "lostorder" ||
				!slices.Equal(claims.Audience, []string{p.URL + "/token"}) || claims.ID == "" || time.Until(claims.ExpiresAt.Time) > 5*time.Minute {
				t.Errorf("the assertion has %v and %+v", token.Header, claims)
			}
			if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Get("client_secret") != "" {
				t.Errorf("the endpoint was asked %v", form)
			}
		})
	}
}

func TestTokenErrorsSayWhatToDo(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	bearers(s, 0, func(token string) bool { return !strings.HasPrefix(token, "refused") && strings.Count(token, ".") != 2 })
	p := newIdentityProvider(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		write(t, path, text)
		return path
	}
	fromFile := func(path string) string {
		return "sasl: {mechanism: OAUTHBEARER, oauthbearer: {token_file: " + path + "}}"
	}
	secret := p.sasl("client_secret: " + clientSecret)
	answer := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		sasl   string
		want   string
	}{
		"a wrong secret, which the endpoint repeats": {
			answer(401, `{"error": "invalid_client", "error_description": "not `+clientSecret+`"}`), secret,
			`the token endpoint refused: status 401 "invalid_client"; check client_id and the client's secret or key in kafka[].sasl.oauthbearer`,
		},
		"a wrong secret, with an explanation": {
			answer(401, `{"error": "invalid_client", "error_description": "AADSTS7000222: the secret has expired"}`), secret,
			`status 401 "invalid_client" ("AADSTS7000222: the secret has expired"); check client_id`,
		},
		"401 without a word of OAuth": {answer(401, "<h1>"+clientSecret+"</h1>"), secret, "status 401; check client_id"},
		"a scope that does not exist": {answer(400, `{"error": "invalid_scope"}`), secret, `status 400 "invalid_scope"; check kafka[].sasl.oauthbearer.scope`},
		"another address":             {answer(404, ""), secret, "status 404; check kafka[].sasl.oauthbearer.token_endpoint_url"},
		"a redirect":                  {answer(302, ""), secret, "status 302; check kafka[].sasl.oauthbearer.token_endpoint_url"},
		"a page instead of a token":   {answer(200, "<h1>welcome</h1>"), secret, "the token endpoint answered no token; check kafka[].sasl.oauthbearer.token_endpoint_url"},
		"no token in the answer":      {answer(200, `{}`), secret, "the token endpoint answered no token; check kafka[].sasl.oauthbearer.token_endpoint_url"},
		"a token that has expired": {
			answer(200, `{"access_token": "`+p.token(time.Now().Add(-2*time.Hour), time.Hour)+`"}`), secret,
			"the token endpoint returned a token that expired at ",
		},
		"an endpoint that hangs": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, secret,
			"no answer of the token endpoint within the timeout; check kafka[].sasl.oauthbearer.token_endpoint_url",
		},
		"no endpoint": {
			nil, "sasl: {mechanism: OAUTHBEARER, oauthbearer: {token_endpoint_url: 'http://127.0.0.1:1/?key=" + clientSecret + "', client_id: a, client_secret: " + clientSecret + "}}",
			"ask the token endpoint for a token: dial tcp 127.0.0.1:1: connect: connection refused; check",
		},
		"no file of the secret":   {nil, p.sasl("client_secret_file: /nonexistent"), "read kafka[].sasl.oauthbearer.client_secret_file: open /nonexistent: no such file or directory"},
		"no file of the key":      {nil, p.sasl("private_key_file: /nonexistent"), "read kafka[].sasl.oauthbearer.private_key_file: open /nonexistent: no such file"},
		"a key that is none":      {nil, p.sasl("private_key_file: " + file("key", clientSecret)), "read kafka[].sasl.oauthbearer.private_key_file: no PEM block in it"},
		"no file of the token":    {nil, fromFile("/nonexistent"), "read kafka[].sasl.oauthbearer.token_file: open /nonexistent: no such file"},
		"an empty file":           {nil, fromFile(file("empty", "\n")), "read kafka[].sasl.oauthbearer.token_file: " + filepath.Join(dir, "empty") + " is empty"},
		"a token that is too old": {nil, fromFile(file("old", p.token(time.Now().Add(-2*time.Hour), time.Hour))), "the token in kafka[].sasl.oauthbearer.token_file expired at "},
		"a token that the broker refuses": {
			nil, fromFile(file("valid", p.token(time.Now(), time.Hour))),
			`the broker refused the token (issuer "https://idp.example.com", audience "kafka", subject "lostorder", scope "kafka", expires "`,
		},
		"a token that is no JWT": {nil, fromFile(file("refused", "refused-"+clientSecret)), "the broker refused the token (it is not a JWT); compare"},
	} {
		t.Run(name, func(t *testing.T) {
			p.says(test.answer)
			_, err := read(t, watch(t, s.settings(test.sasl, "timeout: 2s")))
			if want := "read topics: " + s.ListenAddrs()[0] + ": " + test.want; err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), test.want) ||
				strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "eyJ") {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}

func TestEndpointIsAskedOnceWhereItRefuses(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(1, "orders"))
	bearers(s, 0, anyToken)
	p := newIdentityProvider(t)
	p.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, err := read(t, watch(t, s.settings(p.sasl("private_key_file: "+keyFile(t, key)))))
	if n := len(p.asked()); err == nil || n != 1 {
		t.Errorf("%d requests, then %v", n, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keyFile writes a private key.
func keyFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%T.pem", key))
	write(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return path
}
