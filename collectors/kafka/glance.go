package kafka

import (
	"errors"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// glanceBytes and glanceTotal bound how much is read of one partition and of one
	// broker at a time.
	glanceBytes = 64 << 10
	glanceTotal = 1 << 20
	// glanceRounds bounds how often a partition is read on in one reading.
	glanceRounds = 4
	// namesKept is how many orders of a queue are named.
	namesKept = 10
)

// glance is a look at messages of one partition. It moves nothing: a fetch by a
// reader without a group leaves no trace in the broker.
type glance struct {
	topic     *topic
	partition int32
	next      int64 // the offset to read from
	until     int64 // the offset to read up to
	newest    bool  // keep the last that are found, not the first

	found   []message // those that a reader of committed messages sees
	refused bool      // not authorized
	failed  bool
	stuck   bool // nothing more can be read now
}

// over reports whether there is nothing more to be learned.
func (g *glance) over() bool {
	return g.refused || g.failed || g.stuck || g.next >= g.until || !g.newest && len(g.found) > 0
}

// look reads what the glances ask for.
func (r *reading) look(glances []*glance) {
	for range glanceRounds {
		rest := map[int32][]*glance{}
		type place struct {
			topic     *topic
			partition int32
		}
		taken := map[place]bool{}
		for _, g := range glances {
			at := place{g.topic, g.partition}
			if g.over() || taken[at] { // a request may name a partition only once
				continue
			}
			taken[at] = true
			leader := g.topic.leaders[g.partition]
			rest[leader] = append(rest[leader], g)
		}
		if len(rest) == 0 || r.ctx.Err() != nil {
			return
		}
		r.cluster.each(func(n *node) { r.fetch(n, rest[n.id]) })
	}
}

// fetch reads once from one broker.
func (r *reading) fetch(n *node, glances []*glance) {
	if len(glances) == 0 {
		return
	}
	request := &sarama.FetchRequest{
		Version: pick(r.cluster.conf.Version, step{sarama.V2_7_0_0, 12}, step{sarama.V2_3_0_0, 11}, step{sarama.V2_1_0_0, 10},
			step{sarama.V1_1_0_0, 7}, step{sarama.V0_11_0_0, 5}, step{sarama.V0_10_1_0, 3}, step{sarama.V0_10_0_0, 2}),
		MaxBytes:     glanceTotal,
		Isolation:    sarama.ReadCommitted,
		SessionEpoch: -1, // no session to remember
	}
	for _, g := range glances {
		request.AddBlock(g.topic.name, g.partition, g.next, glanceBytes, -1)
	}
	answer, err := ask(r.ctx, n, r.cluster.reading, func(b *sarama.Broker) (*sarama.FetchResponse, error) {
		return b.Fetch(request)
	})
	if err != nil {
		// The reading is whole without it; a broker that is down is missed elsewhere.
		for _, g := range glances {
			g.failed = true
		}
		return
	}
	for _, g := range glances {
		block := answer.GetBlock(g.topic.name, g.partition)
		switch {
		case block == nil:
			g.failed = true
		case errors.Is(block.Err, sarama.ErrTopicAuthorizationFailed):
			g.refused = true
		case block.Err != sarama.ErrNoError:
			g.failed = true
		default:
			g.take(block)
		}
	}
}

// take keeps what one answer shows.
func (g *glance) take(block *sarama.FetchResponseBlock) {
	seen, next := visible(block, g.next)
	g.stuck = next <= g.next
	g.next = max(g.next, next)
	g.found = append(g.found, seen...)
	if more := len(g.found) - namesKept; more > 0 {
		if g.newest {
			g.found = g.found[more:]
		} else {
			g.found = g.found[:namesKept]
		}
	}
}

// refs names the orders of messages whose key is one.
func refs(messages []message) []signal.OrderRef {
	var list []signal.OrderRef
	for _, m := range messages {
		if id, ok := orderID(m.key); ok {
			list = append(list, signal.OrderRef{ID: id, Since: m.at, TraceID: m.trace, SpanID: m.span})
		}
	}
	return list
}
