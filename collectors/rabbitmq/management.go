package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// columns are the fields read from the management API when the prometheus plugin cannot
// be used. They reduce the bytes, not the broker's work.
const columns = "columns=vhost,name,type,messages_ready,messages_unacknowledged,consumers,consumer_utilisation,head_message_timestamp,message_bytes_ready," +
	"message_stats.publish,message_stats.ack,message_stats.deliver_get,message_stats.deliver_no_ack,message_stats.get_no_ack,message_stats.redeliver"

// listed is a queue in a list of the management API.
type listed struct {
	VHost   string `json:"vhost"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Ready   *int64 `json:"messages_ready"`
	Unacked *int64 `json:"messages_unacknowledged"`
	details
	Stats *stats `json:"message_stats"`
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

// UnmarshalJSON accepts an empty list: the broker writes one for an object without the
// requested columns.
func (s *stats) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	type plain stats
	return json.Unmarshal(text, (*plain)(s))
}

// getJSON reads an answer from the first node that gives one.
func (r *reader) getJSON(ctx context.Context, path string, into any) error {
	return r.tryNodes(ctx, func(node string) error { return r.client.json(ctx, node+path, into) })
}

// tryNodes calls ask with one node after the other until one answers. After a 4xx answer
// or a list that is too long it stops: the other nodes would answer the same.
func (r *reader) tryNodes(ctx context.Context, ask func(node string) error) error {
	var tried nodesError
	for range r.config.URL {
		node := r.config.URL[r.node]
		err := ask(node)
		if err == nil {
			return nil
		}
		tried = append(tried, fmt.Errorf("%s: %w", host(node), err))
		var status statusError
		var tooMany tooManyError
		if errors.As(err, &status) && status < 500 || errors.As(err, &tooMany) || ctx.Err() != nil {
			break
		}
		r.node = (r.node + 1) % len(r.config.URL)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return tried
}

// nodesError is the error of each node that was tried.
type nodesError []error

func (e nodesError) Error() string {
	var m missing
	for _, err := range e {
		m.parts = append(m.parts, err.Error())
	}
	return m.err().Error()
}

func (e nodesError) Unwrap() []error { return e }

// errNoVHost stands for 404. RabbitMQ 4 answers it also for a virtual host on which the user
// has no permissions.
var errNoVHost = errors.New("it does not exist, or the user has no permissions on it")

// perVHost reads a list for each virtual host that the config names, or for all of them,
// and keeps the elements that keep accepts. A virtual host that cannot be read does not hide
// the others.
func perVHost[T any](ctx context.Context, r *reader, m *missing, what, query string, keep func(*T) bool) (all []T, ok bool) {
	most := r.mostOf(what)
	ask := func(path string) error {
		before := len(all)
		return r.tryNodes(ctx, func(node string) error {
			all = all[:before] // drop what an earlier node returned before it failed
			return elements(ctx, r.client, node+path, func(one *T) error {
				if !keep(one) {
					return nil
				}
				if len(all) >= most {
					return tooManyError{what, most}
				}
				all = append(all, *one)
				return nil
			})
		})
	}
	vhosts := r.config.vhosts()
	if vhosts == nil {
		if err := ask("/api/" + what + query); err != nil {
			m.add("read "+what, err)
			return nil, false
		}
		return all, true
	}
	for _, vhost := range vhosts {
		before := len(all)
		err := ask("/api/" + what + "/" + url.PathEscape(vhost) + query)
		switch {
		case err == nil:
			ok = true
			continue
		case errors.Is(err, statusError(http.StatusNotFound)):
			m.add("read virtual host "+vhost, errNoVHost)
		case errors.Is(err, statusError(http.StatusForbidden)):
			m.add("read virtual host "+vhost, statusError(http.StatusForbidden))
		default:
			m.add("read "+what+" of virtual host "+vhost, err)
		}
		all = all[:before]
	}
	return all, ok
}

// list reads all queues from the management API.
func (r *reader) list(ctx context.Context, m *missing) (ok bool) {
	all, ok := perVHost(ctx, r, m, "queues", "?"+columns, func(l *listed) bool { return r.config.watches(key{l.VHost, l.Name}) })
	r.begin()
	now := time.Now()
	for i := range all {
		l := &all[i]
		q := r.queue(key{l.VHost, l.Name})
		r.exists(q, true)
		c := r.now(q)
		setCount(&c.ready, l.Ready)
		setCount(&c.unacked, l.Unacked)
		l.put(c, now)
		if s := l.Stats; s != nil {
			setCount(&c.published, s.Publish)
			setCount(&c.acked, s.Ack)
			setCount(&c.redelivered, s.Redeliver)
			setCount(&c.delivered, s.DeliverGet)
			var more signal.Count = signal.Unknown
			setCount(&c.auto, s.DeliverNoAck)
			setCount(&more, s.GetNoAck)
			c.auto = c.auto.Add(more)
			// deliver_get includes deliveries without acknowledgement.
			if c.delivered.Known() {
				c.delivered = max(0, c.delivered-max(0, c.auto))
			}
		}
		// While statistics are enabled, a queue without counters had no traffic.
		c.deliveriesKnown = r.statistics
	}
	return ok
}

func setCount(count *signal.Count, value *int64) {
	if value != nil {
		*count = countOf(float64(*value))
	}
}
