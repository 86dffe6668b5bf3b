package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// Who may declare exchanges and bindings decides how much work it is to follow them, so
// the work is bounded: of all queues together, and of each queue by a fair share, so that
// one user's exchanges cannot hide the dead letter queues of others.
const (
	routeSteps      = 20_000_000
	leastRouteSteps = 2_000
	mostRouteSteps  = 1_000_000
)

var errRouteTooLong = errors.New("their dead letter exchange passes messages on through too many bindings to follow; simplify its bindings, or exclude these queues")

// router finds the dead letter queues of all queues of one reading of the definitions.
type router struct {
	topology *topology
	walk     *walk
	ended    func() bool // the reading
	tooLong  []string    // the queues whose share of the work was too small
}

func newRouter(ctx context.Context, t *topology, queues int) *router {
	ended := func() bool { return ctx.Err() != nil }
	share := min(max(routeSteps/max(1, queues), leastRouteSteps), mostRouteSteps)
	return &router{topology: t, walk: newWalk(t, share, ended), ended: ended}
}

// route follows a message that a queue dead-letters: through the dead letter exchange, the
// routing key and the bindings to the queues at the end. Names decide nothing.
func (r *router) route(q *queueDefinition, e *effective) (signal.DeadLettering, []key) {
	name, given := e.lookup("x-dead-letter-exchange", "dead-letter-exchange")
	if !given {
		return signal.DeadLettering{Route: signal.RouteNone}, nil
	}
	letter := signal.DeadLettering{To: name}
	if name == "" {
		letter.To = "the default exchange"
	}
	if !r.topology.known {
		return letter, nil // unknown whether anything is there
	}
	x := r.topology.exchanges[key{q.VHost, name}]
	if x == nil {
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("the exchange %s does not exist", name)
		return letter, nil
	}
	routing, fixed := e.lookup("x-dead-letter-routing-key", "dead-letter-routing-key")
	to, whole := r.follow(q, x, routing, fixed)
	switch {
	case len(to) > 0:
		letter.Route = signal.RouteSet
	case !whole:
		// Unknown: what is further along may be a queue.
	case x.Arguments["alternate-exchange"] != nil || strings.HasPrefix(x.Type, "x-"):
		// Another exchange, or a type that is not the broker's own, may know more.
	case x.bindings == 0:
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("nothing is bound to the exchange %s", letter.To)
	case fixed:
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("no binding of the exchange %s takes the routing key %q", letter.To, routing)
		// Otherwise messages keep the keys that their publishers chose, and these are
		// not known for certain.
	}
	return letter, to
}

// follow returns the dead letter queues of a queue in the order of their names, and
// whether these are all.
func (r *router) follow(q *queueDefinition, x *node, routing string, fixed bool) (to []key, whole bool) {
	r.walk.begin()
	if fixed {
		whole = r.walk.follow(x, routing)
	} else {
		// Messages keep their routing keys. The keys that the queue is bound with stand for
		// them, and its name for those that were published to it directly.
		whole = r.walk.follow(x, q.Name)
		for _, routing := range r.topology.incoming[key{q.VHost, q.Name}] {
			whole = whole && r.walk.follow(x, routing)
		}
	}
	if !whole && !r.ended() {
		r.tooLong = append(r.tooLong, key{q.VHost, q.Name}.destination())
	}
	for _, number := range r.walk.targets {
		to = append(to, r.topology.queues[number])
	}
	slices.SortFunc(to, func(a, b key) int { return strings.Compare(a.name, b.name) })
	return to, whole
}

// err names the queues whose dead letter queues are not known because of the bound.
func (r *router) err() error {
	if len(r.tooLong) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", collectors.Some(r.tooLong), errRouteTooLong)
}
