// Package alerting is the section of the config file about what alerts may show, and about
// the webhooks that are sent findings without Prometheus.
package alerting

import (
	"errors"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/notify"
)

// sectionKey is the key of the config file.
const sectionKey = "alerting"

// Config is the section alerting.
type Config struct {
	OrderIDs bool             `yaml:"order_ids" default:"false" doc:"Whether alerts and notifications may name orders. Up to five order ids of each finding become a label of lostorder_finding_info, so Prometheus stores them, and are sent to the webhooks. With privacy.order_ids: hash they are hashes."`
	Webhooks []notify.Webhook `yaml:"webhooks" doc:"Receivers of findings that need no Prometheus and no Alertmanager. Leave it empty if Prometheus sends the alerts: otherwise each finding arrives twice."`
	Interval config.Duration  `yaml:"interval" default:"1m" min:"1s" max:"1d" doc:"The time between two deliveries to one webhook. What changes in it is sent together; the first change after a quiet time is sent within seconds."`
	Repeat   config.Duration  `yaml:"repeat" default:"4h" max:"1y" doc:"After how long a finding that is still open is sent again. 0 means never."`
}

// Validate checks that the names of the webhooks differ.
func (c *Config) Validate() error {
	var errs []error
	seen := map[string]int{}
	for i, w := range notify.Named(c.Webhooks) {
		if j, twice := seen[w.Name]; twice {
			errs = append(errs, config.At(fmt.Sprintf("webhooks[%d].name", i), "%q is the name of webhooks[%d] already; give each a name of its own", w.Name, j))
		}
		seen[w.Name] = i
	}
	return errors.Join(errs...)
}

// Settings are what the notifier needs of the section.
func (c *Config) Settings() notify.Settings {
	return notify.Settings{Webhooks: c.Webhooks, Interval: time.Duration(c.Interval), Repeat: time.Duration(c.Repeat), NameOrders: c.OrderIDs}
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Config](sectionKey, "What alerts may show, and webhooks for shops without Prometheus: see docs/notifications.md. Otherwise Prometheus and Alertmanager send the alerts: see docs/alerts.md.")
}

// FromFile returns the section of a config file.
func FromFile(f *config.File) Config { return config.Only[Config](f, sectionKey) }

// Exposed lists the webhooks that findings cross a network to without encryption.
func Exposed(f *config.File) (all []string) {
	c := FromFile(f)
	for _, w := range notify.Named(c.Webhooks) {
		if w.Exposed() {
			all = append(all, fmt.Sprintf("findings and headers for the webhook %s cross the network without TLS, because its url begins with http; use https", w.Name))
		}
	}
	return all
}
