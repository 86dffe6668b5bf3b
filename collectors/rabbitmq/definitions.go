package rabbitmq

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// definitions are what config_interval reads: queues, policies, exchanges and bindings.
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
	// An exclusive queue is deleted with its connection, an auto-delete queue with its last consumer.
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
	Cluster    string `json:"cluster_name"`
	Statistics bool   `json:"disable_stats"` // true if there are no statistics
}

type nodeState struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Memory  bool   `json:"mem_alarm"`
	Disk    bool   `json:"disk_free_alarm"`
}

// readDefinitions reads the definitions. If a part cannot be read, m names it and the last
// known definitions stay.
func (r *reader) readDefinitions(ctx context.Context, m *missing) {
	var o overview
	if err := r.getJSON(ctx, "/api/overview", &o); err != nil {
		m.add("read overview", err)
		if r.setups == nil && ctx.Err() == nil && isAbsent(err) {
			r.managementError = err
		}
		return
	}
	r.managementError = nil
	r.release, r.statistics, r.identity = releaseOf(o.Version), !o.Statistics, o.Cluster
	var d definitions
	var ok bool
	d.queues, ok = perVHost(ctx, r, m, "queues", "?disable_stats=true&enable_queue_totals=true",
		func(q *queueDefinition) bool { return r.watches(key{q.VHost, q.Name}) })
	if !ok {
		return
	}
	watched := r.config.VHosts.Match
	policies, known := r.readPolicies(ctx, m)
	d.policies, d.operator = policies.user, policies.operator
	exchanges, okExchanges := perVHost(ctx, r, m, "exchanges", "", func(e *exchange) bool { return watched(e.VHost) })
	bindings, okBindings := perVHost(ctx, r, m, "bindings", "", func(b *binding) bool { return watched(b.VHost) })
	d.topology = newTopology(exchanges, bindings, okExchanges && okBindings)
	r.unroutable.compareBindings(bindings, &d.topology, time.Now())
	router := newRouter(ctx, &d.topology, len(d.queues))
	setups := d.setups(&r.release, known, router)
	r.routeSteps = router.walk.total
	if err := ctx.Err(); err != nil {
		m.add("follow dead letters", err) // the routes found until then are incomplete
		return
	}
	r.setups, r.purposesStale = setups, true
	r.changes = changes{}
	if known {
		r.changes.policies = policies.sum()
	}
	r.changes.exchanges = d.deadLetterExchanges()
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
	r.findHiddenVHosts(ctx)
	r.noteUnreadable()
}

// noteUnreadable notes the queues of virtual hosts without a single known definition.
func (r *reader) noteUnreadable() {
	for k, q := range r.queues {
		q.unreadable = !r.visible[k.vhost]
	}
}

// isAbsent reports whether no management API answers, as opposed to one that refuses.
func isAbsent(err error) bool {
	var status statusError
	return !errors.As(err, &status) && !errors.Is(err, errNotJSON) && !errors.Is(err, errCutOff) && !errors.Is(err, errTooLarge) ||
		errors.Is(err, statusError(http.StatusNotFound))
}

// longestTTL is the largest that RabbitMQ accepts, in milliseconds.
const longestTTL = 1<<32 - 1

// setup is the settings of a queue, and its dead letter queues.
type setup struct {
	signal  *signal.Setup
	to      []key
	private string // why it belongs to one process; empty if it does not
}

// typeOnly is the settings of a queue if only its type is known.
func typeOnly(kind string) *signal.Setup {
	return &signal.Setup{Type: kind, MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: signal.Unknown}
}

// setups returns the settings of every queue. Without the policies only the type is known.
func (d *definitions) setups(v *release, policies bool, router *router) map[key]setup {
	all := make(map[key]setup, len(d.queues))
	d.byName = make(map[key]*queueDefinition, len(d.queues))
	for i := range d.queues {
		q := &d.queues[i]
		d.byName[key{q.VHost, q.Name}] = q
		if policies {
			user, userKnown := best(d.policies, q)
			operator, operatorKnown := best(d.operator, q)
			q.effective = effective{arguments: q.Arguments, policy: user, operator: operator, known: userKnown && operatorKnown}
		}
	}
	for i := range d.queues {
		if router.ended() {
			return nil
		}
		q := &d.queues[i]
		k := key{q.VHost, q.Name}
		s := typeOnly(q.Type)
		if !q.effective.known {
			all[k] = setup{signal: typeOnly(q.Type)}
			continue
		}
		private := q.private()
		s.Temporary = q.Exclusive || q.AutoDelete || private != ""
		e := &q.effective
		if expires := e.least("x-expires", "expires"); expires.Known() {
			s.ExpiresUnused = time.Duration(max(1, min(expires, longestTTL))) * time.Millisecond
		}
		if ttl := e.least("x-message-ttl", "message-ttl"); ttl.Known() {
			// In a signal 0 means no TTL; for the broker it means expire at once.
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
			s.DeadLettering.Leak = d.transitLoss(q, e, to)
		}
		all[k] = setup{signal: s, to: to, private: private}
	}
	return all
}
