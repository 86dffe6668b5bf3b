package rabbitmq

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// key names a queue in a cluster.
type key struct{ vhost, name string }

// destination is the name that metrics and findings use. The default virtual host
// is left out; no name of another can look as if it was in it, except that of a
// queue with a slash in its name.
func (k key) destination() string {
	if k.vhost == "/" {
		return k.name
	}
	return k.vhost + "/" + k.name
}

// counts is what changes from one reading to the next.
type counts struct {
	ready, unacked, consumers signal.Count
	published, acked, auto    signal.Count
	delivered, redelivered    signal.Count
	head                      signal.Instant // as the publisher set it
	deliveriesKnown           bool
}

func unknownCounts() *counts {
	const u = signal.Unknown
	return &counts{ready: u, unacked: u, consumers: u, published: u, acked: u, auto: u, delivered: u, redelivered: u}
}

// processed returns how many messages left the queue because a reader took them;
// Unknown where the broker does not count them.
func (c *counts) processed() signal.Count {
	if !c.deliveriesKnown {
		return signal.Unknown
	}
	return max(0, c.acked) + max(0, c.auto)
}

// families are those of the prometheus plugin that a reading needs.
const families = "family=queue_coarse_metrics&family=queue_delivery_metrics&family=queue_exchange_metrics"

// consumersEvery is how often consumers are counted, which is more than half of
// the broker's work in a reading. Where messages wait for nobody they are counted
// at the next reading, so that consumers that came are seen at once.
const consumersEvery = time.Minute

// scrape reads all queues from the prometheus plugins of all nodes.
func (r *reader) scrape(ctx context.Context) (map[key]*counts, error) {
	query := families
	count := time.Since(r.consumersAt) >= consumersEvery
	if count {
		query += "&family=queue_consumer_count"
	}
	if vhosts := r.config.vhosts(); vhosts != nil {
		query += "&" + url.Values{"vhost": vhosts}.Encode()
	}
	queues := make(map[key]*counts, len(r.setups)+64)
	for _, address := range r.config.prometheus() {
		text, err := r.client.text(ctx, address+"/metrics/detailed?"+query)
		if err == nil {
			err = r.addNode(queues, text)
		}
		if err != nil {
			return nil, fmt.Errorf("prometheus plugin at %s: %w", host(address), err)
		}
	}
	if count {
		r.consumersAt = time.Now()
	}
	for k, q := range queues {
		if before, known := r.past[k]; !count && known {
			q.consumers = before.consumers
		}
		if q.consumers <= 0 && q.ready.Add(q.unacked) > 0 {
			r.consumersAt = time.Time{}
		}
	}
	return queues, nil
}

// addNode adds what one node says of its queues.
func (r *reader) addNode(queues map[key]*counts, text []byte) error {
	const prefix = "rabbitmq_detailed_queue_"
	return samples(text, prefix, func(s *sample) {
		field := fieldOf(s.name[len(prefix):])
		if field == nil {
			return
		}
		k := key{s.label("vhost"), s.label("queue")}
		q := queues[k]
		if q == nil {
			if !r.config.watches(k) {
				return
			}
			q = unknownCounts()
			q.deliveriesKnown = true // a queue that the plugin leaves out had no delivery
			queues[k] = q
		}
		at := field(q)
		*at = at.Add(signal.Count(s.value))
	})
}

// fieldOf says where a metric belongs. Several may add up in one place.
func fieldOf(name string) func(*counts) *signal.Count {
	switch name {
	case "messages_ready":
		return func(c *counts) *signal.Count { return &c.ready }
	case "messages_unacked":
		return func(c *counts) *signal.Count { return &c.unacked }
	case "consumers":
		return func(c *counts) *signal.Count { return &c.consumers }
	case "messages_acked_total":
		return func(c *counts) *signal.Count { return &c.acked }
	case "messages_delivered_ack_total", "get_ack_total":
		return func(c *counts) *signal.Count { return &c.delivered }
	case "messages_delivered_total", "get_total":
		return func(c *counts) *signal.Count { return &c.auto }
	case "messages_redelivered_total":
		return func(c *counts) *signal.Count { return &c.redelivered }
	case "exchange_messages_published_total":
		return func(c *counts) *signal.Count { return &c.published }
	}
	return nil
}
