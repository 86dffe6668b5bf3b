package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// answerWithin is how long the demo waits for an answer of the given broker.
const answerWithin = 5 * time.Second

// Rabbit is a real RabbitMQ that runs a part of the shop. Never print it: it holds a
// password.
type Rabbit struct {
	management     *url.URL // without the user
	user, password string
	amqp           *url.URL // with the user; nil until ask discovered it
	prometheus     string   // empty where the plugin cannot be reached
}

// ParseRabbit parses the values of --rabbitmq and --rabbitmq.amqp. It returns nil if neither
// is given. Errors leave the address out, because it holds a password.
func ParseRabbit(management, address string) (*Rabbit, error) {
	if management == "" {
		if address != "" {
			return nil, errors.New("--rabbitmq.amqp needs --rabbitmq, the address of the management API of the same broker")
		}
		return nil, nil
	}
	u, err := url.Parse(management)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("--rabbitmq: not the address of a management API; write for example http://guest:guest@localhost:15672")
	}
	r := &Rabbit{user: "guest", password: "guest"} // RabbitMQ's default
	if u.User != nil {
		r.user = u.User.Username()
		r.password, _ = u.User.Password()
	}
	r.management = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	if address == "" {
		return r, nil
	}
	if r.amqp, err = url.Parse(address); err == nil {
		_, err = amqp.ParseURI(address)
	}
	if err != nil || r.amqp.Hostname() == "" {
		return nil, errors.New("--rabbitmq.amqp: not an AMQP address; write for example amqp://localhost:5672 or amqps://localhost:5671/vhost")
	}
	if r.amqp.User == nil {
		r.amqp.User = url.UserPassword(r.user, r.password)
	}
	return r, nil
}

// ask reads the broker's AMQP and Prometheus listeners from its management API, and checks
// the credentials.
func (r *Rabbit) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.management.String()+"/api/overview?columns=listeners", nil)
	if err != nil {
		return fmt.Errorf("--rabbitmq: %w", err)
	}
	request.SetBasicAuth(r.user, r.password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("--rabbitmq: the management API does not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var overview struct {
		Listeners []struct {
			Protocol string `json:"protocol"`
			Port     int    `json:"port"`
		} `json:"listeners"`
	}
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("--rabbitmq: %s refuses the user %q; check the password, and that the user has the tag monitoring", r.management, r.user)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("--rabbitmq: %s answers %s; is it the address of a management API?", r.management, answer.Status)
	}
	if json.NewDecoder(answer.Body).Decode(&overview) != nil {
		return fmt.Errorf("--rabbitmq: %s answers, but it is not the management API of a RabbitMQ", r.management)
	}
	ports := map[string]int{}
	for _, l := range overview.Listeners {
		if ports[l.Protocol] == 0 {
			ports[l.Protocol] = l.Port
		}
	}
	at := func(port int) string { return net.JoinHostPort(r.management.Hostname(), fmt.Sprint(port)) }
	if r.amqp == nil {
		r.amqp = &url.URL{Scheme: "amqp", User: url.UserPassword(r.user, r.password), Host: at(cmp.Or(ports["amqp"], 5672))}
		if port := ports["amqp/ssl"]; port != 0 && r.management.Scheme == "https" {
			r.amqp.Scheme, r.amqp.Host = "amqps", at(port)
		}
	}
	if port := ports["http/prometheus"]; port != 0 {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", at(port)); err == nil {
			_ = c.Close()
			r.prometheus = "http://" + at(port)
		}
	}
	return nil
}

// dial connects over AMQP.
func (r *Rabbit) dial() (*amqp.Connection, error) {
	c, err := amqp.DialConfig(r.amqp.String(), amqp.Config{
		Properties: amqp.Table{"connection_name": "lostorder demo"}, Dial: amqp.DefaultDial(answerWithin),
		Heartbeat: time.Minute, // a machine that is busy may be silent for a while
	})
	if err != nil {
		return nil, fmt.Errorf("connect to RabbitMQ at %s: %w; set its AMQP address with --rabbitmq.amqp", r.amqp.Host, err)
	}
	return c, nil
}

// vhost returns the virtual host that the shop uses.
func (r *Rabbit) vhost() string {
	if name := strings.TrimPrefix(r.amqp.Path, "/"); name != "" {
		return name
	}
	return "/"
}
