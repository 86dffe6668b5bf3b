package kafka

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// defaultMaxAge is how long a message may wait where no objective says so.
const defaultMaxAge = 5 * time.Minute

// Objective is how long messages may wait in some topics for some groups.
type Objective struct {
	Topics      []config.Pattern `yaml:"topics" single:"true" doc:"Topics it holds for, as regular expressions that match the whole name; all when left out." example:"orders\\..*"`
	Groups      []config.Pattern `yaml:"groups" single:"true" doc:"Consumer groups it holds for, as regular expressions that match the whole name; all when left out." example:"billing"`
	MaxAge      config.Duration  `yaml:"max_age" default:"5m" min:"1s" doc:"How long a message may wait, and how long a reader may make no progress while messages wait."`
	AbsentAfter config.Duration  `yaml:"absent_after" doc:"How long messages may wait with nobody reading, which is longer than a deploy takes; max_age when left out." example:"10m"`
}

// objective returns what holds for a topic and a group: the first that matches.
func (c *Config) objective(topic, group string) signal.Objective {
	for _, o := range c.Objectives {
		if !matchesAny(o.Topics, topic) || !matchesAny(o.Groups, group) {
			continue
		}
		absent := o.AbsentAfter
		if absent == 0 {
			absent = o.MaxAge
		}
		return signal.Objective{MaxAge: time.Duration(o.MaxAge), AbsentAfter: time.Duration(absent)}
	}
	return signal.Objective{MaxAge: defaultMaxAge, AbsentAfter: defaultMaxAge}
}

// matchesAny reports whether a pattern matches, or there is none.
func matchesAny(patterns []config.Pattern, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p config.Pattern) bool { return p.MatchString(name) })
}
