package sqs

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Role says what some queues are for.
type Role struct {
	Queues          []config.Pattern `yaml:"queues" required:"true" single:"true" doc:"Queues it holds for, as regular expressions that match the whole name." example:"orders-parked"`
	collectors.Role `inline:"true"`
}

// role returns the purpose that the config gives to a queue.
func (c *Config) role(queue string) signal.Purpose {
	return collectors.PurposeOf(c.Roles, queue, func(r Role) ([]config.Pattern, collectors.Role) { return r.Queues, r.Role })
}

// decidePurposes decides what the queues are for. A redrive policy makes its target a dead
// letter queue. A target whose messages consumers receive regularly is a queue
// of retries, and so is one that gives up messages itself: SQS moves only what was
// received.
func (r *reading) decidePurposes() {
	byTarget := r.sourcesByTarget()
	for _, q := range r.all() {
		if !q.fresh(r.now) {
			continue
		}
		q.from = slices.Clone(q.sources)
		for _, source := range byTarget[q.setting.arn] {
			q.from = append(q.from, source.name)
		}
		slices.Sort(q.from)
		q.from = slices.Compact(q.from)
		if q.setting.arn != "" && len(q.from) > 0 {
			q.attendance.Observe(r.consumers(q), signal.InstantOf(r.now))
		}
		q.purpose = r.purpose(q)
	}
}

func (r *reading) purpose(q *queue) signal.Purpose {
	if given := r.config.role(q.name); given.Role != "" {
		return given
	}
	if q.setting.arn == "" || len(q.from) == 0 {
		return signal.Purpose{Role: signal.RoleWork, Reason: "no redrive policy leads to it"}
	}
	takes := "takes the dead letters of " + names(q.from)
	switch {
	case q.setting.deadLetterARN != "" && q.setting.deadLetterARN != q.setting.arn:
		return signal.Purpose{Role: signal.RoleRetry, Reason: takes + ", and has a redrive policy of its own"}
	case q.attendance.Own():
		return signal.Purpose{Role: signal.RoleRetry, Reason: takes + ", and consumers of its own receive them"}
	}
	return signal.Purpose{Role: signal.RoleDeadLetter, Reason: takes + "; no consumer of its own was seen"}
}

// names lists the first names.
func names(all []string) string {
	const most = 3
	if len(all) > most {
		return strings.Join(all[:most], ", ") + " and others"
	}
	return strings.Join(all, ", ")
}

// watched reports whether a queue is reported as one: the config chooses it, or it takes
// the dead letters of one that the config chooses and consumers process it.
func (r *reading) watched(q *queue) bool {
	if !q.fresh(r.now) {
		return false
	}
	return q.listed && r.config.tagged(q) || q.purpose.Role == signal.RoleRetry && len(r.sourcesByTarget()[q.setting.arn]) > 0
}
