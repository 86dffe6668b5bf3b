package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// Limits of an answer. No answer of RabbitMQ is larger. An answer is never kept in memory
// as a whole, only piece by piece: an element of a list, or a line of metrics.
const (
	largestAnswer = 256 << 20
	largestPiece  = 8 << 20
)

var (
	errNotJSON  = errors.New("the answer is not JSON; check that this is the address of the management API")
	errTooLarge = errors.New("the answer is larger than any answer of RabbitMQ; check the address")
	errOldTLS   = errors.New("the server offers no TLS 1.2 or newer, and lostorder uses no older version")
	errCutOff   = errors.New("the answer was cut off")
)

// statusError is an HTTP status other than 200.
type statusError int

func (e statusError) Error() string {
	switch e {
	case http.StatusUnauthorized:
		return "not authenticated (401); check username and password, and give the user the tag monitoring"
	case http.StatusForbidden:
		return "permission denied; give the user the tag monitoring, and permissions on the virtual host"
	case http.StatusNotFound:
		return "not found (404); enable the plugin or correct the address"
	}
	return fmt.Sprintf("the server answered with status %d", int(e))
}

// client sends requests to the management API and the prometheus plugins.
type client struct {
	http     *http.Client
	username string
	password string
	// pluginLogin: the prometheus plugin asked for a login. Without that it gets none.
	pluginLogin bool
}

func newClient(c *Config) (*client, error) {
	settings, err := c.TLS.Client("rabbitmq[].tls")
	if err != nil {
		return nil, err
	}
	return &client{
		http: &http.Client{
			// Compression costs the broker more than the bytes do.
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, DisableCompression: true,
				MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			},
			// A redirect leads to a web page and could send the password to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		username: c.Username, password: c.Password.Reveal(),
	}, nil
}

// metrics reads the lines of a prometheus plugin whose names begin with the prefix. It
// sends the login only if the plugin asks for one.
func (c *client) metrics(ctx context.Context, address, prefix string, each func(*sample) bool) error {
	body, err := c.get(ctx, address, c.pluginLogin)
	if errors.Is(err, statusError(http.StatusUnauthorized)) && !c.pluginLogin && c.username != "" {
		// The plugin is behind a login, its own or a proxy's.
		if body, err = c.get(ctx, address, true); err == nil {
			c.pluginLogin = true
		}
	}
	if err != nil {
		return err
	}
	defer body.close()
	return samples(body, prefix, each)
}

// json reads an answer of the management API.
func (c *client) json(ctx context.Context, address string, into any) error {
	body, err := c.get(ctx, address, true)
	if err != nil {
		return err
	}
	defer body.close()
	body.piece = largestPiece
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return notJSON(err)
	}
	body.finish()
	return nil
}

// elements reads a list from the management API and passes on one element at a time, so
// that the caller keeps only what it needs. It ends at the first error of each.
func elements[T any](ctx context.Context, c *client, address string, each func(*T) error) error {
	body, err := c.get(ctx, address, true)
	if err != nil {
		return err
	}
	defer body.close()
	body.piece = largestPiece
	decoder := json.NewDecoder(body)
	if first, err := decoder.Token(); err != nil {
		return notJSON(err)
	} else if first != json.Delim('[') {
		return errNotJSON
	}
	for decoder.More() {
		body.piece = largestPiece
		var one T
		if err := decoder.Decode(&one); err != nil {
			return notJSON(err)
		}
		if err := each(&one); err != nil {
			return err
		}
	}
	if _, err = decoder.Token(); err != nil {
		return notJSON(err)
	}
	body.finish()
	return nil
}

// notJSON explains why an answer could not be decoded.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case errors.As(err, &syntax), errors.As(err, &kind):
		return errNotJSON
	}
	return err
}

// get returns the body of an answer. Its errors do not repeat the address.
func (c *client) get(ctx context.Context, address string, login bool) (*body, error) {
	return c.do(ctx, http.MethodGet, address, nil, login)
}

func (c *client) do(ctx context.Context, method, address string, order io.Reader, login bool) (_ *body, err error) {
	ctx, end := span.Call(ctx, method+" "+path(address), attribute.String("server.address", host(address)))
	defer func() {
		if err != nil {
			end(err)
		}
	}()
	request, err := http.NewRequestWithContext(ctx, method, address, order)
	if err != nil {
		return nil, errors.New("not an address")
	}
	if login && c.username != "" {
		request.SetBasicAuth(c.username, c.password)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, shortError(err)
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }()
		return nil, statusOf(answer)
	}
	return &body{from: answer.Body, end: end, left: largestAnswer, piece: largestAnswer}, nil
}

// statusOf returns the error of an answer other than 200. RabbitMQ answers 401 also to a
// known user without the permission; the reason in the body tells them apart.
func statusOf(answer *http.Response) statusError {
	if answer.StatusCode != http.StatusUnauthorized {
		return statusError(answer.StatusCode)
	}
	var said struct {
		Reason string `json:"reason"`
	}
	// The reason stays empty if the body is not JSON.
	_ = json.NewDecoder(io.LimitReader(answer.Body, 4<<10)).Decode(&said)
	if strings.HasPrefix(said.Reason, "Not m") || strings.Contains(said.Reason, "not authorised to access") || strings.HasPrefix(said.Reason, "ACCESS_REFUSED") {
		return http.StatusForbidden // "Not monitor user", "Not management user", "ACCESS_REFUSED - read access to queue …"
	}
	return http.StatusUnauthorized
}

// body is an answer that is read up to a limit. It translates read errors.
type body struct {
	from  io.ReadCloser
	end   func(error) // ends the span of the call
	err   error       // the first read error
	left  int         // bytes of the whole answer
	piece int         // bytes of the current piece
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader returns io.EOF unwrapped
		b.err = err
	}
	return n, err
}

func (b *body) read(p []byte) (int, error) {
	room := min(b.left, b.piece)
	if room <= 0 {
		return 0, errTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), room)])
	b.left, b.piece = b.left-n, b.piece-n
	switch {
	case err == nil, err == io.EOF: //nolint:errorlint // io.Reader returns io.EOF unwrapped
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, errCutOff
	}
	return n, shortError(err)
}

// finish reads the rest of the answer, so that the connection is reused.
func (b *body) finish() { _, _ = io.CopyN(io.Discard, b.from, 4<<10) }

func (b *body) close() {
	_ = b.from.Close()
	b.end(b.err)
}

// errAMQP is the answer of the port for AMQP.
var errAMQP = errors.New("this port speaks AMQP; use the port of the management API, usually 15672")

// shortError removes the address from an error; the caller names it.
func shortError(err error) error {
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	if strings.Contains(err.Error(), `malformed HTTP response "AMQP`) {
		return errAMQP
	}
	// Either side may be the one that refuses.
	if text := err.Error(); strings.Contains(text, "tls: protocol version not supported") || strings.Contains(text, "tls: server selected unsupported protocol version") {
		return errOldTLS
	}
	var op *net.OpError
	if errors.As(err, &op) && !op.Timeout() {
		return op.Err
	}
	return err
}

func hostPort(host, port string) string { return net.JoinHostPort(host, port) }

// path returns the path of an address, without host, user and query.
func path(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return "?"
}

// host returns host and port of an address, for errors.
func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "?"
}
