package client

import (
	"context"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/singleflight"
)

// token is a bearer token and how long it lasts. A zero time is unknown.
type token struct {
	text            string
	issued, expires time.Time
}

// renewal is the part of its life after which a token is renewed. The broker ends a session
// with its token, and sarama authenticates again after 85 to 95 percent of the session: the
// token is a new one by then.
const renewal = 0.75

// stale reports whether it is time to get another one.
func (t *token) stale(now time.Time) bool {
	if t.text == "" || t.expires.IsZero() {
		return true
	}
	life := t.expires.Sub(t.issued)
	return now.Sub(t.issued) >= time.Duration(renewal*float64(life))
}

// tokens gives sarama a valid token. All connections share it, and one request at a time asks
// for the next.
type tokens struct {
	conf   source
	dialer *dialer
	flight singleflight.Group

	mu    sync.Mutex
	last  token
	retry time.Time // a valid token is not renewed before, because an attempt failed
}

// pause is the time between attempts to renew a token that is still valid.
const pause = 10 * time.Second

// source is where tokens come from.
type source interface {
	fetch(ctx context.Context) (token, error)
	extensions() map[string]string
}

func newTokens(from source, d *dialer) *tokens { return &tokens{conf: from, dialer: d} }

// tokenError is a token that could not be had.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// Token returns a token. One that is still valid is used on while the next cannot be had.
func (t *tokens) Token() (*sarama.AccessToken, error) {
	current, retry := t.current()
	now := time.Now()
	valid := now.Before(current.expires)
	if current.stale(now) && (!valid || now.After(retry)) {
		next, err, _ := t.flight.Do("", func() (any, error) { return t.renew() })
		switch {
		case err == nil:
			current, _ = next.(token)
		case !time.Now().Before(current.expires):
			return nil, &tokenError{err}
		}
	}
	return &sarama.AccessToken{Token: current.text, Extensions: t.conf.extensions()}, nil
}

func (t *tokens) current() (last token, retry time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last, t.retry
}

// renew asks for a token within the time of a request and of the reading.
func (t *tokens) renew() (token, error) {
	ctx, cancel := context.WithTimeout(t.dialer.reading(), t.dialer.timeout)
	defer cancel()
	next, err := t.conf.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.retry = time.Now().Add(pause)
		return token{}, err
	}
	t.last = next
	return next, nil
}

// forget drops a token that the broker refused, so that the next attempt asks for another.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last.issued, t.last.expires = time.Time{}, time.Time{}
}

// claims describes the last token by its claims, which are no secrets, for errors.
func (t *tokens) claims() string {
	last, _ := t.current()
	return claimsOf(last.text).String()
}
