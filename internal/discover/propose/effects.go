package propose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

// effects proposes reconciliations of orders with the tables that belong to them.
func (p *proposal) effects(o *shape.Orders, l *lifecycle) {
	for _, j := range p.db.Joins {
		if j.Parent != o.Table || j.Err != "" || l.history != nil && j.Child == l.history.Table || j.Child.Sample.Err != "" {
			continue
		}
		switch {
		case isOutboxName(j.Child.Name):
			p.events(o, j)
		case copies(o, j):
			p.replica(o, l, j)
		case shape.IsEffectName(j.Child.Name):
			p.effect(o, l, j)
		}
	}
}

// fewKeys is how many orders of a state have to be seen with a partner, so that each order of
// the state is taken to need one.
const fewKeys = 2

// partners counts the partners of the orders of one state.
type partners struct {
	state              string
	orders, with, most int
}

// each reports whether every order of the state has a partner.
func (s partners) each() bool { return s.orders >= fewKeys && s.with == s.orders }

// count counts the rows of the other table by the states of their orders. accept chooses rows.
func count(o *shape.Orders, j *shape.Join, accept func([]database.Datum) bool) []partners {
	key, state := o.Sample.At(o.Key[0]), o.Sample.At(o.State)
	var all []partners
	for _, row := range o.Sample.Rows {
		if !slices.Contains(j.Keys, row[key].Text) {
			continue
		}
		at := slices.IndexFunc(all, func(s partners) bool { return s.state == row[state].Text })
		if at < 0 {
			at, all = len(all), append(all, partners{state: row[state].Text})
		}
		n := 0
		for _, i := range j.Rows[row[key].Text] {
			if accept == nil || accept(j.Found[i]) {
				n++
			}
		}
		all[at].orders++
		all[at].most = max(all[at].most, n)
		if n > 0 {
			all[at].with++
		}
	}
	return all
}

// effect proposes that each order of some states has a payment, a shipment or the like.
func (p *proposal) effect(o *shape.Orders, l *lifecycle, j *shape.Join) {
	found := count(o, j, nil)
	on := ""
	if most(found) > 1 { // perhaps only some of them count: a payment that failed was tried again
		on, found = p.counting(o, j, found)
	}
	e := &draft.Entry{Name: entryName(j.Child)}
	by := "by the same ids"
	if j.Child.References(o.Table) != "" {
		by = "by foreign key"
	}
	e.Why = append(e.Why, fmt.Sprintf("Table %s belongs to %s %s (%s). Of %d orders that were looked up: %s.", j.Child.Ref, o.Ref, by, j.ChildKey, len(j.Keys), shares(found)))
	var needed []string
	any, few := false, false
	for _, s := range found {
		any = any || s.with > 0
		few = few || s.with > 0 && s.orders < fewKeys
		if s.each() {
			needed = append(needed, s.state)
		}
	}
	slices.Sort(needed)
	expect := "exactly_one"
	switch n := mostOf(found, needed); {
	case len(needed) == 0:
		expect = "at_most_one"
		if most(found) > 1 {
			return // there is nothing to expect
		}
	case n > 1:
		expect = "at_least_one"
	}
	left := p.side(o.Table, o.Key[0], l.since, "")
	if len(needed) > 0 && len(needed) < len(found) {
		left = append(left, draft.Pair{Key: "where", Value: oneOf(p.db, o.State, needed)})
	}
	right := p.side(j.Child, j.ChildKey, j.Child.First(shape.MayBeTime, shape.CreatedNames...), on)
	e.Lines = []draft.Line{{Key: "left", Value: left}, {Key: "right", Value: right}, {Key: "expect", Value: expect}}
	switch {
	case !any:
		e.Off = "no order that was looked up has one."
	case j.Orphans > 0:
		e.Off = fmt.Sprintf("%d of %d rows of %s name no order of %s.", j.Orphans, j.Asked, j.Child.Ref, o.Ref)
	case len(needed) == 0:
		e.Off = "no state was seen in which every order has one."
	case !o.Used():
		e.Off = "it is not sure that " + o.Ref + " holds orders."
	}
	p.out.Add("reconciliations", e)
}

// counting finds the state of the other table that exactly one row of each order has.
func (p *proposal) counting(o *shape.Orders, j *shape.Join, all []partners) (on string, found []partners) {
	for at, column := range j.Columns {
		c, _ := j.Child.Column(column)
		if !shape.IsState(c) {
			continue
		}
		values := map[string]bool{}
		for _, row := range j.Found {
			values[row[at].Text] = true
		}
		for value := range values {
			some := count(o, j, func(row []database.Datum) bool { return row[at].Text == value })
			if most(some) == 1 && needing(some) > 0 && needing(some) >= needing(all) {
				return oneOf(p.db, column, []string{value}), some
			}
		}
	}
	return "", all
}

func needing(found []partners) (n int) {
	for _, s := range found {
		if s.each() {
			n++
		}
	}
	return n
}

func most(found []partners) (n int) {
	for _, s := range found {
		n = max(n, s.most)
	}
	return n
}

func mostOf(found []partners, states []string) (n int) {
	for _, s := range found {
		if slices.Contains(states, s.state) {
			n = max(n, s.most)
		}
	}
	return n
}

// shares says how many orders of each state have a partner.
func shares(found []partners) string {
	var parts []string
	for _, s := range found {
		text := fmt.Sprintf("%s %d of %d", s.state, s.with, s.orders)
		if s.most > 1 {
			text += fmt.Sprintf(", up to %d each", s.most)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// side is one side of a reconciliation.
func (p *proposal) side(t *shape.Table, key, at, where string, values ...string) draft.Map {
	columns := draft.Map{{Key: "key", Value: key}, {Key: "at", Value: at}}
	if trace := traceColumn(t); trace != "" {
		columns = append(columns, draft.Pair{Key: "traceparent", Value: trace})
	}
	if len(values) > 0 {
		columns = append(columns, draft.Pair{Key: "values", Value: single(values)})
	}
	m := draft.Map{{Key: "database", Value: p.db.Name}, {Key: "table", Value: t.Ref}, {Key: "columns", Value: columns}}
	if where != "" {
		m = append(m, draft.Pair{Key: "where", Value: where})
	}
	return m
}

// copies reports whether the other table has one row for each order, with a state of its own.
func copies(o *shape.Orders, j *shape.Join) bool {
	return j.Child.UniqueKey(j.ChildKey) && j.Child.First(shape.IsState, o.State) != "" && !shape.IsEffectName(j.Child.Name)
}

// replica proposes that a copy has the same state as its order.
func (p *proposal) replica(o *shape.Orders, l *lifecycle, j *shape.Join) {
	key, state := o.Sample.At(o.Key[0]), o.Sample.At(o.State)
	column := j.Child.First(shape.IsState, o.State)
	at := slices.Index(j.Columns, column)
	same, compared := 0, 0
	for _, row := range o.Sample.Rows {
		for _, i := range j.Rows[row[key].Text] {
			compared++
			if j.Found[i][at].Text == row[state].Text {
				same++
			}
		}
	}
	if compared == 0 {
		return
	}
	e := &draft.Entry{Name: entryName(j.Child)}
	e.Why = append(e.Why, fmt.Sprintf("Table %s has one row for each order of %s, by the same ids. Of %d orders that were looked up, %d have a row there, and %d of these the same %s.",
		j.Child.Ref, o.Ref, len(j.Keys), compared, same, o.State))
	when := j.Child.First(shape.MayBeTime, slices.Concat(shape.SinceNames, shape.UpdatedNames, shape.CreatedNames)...)
	e.Lines = []draft.Line{
		{Key: "left", Value: p.side(o.Table, o.Key[0], l.since, "", o.State)},
		{Key: "right", Value: p.side(j.Child, j.ChildKey, when, "", column)},
		{Key: "expect", Value: "equal"},
	}
	if 100*same < 95*compared || 100*compared < 95*len(j.Keys) {
		e.Off = "too many differ for a copy."
	}
	p.out.Add("reconciliations", e)
}

// shortestKept is how long an outbox has to keep its rows, so that orders can be compared with it.
const shortestKept = 2 * time.Hour

// events proposes that each order has an event in the outbox.
func (p *proposal) events(o *shape.Orders, j *shape.Join) {
	created := j.Child.First(shape.MayBeTime, shape.CreatedNames...)
	if created == "" || o.Created == "" {
		return
	}
	oldest := p.db.Now
	for _, v := range j.Child.Sample.Values(created) {
		if v.At.Known() && v.At.Time().Before(oldest) {
			oldest = v.At.Time()
		}
	}
	kept := p.db.Now.Sub(oldest)
	key, at := o.Sample.At(o.Key[0]), o.Sample.At(o.Created)
	with, all := 0, 0
	for _, row := range o.Sample.Rows {
		if !slices.Contains(j.Keys, row[key].Text) || !row[at].At.Known() || p.db.Now.Sub(row[at].At.Time()) > kept*9/10 {
			continue
		}
		all++
		if len(j.Rows[row[key].Text]) > 0 {
			with++
		}
	}
	if all == 0 {
		return
	}
	e := &draft.Entry{Name: entryName(j.Child) + "-events"}
	e.Why = append(e.Why, fmt.Sprintf("Outbox %s names orders of %s (%s). Its oldest row that was read is %s old; of %d orders that are younger, %d have an event.", j.Child.Ref, o.Ref, j.ChildKey, span(kept), all, with))
	within := down(min(kept/2, 7*day))
	e.Lines = []draft.Line{
		{Key: "kind", Value: "event"},
		{Key: "left", Value: p.side(o.Table, o.Key[0], o.Created, "")},
		{Key: "right", Value: p.side(j.Child, j.ChildKey, created, "")},
		{Key: "expect", Value: "at_least_one"},
		{Key: "within", Value: within, Note: "shorter than the outbox keeps its rows"},
	}
	switch {
	case kept < shortestKept:
		e.Off = fmt.Sprintf("the outbox was not seen to keep its rows for %s. Set within to less than it keeps them.", span(shortestKept))
	case with < all:
		e.Off = fmt.Sprintf("%d of %d orders have no event there.", all-with, all)
	}
	p.out.Add("reconciliations", e)
}
