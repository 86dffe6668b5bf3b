package rabbitmq

import (
	"context"
	"fmt"
	"maps"
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
	r.forgetPlaces()
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

// place is what the labels of a line stand for.
type place struct {
	queue *queue // nil where the config does not choose it
	round int    // of the last reading with these labels
}

// spareLabels is how many labels may be kept that the last reading did not hold. Most of
// them come back: a queue that was idle or is declared again.
const spareLabels = 1000

// place returns the queue that labels name, nil where nobody watches it. The same
// ones come again in each line of the queue and at each reading.
func (r *reader) place(s *sample) (q *queue, ok bool) {
	p := r.places[string(s.labels)]
	if p == nil {
		k := key{s.label("vhost"), s.label("queue")}
		if k.vhost == "" || k.name == "" {
			return nil, false
		}
		p = &place{}
		if r.watches(k) {
			p.queue = r.queue(k)
		}
		r.places[string(s.labels)] = p
	}
	if p.round != r.round {
		p.round = r.round
		r.placesMet++
	}
	return p.queue, true
}

// forgetPlaces drops the labels of queues that are gone. Reply queues come and go by the
// hundred thousand, whether they are watched or not.
func (r *reader) forgetPlaces() {
	if len(r.places) > r.placesMet+spareLabels {
		maps.DeleteFunc(r.places, func(_ string, p *place) bool { return p.round != r.round })
	}
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
		value, ok := s.count()
		c := r.now(q)
		c.deliveriesKnown = r.deliveries // a queue that the plugin leaves out had no delivery
		switch at := field(c); at {
		case &c.lag: // each node tells of its own readers
			*at = max(*at, value)
		default:
			*at = at.Add(value)
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
