package sqs

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// defaultMaxAge is how long a message may wait without an objective. It is longer than
// for other brokers because the metrics of SQS arrive late.
const defaultMaxAge = 15 * time.Minute

// Objective is how long messages may wait in some queues.
type Objective struct {
	Queues               []config.Pattern `yaml:"queues" single:"true" doc:"Queues that it applies to, as regular expressions for the whole name. Default: all." example:"orders-.*"`
	collectors.Objective `inline:"true"`
}

// objective returns the first objective that matches a queue.
func (c *Config) objective(queue string) signal.Objective {
	maxAge := defaultMaxAge
	if c.CloudWatch.Enabled {
		maxAge = max(maxAge, c.blind())
	}
	for _, o := range c.Objectives {
		if collectors.MatchesAny(o.Queues, queue) {
			return o.Signal(maxAge)
		}
	}
	return collectors.Objective{}.Signal(maxAge)
}

// queueLabels are the labels of each objective.
func queueLabels(objectives []Objective) (all []collectors.Labels) {
	for i := range objectives {
		all = append(all, objectives[i].Labels)
	}
	return all
}
