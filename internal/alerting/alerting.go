// Package alerting is the section of the config file about what alerts may show.
package alerting

import (
	"github.com/lostorder/lostorder/internal/config"
)

// sectionKey is the key of the config file.
const sectionKey = "alerting"

// Config is the section alerting.
type Config struct {
	OrderIDs bool `yaml:"order_ids" default:"false" doc:"Whether alerts may name orders. Up to five order ids of each finding become a label of lostorder_finding_info, so Prometheus stores them. With privacy.order_ids: hash they are hashes."`
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Config](sectionKey, "What alerts may show. Prometheus and Alertmanager send them: see docs/alerts.md.")
}

// FromFile returns the section of a config file.
func FromFile(f *config.File) Config { return config.Only[Config](f, sectionKey) }
