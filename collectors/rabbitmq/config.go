package rabbitmq

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Where a message may carry the id of its order.
const (
	orderIDMessage     = "message_id"
	orderIDCorrelation = "correlation_id"
	orderIDHeader      = "header:" // and the header's name
)

// section is the key of the config file.
const section = "rabbitmq"

// Config is one entry of the rabbitmq section: a cluster to watch.
type Config struct {
	Name           string          `yaml:"name" required:"true" doc:"What the cluster is called in metrics and findings." example:"main"`
	URL            []string        `yaml:"url" required:"true" single:"true" doc:"Where the management API answers. Of several nodes of one cluster the first that answers is asked." example:"http://localhost:15672"`
	PrometheusURL  []string        `yaml:"prometheus_url" single:"true" doc:"Where the prometheus plugin answers, one address per node; port 15692 of the hosts in url when left out. It is used where it covers every node of the cluster." example:"http://localhost:15692"`
	Username       string          `yaml:"username" doc:"The user; nobody when left out." example:"lostorder"`
	Password       config.Secret   `yaml:"password" file:"true" doc:"The password." example:"${RABBITMQ_PASSWORD}"`
	TLS            *collectors.TLS `yaml:"tls" doc:"How https is spoken; the system's authorities are trusted when left out."`
	VHosts         config.Matcher  `yaml:"vhosts" doc:"Virtual hosts to watch."`
	Queues         config.Matcher  `yaml:"queues" doc:"Queues to watch, by their names without the virtual host."`
	Objectives     []Objective     `yaml:"objectives" doc:"How long messages may wait. The first that matches the queue holds."`
	Peek           bool            `yaml:"peek" doc:"Look at the first messages of dead letter queues that nobody reads, for the reasons in x-death and the ids of orders. They are delivered to lostorder and go back at once, but the broker marks them as redelivered from then on. Needs the right to read the queue."`
	OrderID        string          `yaml:"order_id" doc:"Where a message carries its order id: message_id, correlation_id, or header:NAME. Only with peek." example:"message_id"`
	ConfigInterval config.Duration `yaml:"config_interval" default:"5m" min:"10ms" doc:"How often definitions, policies and bindings are read."`

	collectors.Schedule `inline:"true"`
}

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	check := func(key string, list []string, example string) {
		for i, text := range list {
			at := fmt.Sprintf("%s[%d]", key, i)
			u, err := url.Parse(text)
			switch {
			case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
				errs = append(errs, config.At(at, "not an http or https address; write for example %s", example))
			case u.User != nil:
				errs = append(errs, config.At(at, "holds a user; write username and password instead"))
			}
		}
	}
	check("url", c.URL, "http://localhost:15672")
	check("prometheus_url", c.PrometheusURL, "http://localhost:15692")
	if c.Username == "" && c.Password != "" {
		errs = append(errs, config.At("username", "missing; password needs the user beside it"))
	}
	switch header, isHeader := strings.CutPrefix(c.OrderID, orderIDHeader); {
	case c.OrderID == "":
	case c.OrderID != orderIDMessage && c.OrderID != orderIDCorrelation && (!isHeader || header == ""):
		errs = append(errs, config.At("order_id", "%q is none of message_id, correlation_id and header:NAME", c.OrderID))
	case !c.Peek:
		errs = append(errs, config.At("order_id", "needs peek: true, for without looking at messages no order is known"))
	}
	return errors.Join(errs...)
}

// watches reports whether a queue is watched.
func (c *Config) watches(k key) bool { return c.VHosts.Match(k.vhost) && c.Queues.Match(k.name) }

// vhosts returns the virtual hosts to ask for, where the config names them one by
// one; nil means all.
func (c *Config) vhosts() []string {
	var names []string
	for _, p := range c.VHosts.Include {
		if regexp.QuoteMeta(p.String()) != p.String() {
			return nil
		}
		names = append(names, p.String())
	}
	return names
}

// prometheus returns where the prometheus plugin should answer.
func (c *Config) prometheus() []string {
	if len(c.PrometheusURL) > 0 {
		return c.PrometheusURL
	}
	var list []string
	for _, text := range c.URL {
		if u, err := url.Parse(text); err == nil {
			list = append(list, "http://"+hostPort(u.Hostname(), "15692"))
		}
	}
	return list
}

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(section, "RabbitMQ clusters to watch.", func(c Config, _ *config.File) collectors.Target { return Target(c) })
}

// Target returns the target of one entry.
func Target(c Config) collectors.Target {
	id := signal.TargetID{Collector: section, Target: c.Name}
	return collectors.Polled(id, c.Schedule, c, func(*slog.Logger) collectors.Reader { return NewReader(c) })
}
