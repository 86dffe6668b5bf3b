package kafka

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
)

// idleGroups are created by kafka-console-consumer, one for each call, and not used again.
var idleGroups = config.MustPattern("console-consumer-.*")

// watchesTopic reports whether a topic is watched.
func (c *Config) watchesTopic(name string) bool {
	if strings.HasPrefix(name, "__") && len(c.Topics.Include) == 0 {
		return false
	}
	return c.Topics.Match(name)
}

// watchesGroup reports whether a group is watched.
func (c *Config) watchesGroup(name string) bool {
	if len(c.Groups.Exclude) == 0 && len(c.Groups.Include) == 0 && idleGroups.MatchString(name) {
		return false
	}
	return c.Groups.Match(name)
}

// excludesTopic reports whether a topic is excluded by name. The dead letter queue of a
// watched topic is watched, too, unless it is excluded.
func (c *Config) excludesTopic(name string) bool {
	return slices.ContainsFunc(c.Topics.Exclude, func(p config.Pattern) bool { return p.MatchString(name) })
}
