package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/turn"
)

// Definitions are read every config_interval, and early where a decision hangs on them. What
// shows that is cheap, and bounded for each reading.
const (
	// pause is how many times as long as it took to read the definitions lies between the beginnings of
	// two early reads: however large the cluster is, and however often queues come and go in it, the broker
	// is busy with early reads for at most 5 % of the time.
	pause = 20
	// mostAsked bounds the virtual hosts whose policies, and the dead letter exchanges whose
	// bindings, are read at each reading to see whether they changed. The exchanges take turns.
	mostAsked = 20
	// mostCompared bounds the bindings of an exchange that is asked for.
	mostCompared = 1000
)

// changes is what shows at each reading that the definitions changed.
type changes struct {
	policies  uint64 // the sum of the policies; 0 if they are not known
	exchanges []deadLetterExchange
	next      int // the exchange that is asked for next
}

// deadLetterExchange is an exchange that queues dead-letter to.
type deadLetterExchange struct {
	key
	there bool
	sum   uint64 // of its bindings
}

// defineEarly reads the definitions in the reading that shows that a decision hangs on them:
// a queue is new, a policy or the bindings of a dead letter exchange changed, or dead letters
// lead nowhere. The last may be a binding that comes a moment after its queue, so that
// it is confirmed with a fresh read before it is reported, and a fixed one is no finding any more.
func (r *reader) defineEarly(ctx context.Context, began time.Time) {
	if r.managementError != nil || r.setups == nil || !r.definedAt.Before(began) || time.Since(r.definedAt) < pause*r.definedIn {
		return
	}
	left, ok := turn.Left(ctx)
	if !ok {
		left = time.Duration(r.config.Timeout)
	}
	within, cancel := context.WithTimeout(ctx, left/2)
	defer cancel()
	if !r.newQueue() && !r.deadLettersLeadNowhere() && !r.changed(within) {
		return
	}
	if r.define(within, time.Now()); len(r.definitionErrors.parts) > 0 {
		r.definedAt = time.Time{} // the next reading tries again
	}
}

// newQueue reports whether a queue is newer than the definitions.
func (r *reader) newQueue() bool {
	return slices.ContainsFunc(r.sorted, func(q *queue) bool {
		_, known := r.setups[q.key]
		return !known && !q.unreadable
	})
}

// deadLettersLeadNowhere reports whether the dead letters of a queue do.
func (r *reader) deadLettersLeadNowhere() bool {
	for _, s := range r.setups {
		if s.signal != nil && s.signal.DeadLettering.Route == signal.RouteBroken {
			return true
		}
	}
	return false
}

// changed reports whether policies, or bindings of dead letter exchanges, are others than those
// of the definitions. What cannot be read is no change: the definitions report the error.
func (r *reader) changed(ctx context.Context) bool {
	c := &r.changes
	var m missing
	if c.policies != 0 && len(r.config.vhosts()) <= mostAsked {
		if now, known := r.readPolicies(ctx, &m); known && len(m.parts) == 0 && now.sum() != c.policies {
			return true
		}
	}
	for range min(mostAsked, len(c.exchanges)) {
		x := &c.exchanges[c.next%len(c.exchanges)]
		c.next++
		var now []binding
		err := r.getJSON(ctx, "/api/exchanges/"+url.PathEscape(x.vhost)+"/"+url.PathEscape(x.name)+"/bindings/source", &now)
		switch gone := errors.Is(err, statusError(http.StatusNotFound)); {
		case err != nil && !gone:
		case gone == x.there || sumOf(now) != x.sum:
			return true
		}
	}
	return false
}

// deadLetterExchanges returns the exchanges that queues dead-letter to, in order, with what their
// bindings are. All queues are bound to the default exchange.
func (d *definitions) deadLetterExchanges() (list []deadLetterExchange) {
	if !d.topology.known {
		return nil
	}
	seen := map[key]bool{}
	for i := range d.queues {
		q := &d.queues[i]
		name, _ := q.effective.lookup("x-dead-letter-exchange", "dead-letter-exchange")
		at := key{q.VHost, name}
		if name == "" || seen[at] {
			continue
		}
		seen[at] = true
		x := deadLetterExchange{key: at}
		if known := d.topology.exchanges[at]; known != nil {
			if known.bindings > mostCompared {
				continue
			}
			x.there, x.sum = true, known.sum
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b deadLetterExchange) int { return compareKeys(a.key, b.key) })
	return list
}

// sum is the same for the same policies, whatever their order.
func (p *policies) sum() uint64 {
	total := uint64(1) // 0 stands for unknown
	for i, list := range [][]policy{p.user, p.operator} {
		for j := range list {
			text, _ := json.Marshal(struct { // cannot fail: it was decoded from JSON
				Operator int
				policy
			}{i, list[j]})
			total += hashOf(string(text))
		}
	}
	return total
}

func sumOf(bindings []binding) (total uint64) {
	for i := range bindings {
		total += bindings[i].sum()
	}
	return total
}

func (b *binding) sum() uint64 { return hashOf(b.Kind, b.Destination, b.RoutingKey) }

func hashOf(parts ...string) uint64 {
	sum := fnv.New64a()
	for _, part := range parts {
		_, _ = sum.Write([]byte(part)) // never fails
		_, _ = sum.Write([]byte{0})
	}
	return sum.Sum64()
}
