package detect

import "github.com/lostorder/lostorder/internal/signal"

// rememberedJoins is how many of the last times that members joined are remembered.
const rememberedJoins = 3

// consumers tracks who is connected to a queue.
type consumers struct {
	Connected signal.Count // as of the last reading that knew
	// Seen is true once a consumer was connected. A group that never had one since lostorder
	// started watching may be retired.
	Seen    bool
	Members uint64                          // the fingerprint of the members of the group
	Joined  [rememberedJoins]signal.Instant // the last times that members joined, the latest last
}

func (c *consumers) observe(r *queueReading) {
	if r.Consumers.Known() || !r.previous.Known() {
		c.Connected = r.Consumers
	}
	c.Seen = c.Seen || r.Consumers > 0
	members := r.Members
	if members == 0 || members == c.Members {
		return
	}
	if c.Members != 0 && !r.rebase {
		copy(c.Joined[:], c.Joined[1:])
		c.Joined[rememberedJoins-1] = r.at
	}
	c.Members = members
}

// severity is how bad it is when messages of the queue are removed. A queue that never
// had a consumer may be retired.
func (c *consumers) severity() signal.Severity {
	if c.Connected == 0 && !c.Seen {
		return signal.Warning
	}
	return signal.Critical
}
