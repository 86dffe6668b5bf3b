package rabbitmq

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// route follows what a queue gives up: through its dead letter exchange, the
// routing key and the bindings to the queues at the end. Names say nothing.
func (d *definitions) route(q *queueDefinition, e *effective) (signal.DeadLetter, []key) {
	name, given := e.lookup("x-dead-letter-exchange", "dead-letter-exchange")
	if !given {
		return signal.DeadLetter{Route: signal.RouteNone}, nil
	}
	letter := signal.DeadLetter{To: name}
	if name == "" {
		letter.To = "the default exchange"
	}
	if !d.routes {
		return letter, nil // unknown whether anything is there
	}
	x, there := d.exchanges[key{q.VHost, name}]
	if !there {
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("the exchange %s does not exist", name)
		return letter, nil
	}
	routing, fixed := e.lookup("x-dead-letter-routing-key", "dead-letter-routing-key")
	var keys []string
	if fixed {
		keys = []string{routing}
	} else {
		keys = d.keysOf(q)
	}
	var to []key
	for _, k := range keys {
		to = d.follow(x, k, to, nil)
	}
	slices.SortFunc(to, func(a, b key) int { return strings.Compare(a.name, b.name) })
	to = slices.Compact(to)
	switch {
	case len(to) > 0:
		letter.Route = signal.RouteSet
	case x.Arguments["alternate-exchange"] != nil || strings.HasPrefix(x.Type, "x-"):
		// Another exchange, or a type that is not the broker's own, may know more.
	case len(d.bindings[key{q.VHost, name}]) == 0:
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("nothing is bound to the exchange %s", letter.To)
	case fixed:
		letter.Route, letter.Problem = signal.RouteBroken, fmt.Sprintf("no binding of the exchange %s takes the routing key %q", letter.To, routing)
		// Otherwise messages keep the keys that their publishers chose, and these are
		// not known for certain.
	}
	return letter, to
}

// keysOf returns the routing keys by which messages come to a queue.
func (d *definitions) keysOf(q *queueDefinition) []string {
	keys := []string{q.Name}
	for from, list := range d.bindings {
		if from.vhost != q.VHost {
			continue
		}
		for _, b := range list {
			if b.Destination == q.Name && b.Kind == "queue" && !slices.Contains(keys, b.RoutingKey) {
				keys = append(keys, b.RoutingKey)
			}
		}
	}
	return keys
}

// follow adds the queues to which an exchange passes a message with a key.
func (d *definitions) follow(x exchange, routing string, to []key, been []string) []key {
	if slices.Contains(been, x.Name) {
		return to
	}
	been = append(been, x.Name)
	for _, b := range d.bindings[key{x.VHost, x.Name}] {
		if !takes(x.Type, b.RoutingKey, routing) {
			continue
		}
		if b.Kind == "queue" {
			to = append(to, key{x.VHost, b.Destination})
			continue
		}
		if next, ok := d.exchanges[key{x.VHost, b.Destination}]; ok {
			to = d.follow(next, routing, to, been)
		}
	}
	return to
}

// takes reports whether a binding of an exchange of a type takes a routing key.
// What an exchange of another type does with headers is not known: it may.
func takes(kind, pattern, routing string) bool {
	switch kind {
	case "direct":
		return pattern == routing
	case "topic":
		return matchTopic(strings.Split(pattern, "."), strings.Split(routing, "."))
	}
	return true
}

// matchTopic matches words: * is one of any kind, # any number.
func matchTopic(pattern, words []string) bool {
	switch {
	case len(pattern) == 0:
		return len(words) == 0
	case pattern[0] == "#":
		return matchTopic(pattern[1:], words) || len(words) > 0 && matchTopic(pattern, words[1:])
	case len(words) == 0:
		return false
	}
	return (pattern[0] == "*" || pattern[0] == words[0]) && matchTopic(pattern[1:], words[1:])
}
