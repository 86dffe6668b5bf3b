package rabbitmq

import (
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Role says what some queues are for.
type Role struct {
	Queues          []config.Pattern `yaml:"queues" required:"true" single:"true" doc:"Queues it holds for, as regular expressions that match the whole name without the virtual host." example:"orders\\.parked"`
	collectors.Role `inline:"true"`
}

// role returns the purpose that the config gives to a queue.
func (c *Config) role(queue string) signal.Purpose {
	return collectors.PurposeOf(c.Roles, queue, func(r Role) ([]config.Pattern, collectors.Role) { return r.Queues, r.Role })
}

// observeUse takes what the reading shows of consumers, and decides what queues are for.
func (r *reader) observeUse(now signal.Instant) {
	for _, q := range r.sorted {
		if q.use.observe(&q.counts, now) {
			r.purposesStale = true
		}
	}
	r.updatePurposes()
}

// updatePurposes decides again what the queues are for, after their definitions or their
// use changed.
func (r *reader) updatePurposes() {
	if !r.purposesStale {
		return
	}
	r.purposesStale = false
	roles := newRoles(r.setups, r.useOf, r.config.role)
	for _, q := range r.sorted {
		q.purpose = roles.of(q.key)
		q.delay = r.config.delay(q)
		q.refilled = len(roles.from[q.key]) > 0 || slices.Contains(q.setup.to, q.key)
	}
	r.deadLetterings = map[key]*deadLettering{}
	for k := range r.setups {
		if roles.of(k).Role.KeepsFailed() {
			r.deadLetterings[k] = roles.deadLettering(k)
		}
	}
}

// useOf returns what is known of the consumers of a queue.
func (r *reader) useOf(k key) use {
	if q := r.queues[k]; q != nil {
		return q.use
	}
	return use{}
}
