package detect

import (
	"fmt"
	"slices"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// orderDuplicate: orders share a key that only one order may have. Both are
// committed when they are read; there is nothing to wait for.
var orderDuplicate = Decision{
	Mode:        signal.OrderDuplicate,
	Description: "One request became several orders: they share a key that only one order may have.",
	BenignTwin:  "A retry that was answered with the first order, the same customer who orders again later, orders without a key, a duplicate that was cancelled.",
	decide:      decideOrderDuplicate,
	presence: func(v *view, s signal.Subject) presence {
		return v.lifecyclePresence(s, func(l *signal.Lifecycle) presence { return presentIf(l.Duplicates != nil) })
	},
}

func decideOrderDuplicate(v *view) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		if l.Duplicates == nil || len(l.Duplicates.Groups) == 0 {
			continue
		}
		d := l.Duplicates
		c := Case{Subject: lifecycleSubject(l, ""), Severity: signal.Critical, AtStake: d.AtStake}
		most := 0
		for _, group := range d.Groups {
			c.Count += int64(len(group.Orders) - 1)
			c.Orders = append(c.Orders, group.Orders...)
			most = max(most, len(group.Orders))
			c.Since = earlier(c.Since, group.Orders[1].Since) // the second of a group is the first duplicate
		}
		c.DecidableAt = c.Since
		c.Groups = func(known func(signal.OrderRef) bool) (n int64) {
			for _, group := range d.Groups {
				n += int64(min(len(slices.DeleteFunc(slices.Clone(group.Orders), func(o signal.OrderRef) bool { return !known(o) })), len(group.Orders)-1))
			}
			return n
		}
		requests := phrase.Count(len(d.Groups), "request")
		if d.Capped {
			requests = "at least " + requests
		}
		c.Summary = fmt.Sprintf("%s became several orders: %s.", requests, phrase.Count(int(c.Count), "duplicate order"))
		c.Evidence = signal.Evidence{
			signal.CappedFact("requests", int64(len(d.Groups)), d.Capped),
			signal.CountFact("duplicate_orders", c.Count),
			signal.CountFact("most_orders_of_one_request", int64(most)),
			signal.DurationFact("made_within", d.Within),
		}
		c.Evidence = append(c.Evidence, atStake(c.AtStake)...)
		cases = append(cases, c)
	}
	return cases
}
