package propose

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

// fewOrders is how many orders a proposal needs to be used without asking.
const fewOrders = 2

// lifecycle proposes to watch a table of orders.
func (p *proposal) lifecycle(l *lifecycle) {
	o, h := l.orders, l.history
	e := &draft.Entry{Name: entryName(o.Table)}
	kind := "orders"
	if o.Saga {
		kind = "sagas"
	}
	e.Why = append(e.Why, fmt.Sprintf("Table %s looks like %s: %s.", o.Ref, kind, strings.Join(o.Reasons, "; ")))
	e.Why = append(e.Why, l.seen())
	if o.Saga {
		e.Lines = append(e.Lines, draft.Line{Key: "kind", Value: "saga", Note: "add compensates: to the steps that undo others"})
	}
	e.Lines = append(e.Lines, l.source())
	if h != nil {
		e.Lines = append(e.Lines, l.historyLine())
		e.Why = append(e.Why, fmt.Sprintf("Table %s holds the transitions: next lists those that the latest %d rows show.", h.Ref, len(h.Sample.Rows)))
	}
	if d, why := p.duplicates(o, l); why != "" {
		e.Why = append(e.Why, why)
		if d != nil {
			e.Lines = append(e.Lines, *d)
		}
	}
	e.Lines = append(e.Lines, l.stateLines())
	switch {
	case len(o.Sample.Rows) < fewOrders:
		e.Off = "the table has too few rows to see its states; complete the states and remove the # before each line."
	case len(l.states) < 2:
		e.Off = "only one state was seen; complete the states and remove the # before each line."
	case !o.Used():
		e.Off = "it is not sure that these are orders; if they are, check the states and remove the # before each line."
	case l.guessed():
		e.Off = "the names of the states do not say which of them are final, and there is no history; correct next and terminal, and remove the # before each line."
	}
	p.out.Add("lifecycles", e)
}

// duplicates proposes a key that only one order may have.
func (p *proposal) duplicates(o *shape.Orders, l *lifecycle) (*draft.Line, string) {
	if o.Created == "" || o.Saga {
		return nil, ""
	}
	column, sure := o.First(nil, shape.RequestNames...), true
	if column == "" {
		column, sure = o.First(nil, shape.SourceNames...), false
	}
	if column == "" {
		return nil, ""
	}
	values := o.Sample.Count(column)
	filled := len(o.Sample.Values(column))
	if o.UniqueKey(column) {
		return nil, fmt.Sprintf("Column %s has a unique index: the database itself refuses a second order of one request.", column)
	}
	value := draft.Map{{Key: "key", Value: column}, {Key: "created", Value: o.Created}}
	if except := l.named(shape.GivenUp); len(except) > 0 {
		value = append(value, draft.Pair{Key: "except", Value: except})
	}
	line := &draft.Line{Key: "duplicates", Value: value, Optional: true}
	more := filled - len(values)
	switch {
	case filled == 0 || 2*filled < len(o.Sample.Rows):
		line.Off, line.Note = true, fmt.Sprintf("%s is empty in most rows", column)
	case more > 0 && (!sure || 10*more > filled):
		line.Off, line.Note = true, fmt.Sprintf("%s looks like a key of a request, but %d of %d rows share it with another", column, more, filled)
	case !sure:
		line.Off, line.Note = true, fmt.Sprintf("use it if two orders with the same %s are one order too many; all %d values are different", column, filled)
	default:
		line.Note = fmt.Sprintf("%s looks like the key of a request: %d rows, %d different values", column, filled, len(values))
	}
	return line, fmt.Sprintf("Column %s may say which orders come from one request.", column)
}
