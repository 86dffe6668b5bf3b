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

// knockFor is how long the demo waits for an answer of a broker that it was given.
const knockFor = 5 * time.Second

// Rabbit is a real RabbitMQ on which a part of the shop runs. It is never printed: it
// holds a password.
type Rabbit struct {
	management     *url.URL // without the user
	user, password string
	amqp           *url.URL // with the user; nil until the broker was asked
	prometheus     string   // empty where the plugin cannot be reached
}

// ParseRabbit reads the values of --rabbitmq and --rabbitmq.amqp; it is nil where
// neither is given. What is wrong is told without the address, which holds a password.
func ParseRabbit(management, address string) (*Rabbit, error) {
	if management == "" {
		if address != "" {
			return nil, errors.New("--rabbitmq.amqp: needs --rabbitmq beside it, the address of the management API of the same broker")
		}
		return nil, nil
	}
	u, err := url.Parse(management)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("--rabbitmq: not the address of a management API; write for example http://guest:guest@localhost:15672")
	}
	r := &Rabbit{user: "guest", password: "guest"} // as every RabbitMQ has them at first
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
		return nil, errors.New("--rabbitmq.amqp: not an address of AMQP; write for example amqp://localhost:5672 or amqps://localhost:5671/vhost")
	}
	if r.amqp.User == nil {
		r.amqp.User = url.UserPassword(r.user, r.password)
	}
	return r, nil
}

// ask has the broker itself say where it speaks AMQP and where its prometheus plugin
// answers, and finds out whether the user may come in.
func (r *Rabbit) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, knockFor)
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
		return fmt.Errorf("--rabbitmq: %s does not let the user %q in: a wrong password, or a user without the tag monitoring", r.management, r.user)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("--rabbitmq: %s answers %s; is it the address of a management API?", r.management, answer.Status)
	}
	if json.NewDecoder(answer.Body).Decode(&overview) != nil {
		return fmt.Errorf("--rabbitmq: what answers at %s is no management API of RabbitMQ", r.management)
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

// dial connects by AMQP.
func (r *Rabbit) dial() (*amqp.Connection, error) {
	c, err := amqp.DialConfig(r.amqp.String(), amqp.Config{
		Properties: amqp.Table{"connection_name": "lostorder demo"}, Dial: amqp.DefaultDial(knockFor),
		Heartbeat: time.Minute, // a machine that is busy may be silent for a while
	})
	if err != nil {
		return nil, fmt.Errorf("connect to RabbitMQ at %s: %w; --rabbitmq.amqp says where it speaks AMQP", r.amqp.Host, err)
	}
	return c, nil
}

// vhost is the virtual host in which the shop works.
func (r *Rabbit) vhost() string {
	if name := strings.TrimPrefix(r.amqp.Path, "/"); name != "" {
		return name
	}
	return "/"
}
