package rabbitmq

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// defaultMaxAge is how long a message may wait where no objective says so.
const defaultMaxAge = 5 * time.Minute

// Objective is how long messages may wait in some queues.
type Objective struct {
	Queues               []config.Pattern `yaml:"queues" single:"true" doc:"Queues it holds for, as regular expressions that match the whole name without the virtual host. The default is all." example:"orders\\..*"`
	collectors.Objective `inline:"true"`
}

// objective returns what holds for a queue: the first that matches.
func (c *Config) objective(queue string) signal.Objective {
	for _, o := range c.Objectives {
		if collectors.MatchesAny(o.Queues, queue) {
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
