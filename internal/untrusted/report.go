package untrusted

import (
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// Report returns a report whose texts are safe to show. It does not change the report
// that it is given, because the source may still use parts of it. Reports are large and
// nearly always plain: lists are copied only where something in them is not.
func Report(r signal.Report) signal.Report {
	if r.Err != nil && !isPlain(r.Err.Error(), false) {
		r.Err = shown{Text(r.Err.Error()), r.Err}
	}
	r.Identity = Text(r.Identity)
	r.Warnings = texts(r.Warnings)
	r.Remedies = list(r.Remedies, remedy)
	r.Queues = list(r.Queues, queue)
	r.DeadLetters = list(r.DeadLetters, deadLetterQueue)
	r.Losses = list(r.Losses, func(l *signal.BrokerLoss) bool { return clean(&l.Cluster, &l.Node, &l.Reason, &l.QueueType, &l.From) })
	r.Alarms = list(r.Alarms, func(a *signal.Alarm) bool { return clean(&a.Cluster, &a.Node, &a.Resource) })
	r.Outboxes = list(r.Outboxes, outbox)
	r.Lifecycles = list(r.Lifecycles, lifecycle)
	r.Reconciliations = list(r.Reconciliations, reconciliation)
	return r
}

// shown is an error whose text is safe to show.
type shown struct {
	text string
	err  error
}

func (s shown) Error() string { return s.text }
func (s shown) Unwrap() error { return s.err }

// list cleans the items of a list, and copies the list before it changes the first.
// clean reports whether it changed the item that it is given.
func list[T any](all []T, clean func(*T) bool) []T {
	copied := false
	var item T
	for i := range all {
		item = all[i]
		if !clean(&item) {
			continue
		}
		if !copied {
			all, copied = slices.Clone(all), true
		}
		all[i] = item
	}
	return all
}

// changed cleans a list and reports whether that changed it.
func changed[T any](all *[]T, clean func(*T) bool) bool {
	before := *all
	*all = list(before, clean)
	return len(before) > 0 && &before[0] != &(*all)[0]
}

// clean cleans texts and reports whether that changed any.
func clean(all ...*string) (changed bool) {
	for _, s := range all {
		if !isPlain(*s, false) {
			*s, changed = escaped(*s, false), true
		}
	}
	return changed
}

func texts(all []string) []string { return list(all, func(s *string) bool { return clean(s) }) }

// ids is clean for ids.
func ids(all ...*string) (changed bool) {
	for _, s := range all {
		if shown := ID(*s); shown != *s {
			*s, changed = shown, true
		}
	}
	return changed
}

func order(o *signal.OrderRef) bool {
	changed := ids(&o.ID)
	return clean(&o.TraceID, &o.SpanID) || changed
}

// orders is changed for orders. Nearly every queue has some.
func orders(all *[]signal.OrderRef) bool {
	for _, o := range *all {
		if order(&o) {
			return changed(all, order)
		}
	}
	return false
}

func skippedRow(r *signal.SkippedRow) bool {
	changed := ids(&r.Key)
	return order(&r.Order) || changed
}

func remedy(r *signal.Remedy) bool {
	changed := clean(&r.Lead, &r.For, &r.Why)
	return lines(&r.Text) || changed
}

// lines is clean for a text of several lines.
func lines(s *string) bool {
	text := Lines(*s)
	changed := text != *s
	*s = text
	return changed
}

func queue(q *signal.Queue) bool {
	dirty := clean(&q.Cluster, &q.Destination, &q.Group, &q.GroupState, &q.Incarnation, &q.Purpose.Reason)
	if s := q.Setup; s != nil {
		c := *s
		if clean(&c.Type, &c.DeadLettering.To, &c.DeadLettering.Problem, &c.DeadLettering.Leak) {
			q.Setup, dirty = &c, true
		}
	}
	if u := q.Unpaired; u != nil {
		c := *u
		if clean(&c.Retries) {
			q.Unpaired, dirty = &c, true
		}
	}
	if len(q.OpenTransactions) > 0 {
		dirty = changed(&q.OpenTransactions, transaction) || dirty
	}
	if len(q.OffsetMoves) > 0 {
		dirty = changed(&q.OffsetMoves, offsetMove) || dirty
	}
	return orders(&q.Sample) || dirty
}

func offsetMove(m *signal.OffsetMove) bool {
	dirty := clean(&m.Remedy)
	return orders(&m.Sample) || dirty
}

func transaction(t *signal.OpenTransaction) bool { return clean(&t.ID, &t.Remedy) }

func deadLetterQueue(d *signal.DeadLetterQueue) bool {
	dirty := clean(&d.Cluster, &d.Destination, &d.Purpose.Reason)
	text := func(s *string) bool { return clean(s) }
	dirty = changed(&d.Sources, text) || dirty
	dirty = changed(&d.Reasons, text) || dirty
	return orders(&d.Sample) || dirty
}

func outbox(o *signal.Outbox) bool {
	dirty := clean(&o.Name, &o.Database, &o.Table)
	dirty = ids(&o.HeadKey) || dirty
	dirty = changed(&o.Keys, func(s *string) bool { return ids(s) }) || dirty
	dirty = orders(&o.Sample) || dirty
	dirty = lines(&o.SQL) || dirty
	if s := o.Skipped; s != nil {
		c := *s
		cleaned := ids(&c.Position)
		if changed(&c.Rows, skippedRow) || cleaned {
			o.Skipped, dirty = &c, true
		}
	}
	if l := o.LogReader; l != nil {
		c := *l
		if clean(&c.Name, &c.DecodedReset) {
			o.LogReader, dirty = &c, true
		}
	}
	return dirty
}

func lifecycle(l *signal.Lifecycle) bool {
	text := func(s *string) bool { return clean(s) }
	state := func(s *signal.State) bool {
		dirty := clean(&s.Name)
		dirty = changed(&s.Next, text) || dirty
		dirty = amounts(&s.AtStake) || dirty
		dirty = lines(&s.SQL) || dirty
		return orders(&s.Sample) || dirty
	}
	dirty := clean(&l.Name, &l.Database)
	dirty = changed(&l.States, state) || dirty
	dirty = changed(&l.UndeclaredStates, text) || dirty
	dirty = changed(&l.Undeclared, state) || dirty
	if h := l.History; h != nil {
		c := *h
		cleaned := changed(&c.Transitions, func(t *signal.Transition) bool { return clean(&t.From, &t.To) })
		cleaned = changed(&c.EndedDwells, func(d *signal.Dwell) bool { return clean(&d.State, &d.TraceID) }) || cleaned
		cleaned = changed(&c.Conflicts, func(c *signal.Conflict) bool {
			dirty := order(&c.OrderRef)
			return clean(&c.Path, &c.Worth.Currency) || dirty
		}) || cleaned
		if cleaned {
			l.History, dirty = &c, true
		}
	}
	if d := l.Duplicates; d != nil {
		c := *d
		cleaned := changed(&c.Groups, func(g *signal.DuplicateGroup) bool { return orders(&g.Orders) })
		if amounts(&c.AtStake) || cleaned {
			l.Duplicates, dirty = &c, true
		}
	}
	return dirty
}

// amounts cleans the currencies, which a column holds.
func amounts(s *signal.Stake) bool {
	all := []signal.Amount(s.Amounts)
	dirty := changed(&all, func(a *signal.Amount) bool { return clean(&a.Currency) })
	s.Amounts = all
	return dirty
}

func reconciliation(r *signal.Reconciliation) bool {
	dirty := clean(&r.Name, &r.Left.Database, &r.Left.Table, &r.Right.Database, &r.Right.Table)
	return changed(&r.Mismatches, func(m *signal.Mismatches) bool {
		dirty := orders(&m.Sample)
		dirty = amounts(&m.AtStake) || dirty
		dirty = lines(&m.SQL) || dirty
		return changed(&m.Details, func(d *signal.Detail) bool {
			dirty := ids(&d.OrderID)
			return clean(&d.Text) || dirty
		}) || dirty
	}) || dirty
}
