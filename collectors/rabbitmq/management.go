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

// columns are what is asked of the management API where the prometheus plugin
// cannot be used. They trim bytes, not work.
const columns = "columns=vhost,name,type,messages_ready,messages_unacknowledged,consumers,consumer_utilisation,head_message_timestamp,message_bytes_ready," +
	"message_stats.publish,message_stats.ack,message_stats.deliver_get,message_stats.deliver_no_ack,message_stats.get_no_ack,message_stats.redeliver"

// listed is a queue as the management API lists it.
type listed struct {
	VHost   string `json:"vhost"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Ready   *int64 `json:"messages_ready"`
	Unacked *int64 `json:"messages_unacknowledged"`
	extra
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

// UnmarshalJSON takes an empty list for an empty object: so the broker writes one
// of which no column is left.
func (s *stats) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	type plain stats
	return json.Unmarshal(text, (*plain)(s))
}

// ask asks the first node that answers.
func (r *reader) ask(ctx context.Context, path string, into any) error {
	return r.askNodes(ctx, func(node string) error { return r.client.json(ctx, node+path, into) })
}

// askNodes asks one node after the other until one answers. One that answers wrongly
// is not passed over: the others would say the same.
func (r *reader) askNodes(ctx context.Context, ask func(node string) error) error {
	var tried nodesError
	for range r.config.URL {
		node := r.config.URL[r.node]
		err := ask(node)
		if err == nil {
			return nil
		}
		tried = append(tried, fmt.Errorf("%s: %w", host(node), err))
		var status statusError
		if errors.As(err, &status) && status < 500 || ctx.Err() != nil {
			break
		}
		r.node = (r.node + 1) % len(r.config.URL)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return tried
}

// nodesError is what each of the nodes that were asked answered.
type nodesError []error

func (e nodesError) Error() string {
	var m missing
	for _, err := range e {
		m.parts = append(m.parts, err.Error())
	}
	return m.err().Error()
}

func (e nodesError) Unwrap() []error { return e }

// errNoVHost is how the broker hides, from 4 on, a virtual host on which the user has no
// rights.
var errNoVHost = errors.New("there is none of this name, or the user has no rights on it")

// perVHost asks for a list of each virtual host that the config names, or for that
// of all, and keeps what is wanted of it; a virtual host that may not be read hides no
// other.
func perVHost[T any](ctx context.Context, r *reader, m *missing, what, query string, keep func(*T) bool) (all []T, ok bool) {
	ask := func(path string) error {
		before := len(all)
		return r.askNodes(ctx, func(node string) error {
			all = all[:before] // what came before the list broke off is not told twice
			return elements(ctx, r.client, node+path, func(one *T) {
				if keep(one) {
					all = append(all, *one)
				}
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
		set(&c.ready, l.Ready)
		set(&c.unacked, l.Unacked)
		l.put(c, now)
		if s := l.Stats; s != nil {
			set(&c.published, s.Publish)
			set(&c.acked, s.Ack)
			set(&c.redelivered, s.Redeliver)
			set(&c.delivered, s.DeliverGet)
			var more signal.Count = signal.Unknown
			set(&c.auto, s.DeliverNoAck)
			set(&more, s.GetNoAck)
			c.auto = c.auto.Add(more)
			// That counts those without acknowledgement, too.
			if c.delivered.Known() {
				c.delivered = max(0, c.delivered-max(0, c.auto))
			}
		}
		// A queue that counts nothing had no traffic while statistics are kept.
		c.deliveriesKnown = r.statistics
	}
	return ok
}

func set(count *signal.Count, value *int64) {
	if value != nil {
		*count = countOf(float64(*value))
	}
}
