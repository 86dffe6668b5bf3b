package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// columns are what is asked of the management API where the prometheus plugin
// cannot be used. They trim bytes, not work.
const columns = "columns=vhost,name,type,messages_ready,messages_unacknowledged,consumers,head_message_timestamp," +
	"message_stats.publish,message_stats.ack,message_stats.deliver_get,message_stats.deliver_no_ack,message_stats.get_no_ack,message_stats.redeliver"

// listed is a queue as the management API lists it.
type listed struct {
	VHost     string   `json:"vhost"`
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Ready     *int64   `json:"messages_ready"`
	Unacked   *int64   `json:"messages_unacknowledged"`
	Consumers *int64   `json:"consumers"`
	Head      *float64 `json:"head_message_timestamp"`
	Stats     *stats   `json:"message_stats"`
}

// stats are the counters of a queue.
type stats struct {
	Publish      *int64 `json:"publish"`
	Ack          *int64 `json:"ack"`
	DeliverGet   *int64 `json:"deliver_get"`
	DeliverNoAck *int64 `json:"deliver_no_ack"`
	GetNoAck     *int64 `json:"get_no_ack"`
	Redeliver    *int64 `json:"redeliver"`
}

// UnmarshalJSON takes an empty list for an empty object: so the broker writes one
// of which no column is left.
func (s *stats) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	type plain stats
	return json.Unmarshal(text, (*plain)(s))
}

// ask asks the first node that answers. One that answers wrongly is not passed
// over: the others would say the same.
func (r *reader) ask(ctx context.Context, path string, into any) error {
	var tried missing
	for range r.config.URL {
		node := r.config.URL[r.node]
		err := r.client.json(ctx, node+path, into)
		if err == nil {
			return nil
		}
		tried.add(host(node), err)
		var status statusError
		if errors.As(err, &status) && status < 500 || ctx.Err() != nil {
			break
		}
		r.node = (r.node + 1) % len(r.config.URL)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return tried.err()
}

// perVHost asks for a list of each virtual host that the config names, or for that
// of all; a virtual host that may not be read hides no other.
func perVHost[T any](ctx context.Context, r *reader, m *missing, what, query string) (all []T, ok bool) {
	vhosts := r.config.vhosts()
	if vhosts == nil {
		if err := r.ask(ctx, "/api/"+what+query, &all); err != nil {
			m.add("read "+what, err)
			return nil, false
		}
		return all, true
	}
	for _, vhost := range vhosts {
		var some []T
		if err := r.ask(ctx, "/api/"+what+"/"+url.PathEscape(vhost)+query, &some); err != nil {
			m.add("read "+what+" of virtual host "+vhost, err)
			continue
		}
		ok = true
		all = append(all, some...)
	}
	return all, ok
}

// list reads all queues from the management API.
func (r *reader) list(ctx context.Context, m *missing) (map[key]*counts, bool) {
	all, ok := perVHost[listed](ctx, r, m, "queues", "?"+columns)
	queues := make(map[key]*counts, len(all))
	for i := range all {
		l := &all[i]
		k := key{l.VHost, l.Name}
		if !r.config.watches(k) {
			continue
		}
		q := unknownCounts()
		set(&q.ready, l.Ready)
		set(&q.unacked, l.Unacked)
		set(&q.consumers, l.Consumers)
		if l.Head != nil && *l.Head > 0 {
			q.head = signal.InstantOf(time.Unix(int64(*l.Head), 0))
		}
		if s := l.Stats; s != nil {
			set(&q.published, s.Publish)
			set(&q.acked, s.Ack)
			set(&q.redelivered, s.Redeliver)
			set(&q.delivered, s.DeliverGet)
			var more signal.Count = signal.Unknown
			set(&q.auto, s.DeliverNoAck)
			set(&more, s.GetNoAck)
			q.auto = q.auto.Add(more)
			// That counts those without acknowledgement, too.
			if q.delivered.Known() {
				q.delivered = max(0, q.delivered-max(0, q.auto))
			}
		}
		// A queue that counts nothing had no traffic while statistics are kept.
		q.deliveriesKnown = r.statistics
		queues[k] = q
	}
	return queues, ok
}

func set(count *signal.Count, value *int64) {
	if value != nil {
		*count = signal.Count(*value)
	}
}
