package rabbitmq

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// definitions is what the broker says of itself on the slow clock.
type definitions struct {
	queues   []queueDefinition
	byName   map[key]*queueDefinition
	policies []policy
	operator []policy
	topology topology
}

type queueDefinition struct {
	VHost     string    `json:"vhost"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Arguments arguments `json:"arguments"`
	// Exclusive and AutoDelete: it goes with a connection, or with its last consumer.
	Exclusive  bool `json:"exclusive"`
	AutoDelete bool `json:"auto_delete"`

	effective effective
}

type exchange struct {
	VHost     string    `json:"vhost"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Arguments arguments `json:"arguments"`
}

type binding struct {
	VHost       string `json:"vhost"`
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Kind        string `json:"destination_type"`
	RoutingKey  string `json:"routing_key"`
}

type overview struct {
	Version    string `json:"rabbitmq_version"`
	Statistics bool   `json:"disable_stats"` // true: there are none
}

type nodeState struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Memory  bool   `json:"mem_alarm"`
	Disk    bool   `json:"disk_free_alarm"`
}

// define reads the slow clock's part. What cannot be read is named, and the last
// that was known stays.
func (r *reader) define(ctx context.Context, m *missing) {
	var o overview
	if err := r.ask(ctx, "/api/overview", &o); err != nil {
		m.add("read overview", err)
		if r.setups == nil && ctx.Err() == nil && away(err) {
			r.unmanaged = err
		}
		return
	}
	r.unmanaged = nil
	r.release, r.statistics = releaseOf(o.Version), !o.Statistics
	var d definitions
	var ok bool
	d.queues, ok = perVHost(ctx, r, m, "queues", "?disable_stats=true&enable_queue_totals=true",
		func(q *queueDefinition) bool { return r.watches(key{q.VHost, q.Name}) })
	if !ok {
		return
	}
	watched := r.config.VHosts.Match
	var known bool
	if d.policies, known = perVHost(ctx, r, m, "policies", "", func(p *policy) bool { return watched(p.VHost) }); known {
		d.operator, known = perVHost(ctx, r, m, "operator-policies", "", func(p *policy) bool { return watched(p.VHost) })
	}
	exchanges, okExchanges := perVHost(ctx, r, m, "exchanges", "", func(e *exchange) bool { return watched(e.VHost) })
	bindings, okBindings := perVHost(ctx, r, m, "bindings", "", func(b *binding) bool { return watched(b.VHost) })
	d.topology = newTopology(exchanges, bindings, okExchanges && okBindings)
	router := newRouter(ctx, &d.topology, len(d.queues))
	setups := d.setups(&r.release, known, router)
	r.routeSteps = router.walk.total
	if err := ctx.Err(); err != nil {
		m.add("follow dead letters", err) // what was found until then is not whole
		return
	}
	r.setups, r.deadLetterings = setups, deadLetterings(setups)
	if err := router.err(); err != nil {
		m.add("follow dead letters", err)
	}
	clear(r.visible)
	for k := range r.setups {
		r.visible[k.vhost] = true
	}
	for k, q := range r.queues {
		q.setup = r.setups[k]
	}
	r.hide()
}

// hide notes the queues of virtual hosts of which no definition was read.
func (r *reader) hide() {
	for k, q := range r.queues {
		q.hidden = !r.visible[k.vhost]
	}
}

// away reports whether the management API is not there at all, rather than that it
// does not want us.
func away(err error) bool {
	var status statusError
	return !errors.As(err, &status) && !errors.Is(err, errNotJSON) && !errors.Is(err, errCutOff) && !errors.Is(err, errTooLarge) ||
		errors.Is(err, statusError(http.StatusNotFound))
}

// longestTTL is the largest that RabbitMQ accepts, in milliseconds.
const longestTTL = 1<<32 - 1

// setup is how a queue is set up, and to which queues its failures go.
type setup struct {
	signal *signal.Setup
	to     []key
}

// typeOnly is the setup of a queue of which no more is certain than its type.
func typeOnly(kind string) *signal.Setup {
	return &signal.Setup{Type: kind, MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: signal.Unknown}
}

// setups works out how every queue is set up. Without the policies only its type
// is certain.
func (d *definitions) setups(v *release, policies bool, router *router) map[key]setup {
	all := make(map[key]setup, len(d.queues))
	d.byName = make(map[key]*queueDefinition, len(d.queues))
	for i := range d.queues {
		q := &d.queues[i]
		d.byName[key{q.VHost, q.Name}] = q
		if policies {
			q.effective = effective{arguments: q.Arguments, policy: best(d.policies, q), operator: best(d.operator, q)}
		}
	}
	for i := range d.queues {
		if router.ended() {
			return nil
		}
		q := &d.queues[i]
		k := key{q.VHost, q.Name}
		s := typeOnly(q.Type)
		if !policies {
			all[k] = setup{signal: typeOnly(q.Type)}
			continue
		}
		s.Temporary = q.Exclusive || q.AutoDelete || strings.HasPrefix(q.Name, "amq.")
		e := &q.effective
		if ttl := e.least("x-message-ttl", "message-ttl"); ttl.Known() {
			// 0 is none in the vocabulary, and at once to the broker.
			s.Retention = time.Duration(max(1, min(ttl, longestTTL))) * time.Millisecond
		}
		s.MaxMessages = e.least("x-max-length", "max-length")
		s.MaxBytes = e.least("x-max-length-bytes", "max-length-bytes")
		overflow := e.text("x-overflow", "overflow")
		s.DropsHead = (s.MaxMessages.Known() || s.MaxBytes.Known()) && (overflow == "" || overflow == "drop-head")
		if q.Type == "quorum" {
			s.MaxDeliveries = e.deliveries(v.defaultLimit())
			s.ReturnsUncounted = v.nackUncounted()
		}
		var to []key
		if q.Type != "stream" {
			s.DeadLettering, to = router.route(q, e)
			s.DeadLettering.AtMostOnce = q.Type == "quorum" && s.DeadLettering.Route == signal.RouteSet && !e.atLeastOnce()
			s.DeadLettering.Leak = d.leak(q, e, to)
		}
		all[k] = setup{signal: s, to: to}
	}
	return all
}
