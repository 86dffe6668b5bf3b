package kafka

import (
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Role says what some topics are for.
type Role struct {
	Topics          []config.Pattern `yaml:"topics" required:"true" single:"true" doc:"Topics it holds for, as regular expressions that match the whole name." example:"orders\\.parked"`
	collectors.Role `inline:"true"`
}

// role returns the purpose that the config gives to a topic.
func (c *Config) role(topic string) signal.Purpose {
	return collectors.PurposeOf(c.Roles, topic, func(r Role) ([]config.Pattern, collectors.Role) { return r.Topics, r.Role })
}

// decidePurposes decides what the topics are for. A name pairs a dead letter queue with its
// topic; groups that consume it regularly make it a queue of retries.
func (r *reading) decidePurposes() {
	r.findDeadLettered()
	members := r.membersOfDeadLetterQueues()
	for i := range r.topics {
		t := &r.topics[i]
		switch {
		case t.excluded || t.purpose.Role != "": // by the config
		case t.dlq != nil:
			n, known := members[int32(i)]
			if !known && r.groupsUnknown {
				n = signal.Unknown
			}
			t.past.attendance.Observe(n, r.now)
			t.purpose = signal.Purpose{Role: signal.RoleDeadLetter, Reason: "its name, by dlq in the config; no consumer group processes it regularly"}
			if t.past.attendance.Own() {
				t.purpose = signal.Purpose{Role: signal.RoleRetry, Reason: "its name makes it a dead letter queue, and a consumer group of its own processes it"}
			}
			if len(t.dlq.sources) > 0 {
				t.purpose.Reason = "takes the dead letters of " + strings.Join(few(t.dlq.sources), ", ") + ": " + t.purpose.Reason
			}
		case collectors.SoundsRetried(t.name):
			t.purpose = signal.Purpose{Role: signal.RoleRetry, Reason: "its name"}
		default:
			t.unpaired = true
			t.purpose = signal.Purpose{Role: signal.RoleWork, Reason: "not a dead letter queue by its name"}
		}
		if t.dlq != nil && !t.purpose.Role.KeepsFailed() {
			t.dlq = nil
		}
	}
}

// membersOfDeadLetterQueues counts the members that consume each of them. The members of a
// group that assigns partitions by itself are not known.
func (r *reading) membersOfDeadLetterQueues() map[int32]signal.Count {
	members := map[int32]signal.Count{}
	for i := range r.queues {
		q := &r.queues[i]
		if r.topics[q.topic].dlq == nil || q.leftOver {
			continue
		}
		if n := q.group.consumers(q.topic); n.Known() {
			members[q.topic] += n
		}
	}
	return members
}
