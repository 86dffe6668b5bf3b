package kafka_test

import (
	"crypto"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// clientSecret must not appear in any error.
const clientSecret = "horse-battery-staple"

// identityProvider is an OIDC server with a token endpoint, as far as a client of it sees.
type identityProvider struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	requests []http.Request
	life     time.Duration
	answer   http.HandlerFunc // instead of a token, if set
	claims   jwt.MapClaims    // besides the usual
	method   jwt.SigningMethod
	key      any
}

func newIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	p := &identityProvider{t: t, life: time.Hour, method: jwt.SigningMethodHS256, key: []byte("a key of a test")}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *identityProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.mu.Lock()
	p.requests = append(p.requests, *r)
	answer, life := p.answer, p.life
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": p.token(time.Now(), life), "token_type": "Bearer", "expires_in": int(life.Seconds())})
}

// token is a signed token of the user lostorder.
func (p *identityProvider) token(issued time.Time, life time.Duration) string {
	p.t.Helper()
	claims := jwt.MapClaims{
		"iss": "https://idp.example.com", "aud": "kafka", "sub": "lostorder", "scope": "kafka",
		"iat": issued.Unix(), "exp": issued.Add(life).Unix(), "jti": time.Now().String(),
	}
	maps.Copy(claims, p.claims)
	token := jwt.NewWithClaims(p.method, claims)
	token.Header["kid"] = "tests"
	signed, err := token.SignedString(p.key)
	if err != nil {
		p.t.Error(err)
	}
	return signed
}

// says answers with a text instead of a token; nil answers with tokens again.
func (p *identityProvider) says(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *identityProvider) asked() []http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]http.Request(nil), p.requests...)
}

// sasl is the section of the config file that asks it with a secret.
func (p *identityProvider) sasl(more ...string) string {
	return "sasl: {mechanism: OAUTHBEARER, oauthbearer: {" +
		strings.Join(append([]string{"token_endpoint_url: '" + p.URL + "/token'", "client_id: lostorder"}, more...), ", ") + "}}"
}

// bearers makes an embedded Kafka take tokens. A session ends with the given time, unless
// it is zero.
func bearers(s *server, session time.Duration, accept func(token string) bool) (seen func() []string) {
	var (
		mu  sync.Mutex
		all []string
	)
	s.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		return req.ResponseKind(), nil, true
	})
	s.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		given := string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		_, token, _ := strings.Cut(given, "auth=Bearer ")
		token, _, _ = strings.Cut(token, "\x01")
		mu.Lock()
		all = append(all, given)
		mu.Unlock()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.SessionLifetimeMillis = session.Milliseconds()
		if !accept(token) {
			resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
			resp.ErrorMessage = new("invalid token: " + token)
		}
		return resp, nil, true
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

func anyToken(string) bool { return true }

// verified returns the claims of an assertion that a key has signed.
func verified(t *testing.T, assertion string, key crypto.PublicKey) (jwt.RegisteredClaims, *jwt.Token) {
	t.Helper()
	var claims jwt.RegisteredClaims
	token, err := jwt.ParseWithClaims(assertion, &claims, func(*jwt.Token) (any, error) { return key, nil }, jwt.WithExpirationRequired())
	if err != nil {
		t.Fatalf("the assertion %s: %v", assertion, err)
	}
	return claims, token
}
