package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// largestAnswer is how much of an answer is read, so that the connection can be used again.
const largestAnswer = 64 << 10

// longestRetryAfter bounds how long a receiver can silence lostorder.
const longestRetryAfter = time.Hour

// failure is why a request was not taken. Its text names no address and no secret.
type failure struct {
	kind    failureKind
	text    string
	after   time.Duration // for which the receiver asks to wait; 0: it does not say
	refused bool          // the receiver will never take this request
}

func (f *failure) Error() string { return f.text }

// failureKind is a kind of failure, as the metric has it.
type failureKind string

// The kinds of failures.
const (
	failedTimeout    failureKind = "timeout"
	failedConnection failureKind = "connection"
	failedTLS        failureKind = "tls"
	failedLimited    failureKind = "rate_limited"
	failedClient     failureKind = "status_4xx"
	failedServer     failureKind = "status_5xx"
	failedOther      failureKind = "other"
)

// FailureKinds returns all kinds.
func FailureKinds() []string {
	var all []string
	for _, k := range []failureKind{failedTimeout, failedConnection, failedTLS, failedLimited, failedClient, failedServer, failedOther} {
		all = append(all, string(k))
	}
	return all
}

// newClient returns a client that follows no redirect: it would carry headers and findings
// to an address that the config does not name.
func newClient(timeout time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = 1, 30*time.Second
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends one request.
func (w *Webhook) post(ctx context.Context, client *http.Client, r *request, at time.Time) *failure {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address(), bytes.NewReader(r.body))
	if err != nil {
		return &failure{kind: failedOther, text: "the address is not valid"}
	}
	if req.Header, err = w.header(r, at); err != nil {
		return &failure{kind: failedOther, text: "sign the request: " + err.Error()}
	}
	res, err := client.Do(req)
	if err != nil {
		return failureOf(err, client.Timeout)
	}
	_, _ = io.CopyN(io.Discard, res.Body, largestAnswer) // so that the connection can be used again
	_ = res.Body.Close()
	return answered(res, at)
}

// answered returns what an answer means: nil for success.
func answered(res *http.Response, at time.Time) *failure {
	f := &failure{text: fmt.Sprintf("the receiver answers %d %s", res.StatusCode, http.StatusText(res.StatusCode)), kind: failedOther, after: retryAfter(res.Header.Get("Retry-After"), at)}
	switch code := res.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusTooManyRequests:
		f.kind = failedLimited
	case code/100 == 5:
		f.kind = failedServer
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		f.kind, f.refused = failedClient, true
	case code/100 == 4:
		f.kind = failedClient
	case code/100 == 3:
		f.text += "; a redirect is not followed, so write the address that it leads to"
	}
	return f
}

// retryAfter reads the header: seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(0, d), longestRetryAfter)
}

// failureOf describes an error in words of our own: those of the libraries name the address.
func failureOf(err error, timeout time.Duration) *failure {
	if timed, ok := errors.AsType[net.Error](err); ok && timed.Timeout() {
		return &failure{kind: failedTimeout, text: "no answer within " + timeout.String()}
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return &failure{kind: failedConnection, text: "the name of the host cannot be resolved"}
	}
	if isTLS(err) {
		return &failure{kind: failedTLS, text: "the certificate of the receiver is not trusted, or the receiver speaks no TLS"}
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return &failure{kind: failedConnection, text: "connect to the receiver: " + number.Error()}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &failure{kind: failedConnection, text: "the receiver closes the connection without an answer"}
	}
	return &failure{kind: failedOther, text: "the request failed, and the answer is not valid HTTP"}
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err) // the server answers in plain text
	return ok
}
