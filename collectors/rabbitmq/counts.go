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

// families are the metric families of the prometheus plugin that a reading needs.
const families = "family=queue_coarse_metrics&family=queue_delivery_metrics&family=queue_exchange_metrics&family=stream_consumer_metrics"

// scrape reads all queues from the prometheus plugins of all nodes.
func (r *reader) scrape(ctx context.Context) error {
	query := families
	// Counting consumers is more than half of the broker's work for a reading. Those of
	// queues with a backlog are read one queue at a time at each reading.
	count := time.Since(r.consumersAt) >= r.slowInterval()
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
	if r.tooMany {
		return tooManyError{"queues", r.mostQueues}
	}
	if count {
		r.consumersAt = time.Now()
	}
	// An open channel still counts what it published to a queue that was deleted. Only the
	// queue itself reports how many messages it holds.
	for _, q := range r.queues {
		r.exists(q, q.seenIn != r.number || q.counts.ready.Known())
	}
	for _, q := range r.queues {
		if q.seenIn != r.number {
			continue
		}
		c := &q.counts
		if !count {
			c.consumers = q.history.consumers
		}
		if r.managementError != nil && c.consumers <= 0 && c.waiting() > 0 {
			r.consumersAt = time.Time{} // no other source has them
		}
	}
	return nil
}

// place is the queue that the labels of a line name.
type place struct {
	queue   *queue // nil if it is not watched
	reading int    // number of the last reading with these labels
}

// spareLabels is how many labels are kept that the last reading did not contain. Many of
// them return: a queue that was idle or is declared again.
const spareLabels = 1000

// place returns the queue that the labels name, or nil if it is not watched. The result is
// cached, because every line of the queue and every reading repeats the labels.
func (r *reader) place(s *sample) (q *queue, ok bool) {
	p := r.places[string(s.labels)]
	if p == nil {
		k := key{s.label("vhost"), s.label("queue")}
		if k.vhost == "" || k.name == "" {
			return nil, false
		}
		p = &place{}
		if r.watches(k) {
			if r.queues[k] == nil && r.seenCount >= r.mostQueues {
				r.tooMany = true
				return nil, true
			}
			p.queue = r.queue(k)
		}
		if len(r.places) >= mostPlaces {
			return p.queue, true
		}
		r.places[string(s.labels)] = p
	}
	if p.reading != r.number {
		p.reading = r.number
		r.placesSeen++
	}
	return p.queue, true
}

// forgetPlaces drops the labels of queues that no longer exist. A shop may create and
// delete hundreds of thousands of reply queues a day, watched or not.
func (r *reader) forgetPlaces() {
	if len(r.places) > r.placesSeen+spareLabels {
		maps.DeleteFunc(r.places, func(_ string, p *place) bool { return p.reading != r.number })
	}
}

// scrapeNode adds the counts of one node.
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
		c.deliveriesKnown = r.deliveries // the plugin omits a queue without deliveries
		c.lagShown = r.deliveries
		switch at := field(c); at {
		case &c.lag: // each node reports its own consumers
			*at = max(*at, value)
		default:
			*at = at.Add(value)
		}
		return ok
	})
}

// noteType takes the type of a queue from the plugin if the management API is absent. The
// plugin reports it from RabbitMQ 4 on.
func (r *reader) noteType(s *sample) {
	if r.managementError == nil || string(s.name) != "queue_info" {
		return
	}
	kind, isQueue := strings.CutSuffix(strings.TrimPrefix(s.label("queue_type"), "rabbit_"), "_queue")
	if q, ok := r.place(s); ok && q != nil && isQueue && (q.setup.signal == nil || q.setup.signal.Type != kind) {
		q.setup.signal = typeOnly(kind)
	}
}

// fieldOf returns the field of a metric. Several metrics may add up in one field.
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
