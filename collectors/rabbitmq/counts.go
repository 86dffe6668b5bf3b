package rabbitmq

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// families are those of the prometheus plugin that a reading needs.
const families = "family=queue_coarse_metrics&family=queue_delivery_metrics&family=queue_exchange_metrics&family=stream_consumer_metrics"

// scrape reads all queues from the prometheus plugins of all nodes.
func (r *reader) scrape(ctx context.Context) error {
	query := families
	// Counting consumers is more than half of the broker's work in a reading. Of queues
	// in which messages wait they are asked for at each reading, one queue at a time.
	count := time.Since(r.consumersAt) >= r.seldom()
	if count {
		query += "&family=queue_consumer_count"
	}
	if vhosts := r.config.vhosts(); vhosts != nil {
		query += "&" + url.Values{"vhost": vhosts}.Encode()
	}
	r.begin()
	for _, address := range r.config.prometheus() {
		if err := r.scrapeNode(ctx, address+"/metrics/detailed?"+query); err != nil {
			return fmt.Errorf("prometheus plugin at %s: %w", host(address), err)
		}
	}
	if count {
		r.consumersAt = time.Now()
	}
	// A channel goes on telling what it published to a queue that was deleted, for as long
	// as it is open. Only the queue itself tells how many messages there are.
	for _, q := range r.queues {
		r.exists(q, q.round != r.round || q.counts.ready.Known())
	}
	for _, q := range r.seen() {
		c := &q.counts
		if !count {
			c.consumers = q.past.consumers
		}
		if r.unmanaged != nil && c.consumers <= 0 && c.waiting() > 0 {
			r.consumersAt = time.Time{} // nobody else can be asked
		}
	}
	return nil
}

// place returns the queue that labels name, nil where nobody watches it. The same
// ones come again in each line of the queue and at each reading.
func (r *reader) place(s *sample) (q *queue, ok bool) {
	if q, ok = r.places[string(s.labels)]; ok {
		return q, true
	}
	k := key{s.label("vhost"), s.label("queue")}
	if k.vhost == "" || k.name == "" {
		return nil, false
	}
	if r.watches(k) {
		q = r.queue(k)
	}
	r.places[string(s.labels)] = q
	return q, true
}

// scrapeNode adds what one node says of its queues.
func (r *reader) scrapeNode(ctx context.Context, address string) error {
	return r.client.metrics(ctx, address, "rabbitmq_detailed_", func(s *sample) bool {
		field := fieldOf(s.name)
		if field == nil {
			r.noteType(s)
			return true
		}
		q, ok := r.place(s)
		if !ok || q == nil {
			return ok
		}
		value, ok := s.value()
		c := r.now(q)
		c.deliveriesKnown = r.deliveries // a queue that the plugin leaves out had no delivery
		switch at := field(c); at {
		case &c.lag: // each node tells of its own readers
			*at = max(*at, signal.Count(value))
		default:
			*at = at.Add(signal.Count(value))
		}
		return ok
	})
}

// noteType takes the type of a queue from the plugin where nobody else tells it; that
// of RabbitMQ 4 does.
func (r *reader) noteType(s *sample) {
	if r.unmanaged == nil || string(s.name) != "queue_info" {
		return
	}
	kind, isQueue := strings.CutSuffix(strings.TrimPrefix(s.label("queue_type"), "rabbit_"), "_queue")
	if q, ok := r.place(s); ok && q != nil && isQueue && (q.setup.signal == nil || q.setup.signal.Type != kind) {
		q.setup.signal = typeOnly(kind)
	}
}

// fieldOf says where a metric belongs. Several may add up in one place.
func fieldOf(name []byte) func(*counts) *signal.Count {
	switch string(name) {
	case "queue_messages_ready":
		return func(c *counts) *signal.Count { return &c.ready }
	case "queue_messages_unacked":
		return func(c *counts) *signal.Count { return &c.unacked }
	case "queue_consumers":
		return func(c *counts) *signal.Count { return &c.consumers }
	case "queue_messages_acked_total":
		return func(c *counts) *signal.Count { return &c.acked }
	case "queue_messages_delivered_ack_total", "queue_get_ack_total":
		return func(c *counts) *signal.Count { return &c.delivered }
	case "queue_messages_delivered_total", "queue_get_total":
		return func(c *counts) *signal.Count { return &c.auto }
	case "queue_messages_redelivered_total":
		return func(c *counts) *signal.Count { return &c.redelivered }
	case "queue_exchange_messages_published_total":
		return func(c *counts) *signal.Count { return &c.published }
	case "stream_consumer_max_offset_lag":
		return func(c *counts) *signal.Count { return &c.lag }
	}
	return nil
}
