package sqs

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// defaultMaxAge is how long a message may wait where no objective says so. It is
// longer than for other brokers because the metrics of SQS come late.
const defaultMaxAge = 15 * time.Minute

// Objective is how long messages may wait in some queues.
type Objective struct {
	Queues      []config.Pattern `yaml:"queues" single:"true" doc:"Queues it holds for, as regular expressions that match the whole name; all when left out." example:"orders-.*"`
	MaxAge      config.Duration  `yaml:"max_age" default:"15m" min:"1s" doc:"How long a message may wait, and how long a reader may make no progress while messages wait."`
	AbsentAfter config.Duration  `yaml:"absent_after" doc:"How long messages may wait with nobody reading, which is longer than a deploy takes; max_age when left out." example:"30m"`
	DLQ         string           `yaml:"dlq" enum:"needed,none" default:"needed" doc:"Whether the queue needs a dead letter queue; with none it is not missed."`
}

// objective returns what holds for a queue: the first that matches.
func (c *Config) objective(name string) signal.Objective {
	for _, o := range c.Objectives {
		if len(o.Queues) > 0 && !slices.ContainsFunc(o.Queues, func(p config.Pattern) bool { return p.MatchString(name) }) {
			continue
		}
		absent := o.AbsentAfter
		if absent == 0 {
			absent = o.MaxAge
		}
		return signal.Objective{MaxAge: time.Duration(o.MaxAge), AbsentAfter: time.Duration(absent), NoDLQ: o.DLQ == "none"}
	}
	age := defaultMaxAge
	if c.CloudWatch.Enabled {
		age = max(age, c.blind())
	}
	return signal.Objective{MaxAge: age, AbsentAfter: age}
}
