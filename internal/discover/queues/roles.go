package queues

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/discover/shape"
	"github.com/lostorder/lostorder/internal/signal"
)

// Role is what a queue is for.
type Role int

// The roles of queues.
const (
	Work Role = iota
	Dead
	Delay    // messages wait in it and go back to a queue of work
	Internal // of the broker, of a framework, or of one consumer
)

// decided is what was decided of a queue.
type decided struct {
	*Queue
	role  Role
	why   string
	order bool   // it may carry orders
	says  string // why
}

// decide finds out what each queue is for.
func decide(o *Observed) []decided {
	dead := map[string][]string{}
	for _, d := range o.Dead {
		dead[d.Destination] = d.Sources
	}
	delays := map[string]bool{}
	for _, q := range o.Queues {
		if isDelay(q) {
			delays[q.Last.Destination] = true
		}
	}
	all := make([]decided, 0, len(o.Queues))
	for _, q := range o.Queues {
		d := decided{Queue: q}
		name := q.Last.Destination
		sources, isDead := dead[name]
		onlyDelays := len(sources) > 0 && !slices.ContainsFunc(sources, func(s string) bool { return !delays[s] })
		switch {
		case internal(q) != "":
			d.role, d.why = Internal, internal(q)
		case delays[name]:
			d.role, d.why = Delay, "its messages expire and go on to another queue, and no consumer reads it"
		case isDead && !onlyDelays:
			d.role = Dead
		case shape.Has(name, "retry", "delay", "delayed", "backoff", "wait") && !shape.Ends(name, "dlq", "dlt"):
			d.role, d.why = Delay, "its name says retry or delay; consumers read it, so that it is watched as work"
		}
		d.order, d.says = carriesOrders(q)
		all = append(all, d)
	}
	return all
}

// isDelay reports whether messages expire in a queue and go on to another one, and no consumer
// reads it.
func isDelay(q *Queue) bool {
	s := q.Last.Setup
	return s != nil && s.Retention > 0 && s.DeadLettering.Route == signal.RouteSet && q.Last.Semantics.Get().DeadLettersRemoved && q.Consumers <= 0
}

// internal says why a queue belongs to a broker, a framework or one consumer; empty where it does not.
func internal(q *Queue) string {
	name := q.Last.Destination
	short := shortName(q.Last.System, name)
	switch s := q.Last.Setup; {
	case q.Last.Purpose.Role == signal.RoleReply:
		return q.Last.Purpose.Reason
	case s != nil && s.Temporary:
		return "it is deleted with its consumer or its connection"
	case q.Last.Semantics.Get().Log && (strings.HasSuffix(short, "-changelog") || strings.HasSuffix(short, "-repartition")):
		return "Kafka Streams keeps its state in it"
	case q.Last.Semantics.Get().Log && (strings.HasPrefix(short, "__") || strings.HasPrefix(short, "_confluent") || strings.HasPrefix(short, "_schemas") || strings.HasPrefix(short, "connect-")):
		return "it belongs to the cluster"
	}
	return ""
}

// orderWords are the words of names that carry orders.
var orderWords = []string{"order", "purchase", "checkout", "payment", "shipment", "shipping", "invoice", "refund", "fulfillment", "fulfilment", "billing", "booking", "reservation", "delivery", "cart", "return", "inventory", "warehouse", "parcel", "charge", "capture", "saga"}

func carriesOrders(q *Queue) (bool, string) {
	switch {
	case shape.Has(q.Last.Destination, orderWords...):
		return true, "its name"
	case shape.Has(q.Last.Group, orderWords...):
		return true, "the name of its group"
	case looksLikeIDs(q.Last.Sample):
		return true, "the keys of its messages"
	}
	return false, ""
}

// looksLikeIDs reports whether the keys that were sampled identify something.
func looksLikeIDs(sample []signal.OrderRef) bool {
	ids := map[string]bool{}
	for _, ref := range sample {
		if len(ref.ID) < 2 || len(ref.ID) > 64 || strings.ContainsAny(ref.ID, " {}\"") || !strings.ContainsAny(ref.ID, "0123456789") {
			return false
		}
		ids[ref.ID] = true
	}
	return len(ids) >= 3 && 2*len(ids) > len(sample)
}
