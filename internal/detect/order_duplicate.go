package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// orderDuplicate: orders share a key that only one order may have. Both are
// committed when they are read; there is nothing to wait for.
var orderDuplicate = Decision{
	Mode:        signal.OrderDuplicate,
	Description: "One request became several orders: they share a key that only one order may have.",
	BenignTwin:  "A retry that was answered with the first order, the same customer who orders again later, orders without a key, a duplicate that was cancelled.",
	judge:       judgeOrderDuplicate,
}

func judgeOrderDuplicate(v *view) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		if l.Duplicates == nil || len(l.Duplicates.Groups) == 0 {
			continue
		}
		d := l.Duplicates
		c := Case{Subject: signal.Subject{Database: l.Database, Lifecycle: l.Name}, Severity: signal.Critical}
		most := 0
		for _, group := range d.Groups {
			c.Count += int64(len(group.Orders) - 1)
			c.Orders = append(c.Orders, group.Orders...)
			most = max(most, len(group.Orders))
			// The second of a group is the first that is too many.
			if since := group.Orders[1].Since; c.Since == 0 || since < c.Since {
				c.Since = since
			}
		}
		c.DecidableAt = c.Since
		requests := fmt.Sprint(len(d.Groups))
		if d.Capped {
			requests = "more than " + requests
		}
		c.Evidence = signal.Evidence{
			{Name: "requests", Value: requests},
			{Name: "orders_too_many", Value: fmt.Sprint(c.Count)},
			{Name: "most_orders_of_one_request", Value: fmt.Sprint(most)},
			{Name: "made_within", Value: inWords(d.Within)},
		}
		cases = append(cases, c)
	}
	return cases
}
