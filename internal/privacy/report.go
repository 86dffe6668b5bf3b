package privacy

import (
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// Report returns a report in which every id is hashed: those of orders, the keys of
// outbox rows, and both where an error or a warning names them. It does not change
// the report that it is given, because the source may still use parts of it.
func (v *Veil) Report(r signal.Report) signal.Report {
	if v == nil {
		return r
	}
	v = &Veil{salt: v.salt, seen: map[string]bool{}}
	r.Queues = slices.Clone(r.Queues)
	for i := range r.Queues {
		r.Queues[i].Sample = v.refs(r.Queues[i].Sample)
		r.Queues[i].OffsetMoves = slices.Clone(r.Queues[i].OffsetMoves)
		for j := range r.Queues[i].OffsetMoves {
			r.Queues[i].OffsetMoves[j].Sample = v.refs(r.Queues[i].OffsetMoves[j].Sample)
		}
	}
	r.DeadLetters = slices.Clone(r.DeadLetters)
	for i := range r.DeadLetters {
		r.DeadLetters[i].Sample = v.refs(r.DeadLetters[i].Sample)
	}
	r.Outboxes = slices.Clone(r.Outboxes)
	for i := range r.Outboxes {
		o := &r.Outboxes[i]
		o.Sample = v.refs(o.Sample)
		o.HeadKey = v.id(o.HeadKey)
		o.Keys = slices.Clone(o.Keys)
		for j := range o.Keys {
			o.Keys[j] = v.id(o.Keys[j])
		}
		if o.Skipped != nil {
			skipped := *o.Skipped
			skipped.Rows = slices.Clone(skipped.Rows)
			for j := range skipped.Rows {
				row := &skipped.Rows[j]
				row.Key, row.Order.ID = v.id(row.Key), v.id(row.Order.ID)
			}
			o.Skipped = &skipped
		}
	}
	r.Lifecycles = slices.Clone(r.Lifecycles)
	for i := range r.Lifecycles {
		v.lifecycle(&r.Lifecycles[i])
	}
	r.Reconciliations = slices.Clone(r.Reconciliations)
	for i := range r.Reconciliations {
		c := &r.Reconciliations[i]
		c.Mismatches = slices.Clone(c.Mismatches)
		for j := range c.Mismatches {
			m := &c.Mismatches[j]
			m.Details = v.details(m.Details)
			m.Sample = v.refs(m.Sample)
		}
	}
	v.texts(&r)
	return r
}

func (v *Veil) lifecycle(l *signal.Lifecycle) {
	for _, states := range []*[]signal.State{&l.States, &l.Undeclared} {
		*states = slices.Clone(*states)
		for i := range *states {
			(*states)[i].Sample = v.refs((*states)[i].Sample)
		}
	}
	if l.History != nil {
		h := *l.History
		h.Conflicts = slices.Clone(h.Conflicts)
		for i := range h.Conflicts {
			h.Conflicts[i].ID = v.id(h.Conflicts[i].ID)
		}
		l.History = &h
	}
	if l.Duplicates != nil {
		d := *l.Duplicates
		d.Groups = slices.Clone(d.Groups)
		for i := range d.Groups {
			d.Groups[i].Orders = v.refs(d.Groups[i].Orders)
		}
		l.Duplicates = &d
	}
}

// details hides the ids of details.
func (v *Veil) details(details []signal.Detail) []signal.Detail {
	details = slices.Clone(details)
	for i := range details {
		details[i].OrderID = v.ID(details[i].OrderID)
	}
	return details
}

func (v *Veil) refs(refs []signal.OrderRef) []signal.OrderRef {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i].ID = v.id(refs[i].ID)
	}
	return refs
}
