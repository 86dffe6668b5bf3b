package rabbitmq

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Values of order_id: where a message carries its order id.
const (
	orderIDMessage     = "message_id"
	orderIDCorrelation = "correlation_id"
	orderIDHeader      = "header:" // followed by the header's name
)

// section is the key of the config file.
const section = "rabbitmq"

// Config is one entry of the rabbitmq section: a cluster to watch.
type Config struct {
	Name           string            `yaml:"name" required:"true" doc:"Name of the cluster in metrics and findings." example:"main"`
	URL            []string          `yaml:"url" required:"true" single:"true" doc:"Address of the management API. With several nodes of one cluster, lostorder uses the first that answers." example:"http://localhost:15672"`
	PrometheusURL  []string          `yaml:"prometheus_url" single:"true" doc:"Address of the prometheus plugin, one for each node. The default is port 15692 of the hosts in url. lostorder uses the plugin only if the addresses cover every node of the cluster." example:"http://localhost:15692"`
	Username       string            `yaml:"username" doc:"User name. Anonymous if omitted." example:"lostorder"`
	Password       config.Secret     `yaml:"password" file:"true" doc:"The password." example:"${RABBITMQ_PASSWORD}"`
	TLS            *collectors.TLS   `yaml:"tls" doc:"TLS for https addresses. The default trusts the system's certificate authorities."`
	VHosts         config.Matcher    `yaml:"vhosts" doc:"Virtual hosts to watch."`
	Queues         config.Matcher    `yaml:"queues" doc:"Queues to watch, by name without the virtual host."`
	Roles          []Role            `yaml:"roles" doc:"What queues are for, where lostorder decides it wrongly: see lostorder check. The first entry that matches the queue applies."`
	Objectives     []Objective       `yaml:"objectives" doc:"How long messages may wait. The first entry that matches the queue applies."`
	Labels         collectors.Labels `yaml:"labels" doc:"Labels for all findings of this cluster, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`
	Peek           bool              `yaml:"peek" doc:"Get the first messages of dead letter queues without a consumer and requeue them, to report the reasons in x-death and the order ids. The broker marks these messages as redelivered. Needs the read permission on the queue."`
	OrderID        string            `yaml:"order_id" doc:"Where a message carries its order id: message_id, correlation_id, or header:NAME. Needs peek." example:"message_id"`
	ConfigInterval config.Duration   `yaml:"config_interval" default:"5m" min:"10ms" doc:"How often queue definitions, policies and bindings are read."`

	collectors.Schedule `inline:"true"`
}

// Validate checks what the struct tags cannot express.
func (c *Config) Validate() error {
	var errs []error
	check := func(key string, list []string, example string) {
		for i, text := range list {
			at := fmt.Sprintf("%s[%d]", key, i)
			u, err := url.Parse(text)
			switch {
			case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
				errs = append(errs, config.At(at, "not an http or https address; write for example %s", example))
			case u.User != nil || strings.Contains(text, "@"):
				errs = append(errs, config.At(at, "contains a user; set username and password instead"))
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
		errs = append(errs, config.At("order_id", "%q is not message_id, correlation_id or header:NAME", c.OrderID))
	case !c.Peek:
		errs = append(errs, config.At("order_id", "needs peek: true; without it lostorder reads no message"))
	}
	return errors.Join(errs...)
}

// Exposed lists the clusters whose password crosses a network without encryption.
func Exposed(f *config.File) (all []string) {
	for _, c := range config.Items[Config](f, section) {
		clear := slices.ContainsFunc(c.URL, func(text string) bool {
			u, err := url.Parse(text)
			return err == nil && u.Scheme == "http" && !collectors.IsLocal(u.Host)
		})
		if clear && c.Username != "" {
			all = append(all, fmt.Sprintf("the password of rabbitmq %s crosses the network without TLS, because its url begins with http; use https", c.Name))
		}
	}
	return all
}

// watches reports whether a queue is watched.
func (c *Config) watches(k key) bool { return c.VHosts.Match(k.vhost) && c.Queues.Match(k.name) }

// vhosts returns the virtual hosts to read, if the config lists plain names; nil means
// all.
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

// prometheus returns the addresses of the prometheus plugins.
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
	return collectors.Section(section, "RabbitMQ clusters to watch.", func(c Config, _ *config.File) collectors.Target { return Target(c) }).Discovered(discovery)
}

// Target returns the target of one entry.
func Target(c Config) collectors.Target {
	id := signal.TargetID{Collector: section, Target: c.Name}
	return collectors.Polled(id, c.Schedule, c, func(*slog.Logger) collectors.Reader { return NewReader(c) }).Labelled(c.Labels, queueLabels(c.Objectives)...)
}
