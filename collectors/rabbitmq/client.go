package rabbitmq

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// largestAnswer is what an answer may hold; more is not a management API.
const largestAnswer = 64 << 20

var (
	errNotJSON  = errors.New("the answer is not JSON; is this the address of the management API?")
	errTooLarge = errors.New("the answer is larger than 64 MiB")
	errCutOff   = errors.New("the answer was cut off")
)

// statusError is an answer with another status than 200.
type statusError int

func (e statusError) Error() string {
	switch e {
	case http.StatusUnauthorized:
		return "not logged in (401); check username and password, and that the user has the tag monitoring"
	case http.StatusForbidden:
		return "not allowed (403); give the user the tag monitoring, and rights on the virtual host"
	case http.StatusNotFound:
		return "not found (404); is the plugin enabled, and the address right?"
	}
	return fmt.Sprintf("the server answered with status %d", int(e))
}

// client asks over HTTP.
type client struct {
	http     *http.Client
	username string
	password string
}

func newClient(c *Config) (*client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if t := c.TLS; t != nil {
		settings.ServerName, settings.InsecureSkipVerify = t.ServerName, t.InsecureSkipVerify
		if t.CAFile != "" {
			pem, err := os.ReadFile(t.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read rabbitmq[].tls.ca_file: %w", err)
			}
			settings.RootCAs = x509.NewCertPool()
			if !settings.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("read rabbitmq[].tls.ca_file: no certificate in %s", t.CAFile)
			}
		}
		if t.CertFile != "" {
			pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("read rabbitmq[].tls.cert_file and key_file: %w", err)
			}
			settings.Certificates = []tls.Certificate{pair}
		}
	}
	return &client{
		http: &http.Client{
			// Compression would cost the broker more than the bytes do.
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, DisableCompression: true,
				MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			},
			// A redirect leads to a page for people, and may lead the password elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		username: c.Username, password: c.Password.Reveal(),
	}, nil
}

// text asks the prometheus plugin; nobody logs in there.
func (c *client) text(ctx context.Context, address string) ([]byte, error) {
	return c.get(ctx, address, false)
}

// json asks the management API and decodes its answer.
func (c *client) json(ctx context.Context, address string, into any) error {
	body, err := c.get(ctx, address, true)
	if err != nil {
		return err
	}
	err = json.Unmarshal(body, into)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && strings.HasPrefix(err.Error(), "unexpected end"):
		return errCutOff
	}
	return errNotJSON
}

// get returns the body of an answer, without ever naming more of the address than
// the caller does.
func (c *client) get(ctx context.Context, address string, login bool) (body []byte, err error) {
	ctx, end := span.Call(ctx, "GET "+path(address), attribute.String("server.address", host(address)))
	defer func() { end(err) }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("not an address")
	}
	if login && c.username != "" {
		request.SetBasicAuth(c.username, c.password)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, statusError(answer.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(answer.Body, largestAnswer+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errCutOff
	case err != nil:
		return nil, plain(err)
	case len(body) > largestAnswer:
		return nil, errTooLarge
	}
	return body, nil
}

// plain takes off what names the address a second time.
func plain(err error) error {
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && !op.Timeout() {
		return op.Err
	}
	return err
}

func hostPort(host, port string) string { return net.JoinHostPort(host, port) }

// path names what is asked: without host, user and query.
func path(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return "?"
}

// host names an address in an error: without path and user.
func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "?"
}
