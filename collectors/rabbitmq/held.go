package rabbitmq

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// delay returns how long a queue holds its messages: their TTL in a queue of delay, or else
// what the objective for its name or the name itself says. 0 if nothing does.
func (c *Config) delay(q *queue) time.Duration {
	switch q.purpose.Role {
	case signal.RoleDelay:
		if s := q.setup.signal; s != nil && s.Retention > 0 {
			return s.Retention
		}
		for _, o := range c.Objectives {
			if len(o.Queues) > 0 && collectors.MatchesAny(o.Queues, q.name) {
				if o.MaxAge > 0 {
					return time.Duration(o.MaxAge)
				}
				break
			}
		}
		return collectors.DelayInName(q.name)
	case signal.RoleRetry:
		return collectors.DelayInName(q.name)
	}
	return 0
}

// holding is how many messages had been published to a queue at one moment. While fewer have
// left it, one of them has been in it since then.
type holding struct {
	published signal.Count
	at        signal.Instant
	seen      signal.Count // published at the last reading
}

// held returns since when a message is in a queue of delay. Its time in the queue is not in
// the message: the timestamp is older when another queue gave it up. The counts show it,
// unless messages come in a way that the broker does not count as published.
func (q *queue) held(now signal.Instant) signal.Age {
	h, c := &q.holding, &q.counts
	if q.refilled || !c.published.Known() || !c.ready.Known() || !c.unacked.Known() {
		*h = holding{}
		return signal.Age{}
	}
	left := c.published - c.waiting()
	if !h.at.Known() || c.published < h.seen || left >= h.published {
		h.published, h.at = c.published, now
	}
	h.seen = c.published
	return signal.Age{Since: h.at, Bound: signal.AtLeast}
}
