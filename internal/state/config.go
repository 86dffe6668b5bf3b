package state

import (
	"github.com/lostorder/lostorder/internal/config"
)

// sectionKey is the key of the config file.
const sectionKey = "state"

// Config is the section state.
type Config struct {
	Dir string `yaml:"dir" doc:"The directory in which lostorder keeps its memory, created if it is absent. One process uses it at a time. It holds order ids as privacy.order_ids allows them. If omitted, a restart forgets everything." example:"/var/lib/lostorder"`
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Config](sectionKey, "What lostorder remembers across restarts: open findings, those that closed in the last 30 days, and what the decisions know of each target. Read at start; a reload does not change it. A target with another name is another target: a renamed one starts without memory, and what is known of a removed one is kept for a day.")
}

// FromFile returns what a config file says.
func FromFile(f *config.File) Config { return config.Only[Config](f, sectionKey) }
