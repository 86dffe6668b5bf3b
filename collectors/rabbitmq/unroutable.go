package rabbitmq

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// bindingRemembered is how long a removed binding explains unroutable messages.
	bindingRemembered = time.Hour
	// mostUnroutable bounds the exchanges and bindings that explain them.
	mostUnroutable = 10
	// mostBindings bounds the bindings that are compared with those of the last reading.
	mostBindings = 100_000
)

// unroutable is what explains messages that reach no queue: the exchanges that they were
// published to, and the bindings that were removed.
type unroutable struct {
	total     signal.Count         // of all nodes at the last reading
	grewAt    time.Time            // when it last grew
	exchanges map[key]signal.Count // counters at the last reading
	grown     map[key]int64        // how much they grew since lostorder started watching
	bindings  map[binding]bool     // at the last reading of the definitions; nil before it
	removed   []removedBinding     // the latest last
}

type removedBinding struct {
	binding
	at time.Time
}

// compareBindings notes the bindings that were removed since the last reading of the
// definitions. An exchange that is gone itself has no publishers.
func (u *unroutable) compareBindings(all []binding, t *topology, now time.Time) {
	if !t.known || len(all) > mostBindings {
		u.bindings = nil
		return
	}
	current := make(map[binding]bool, len(all))
	for _, b := range all {
		current[b] = true
	}
	for b := range u.bindings {
		if !current[b] && b.Source != "" && t.exchanges[key{b.VHost, b.Source}] != nil {
			u.removed = append(u.removed, removedBinding{b, now})
		}
	}
	u.bindings = current
	u.removed = slices.DeleteFunc(u.removed, func(r removedBinding) bool {
		return current[r.binding] || now.Sub(r.at) > bindingRemembered
	})
	slices.SortStableFunc(u.removed, func(a, b removedBinding) int {
		return strings.Compare(fmt.Sprint(a.binding), fmt.Sprint(b.binding))
	})
	u.removed = u.removed[:min(len(u.removed), mostUnroutable)]
}

// counterLag is longer than counters of exchanges are behind those of nodes.
const counterLag = 2 * time.Minute

// observe takes the counter of all nodes and reports whether it grew.
func (u *unroutable) observe(losses []signal.BrokerLoss, now time.Time) (grew bool) {
	total := signal.Count(signal.Unknown)
	for i := range losses {
		if strings.HasPrefix(losses[i].Reason, "unroutable") {
			total = total.Add(losses[i].Messages)
		}
	}
	if grew = u.total.Known() && total > u.total; grew {
		u.grewAt = now
	}
	u.total = total
	return grew
}

// readExchanges reads which exchanges dropped unroutable messages. RabbitMQ counts them for
// each exchange from 4.1 on.
func (r *reader) readExchanges(ctx context.Context) {
	now := map[key]signal.Count{}
	for _, address := range r.config.prometheus() {
		err := r.client.metrics(ctx, address+"/metrics/detailed?family=exchange_metrics", "rabbitmq_detailed_exchange_messages_unroutable_", func(s *sample) bool {
			n, ok := s.count()
			if k := (key{s.label("vhost"), s.label("exchange")}); r.config.VHosts.Match(k.vhost) {
				now[k] += max(0, n)
			}
			return ok
		})
		if err != nil {
			return // an older broker; the finding names no exchange then
		}
	}
	u := &r.unroutable
	for k, n := range now {
		if before, known := u.exchanges[k]; u.exchanges != nil && n > before && (known || before == 0) {
			if u.grown == nil {
				u.grown = map[key]int64{}
			}
			u.grown[k] += int64(n - before)
		}
	}
	u.exchanges = now
}

// explain describes where unroutable messages were published and why they reach no
// queue.
func (u *unroutable) explain() (list []string) {
	exchanges := slices.SortedFunc(maps.Keys(u.grown), func(a, b key) int {
		if n := u.grown[b] - u.grown[a]; n != 0 {
			return int(max(-1, min(1, n)))
		}
		return compareKeys(a, b)
	})
	for _, k := range exchanges[:min(len(exchanges), mostUnroutable)] {
		name := k.destination()
		if k.name == "" {
			name = "the default exchange"
		}
		list = append(list, fmt.Sprintf("%d messages published to exchange %s", u.grown[k], name))
	}
	for _, b := range u.removed {
		list = append(list, fmt.Sprintf("the binding of exchange %s to %s %s with routing key %q was removed",
			key{b.VHost, b.Source}.destination(), b.Kind, key{b.VHost, b.Destination}.destination(), b.RoutingKey))
	}
	return list
}
