package kafka

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// defaultMaxAge is how long a message may wait where no objective says so.
const defaultMaxAge = 5 * time.Minute

// Objective is how long messages may wait in some topics for some groups.
type Objective struct {
	Topics               []config.Pattern `yaml:"topics" single:"true" doc:"Topics it applies to, as regular expressions that match the whole name. The default is all." example:"orders\\..*"`
	Groups               []config.Pattern `yaml:"groups" single:"true" doc:"Consumer groups it applies to, as regular expressions that match the whole name. The default is all." example:"billing"`
	collectors.Objective `inline:"true"`
}

// objective returns the first objective that matches a topic and a group.
func (c *Config) objective(topic, group string) signal.Objective {
	for _, o := range c.Objectives {
		if collectors.MatchesAny(o.Topics, topic) && collectors.MatchesAny(o.Groups, group) {
			return o.Signal(defaultMaxAge)
		}
	}
	return collectors.Objective{}.Signal(defaultMaxAge)
}

// queueLabels are the labels of each objective.
func queueLabels(objectives []Objective) (all []collectors.Labels) {
	for i := range objectives {
		all = append(all, objectives[i].Labels)
	}
	return all
}
