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

// What an answer may hold; more is not of RabbitMQ. It is never held in memory as a
// whole, only piece by piece: an element of a list, or a line of metrics.
const (
	largestAnswer = 256 << 20
	largestPiece  = 8 << 20
)

var (
	errNotJSON  = errors.New("the answer is not JSON; is this the address of the management API?")
	errTooLarge = errors.New("the answer is larger than any of RabbitMQ; is this its address?")
	errCutOff   = errors.New("the answer was cut off")
)

// statusError is an answer with another status than 200.
type statusError int

func (e statusError) Error() string {
	switch e {
	case http.StatusUnauthorized:
		return "not logged in (401); check username and password, and that the user has the tag monitoring"
	case http.StatusForbidden:
		return "not allowed; give the user the tag monitoring, and rights on the virtual host"
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
	settings, err := c.TLS.Client("rabbitmq[].tls")
	if err != nil {
		return nil, err
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

// metrics asks the prometheus plugin, where nobody logs in, and hands over the lines
// whose names begin with the prefix.
func (c *client) metrics(ctx context.Context, address, prefix string, each func(*sample) bool) error {
	body, err := c.get(ctx, address, false)
	if err != nil {
		return err
	}
	defer body.close()
	return samples(body, prefix, each)
}

// json asks the management API and decodes its answer.
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

// elements asks the management API for a list and hands over one element after the
// other, so that only those are kept that somebody wants.
func elements[T any](ctx context.Context, c *client, address string, each func(*T)) error {
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
		each(&one)
	}
	if _, err = decoder.Token(); err != nil {
		return notJSON(err)
	}
	body.finish()
	return nil
}

// notJSON says what was wrong with an answer.
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

// get returns the body of an answer, without ever naming more of the address than
// the caller does.
func (c *client) get(ctx context.Context, address string, login bool) (*body, error) {
	return c.ask(ctx, http.MethodGet, address, nil, login)
}

func (c *client) ask(ctx context.Context, method, address string, order io.Reader, login bool) (_ *body, err error) {
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
		return nil, plain(err)
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }()
		return nil, refusal(answer)
	}
	return &body{from: answer.Body, end: end, left: largestAnswer, piece: largestAnswer}, nil
}

// refusal returns the error of an answer that is none. To a user whom it knows and does not
// let see something the broker says 401, too; the reason tells.
func refusal(answer *http.Response) statusError {
	if answer.StatusCode != http.StatusUnauthorized {
		return statusError(answer.StatusCode)
	}
	var said struct {
		Reason string `json:"reason"`
	}
	// What is no reason of RabbitMQ stays empty.
	_ = json.NewDecoder(io.LimitReader(answer.Body, 4<<10)).Decode(&said)
	if strings.HasPrefix(said.Reason, "Not m") || strings.Contains(said.Reason, "not authorised to access") {
		return http.StatusForbidden // "Not monitor user", "Not management user"
	}
	return http.StatusUnauthorized
}

// body is an answer that is read up to a limit. What goes wrong with it is said in
// our words.
type body struct {
	from  io.ReadCloser
	end   func(error) // of the call
	err   error       // what went wrong with it
	left  int         // of the whole
	piece int         // of the present piece
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a reader says it in no other way
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
	case err == nil, err == io.EOF: //nolint:errorlint // a reader says it in no other way
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, errCutOff
	}
	return n, plain(err)
}

// finish reads the little that may be left, so that the connection is used again.
func (b *body) finish() { _, _ = io.CopyN(io.Discard, b.from, 4<<10) }

func (b *body) close() {
	_ = b.from.Close()
	b.end(b.err)
}

// errAMQP is how the port answers that applications use.
var errAMQP = errors.New("this is the port for AMQP; take that of the management API, 15672 as a rule")

// plain takes off what names the address a second time.
func plain(err error) error {
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	if strings.Contains(err.Error(), `malformed HTTP response "AMQP`) {
		return errAMQP
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
