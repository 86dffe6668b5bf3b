package shape

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
)

// Orders is a table that looks as if it held orders, or sagas.
type Orders struct {
	*Table
	State, Since, Updated, Created string // columns; empty where there is none
	Saga                           bool
	Sure                           int // how sure it is
	Reasons                        []string
}

// The scores from which a table is proposed, and from which it is used.
const (
	perhaps = 30
	surely  = 45
)

// Used reports whether the table is sure enough to be watched without asking.
func (o *Orders) Used() bool { return o.Sure >= surely }

// secondary are words of states that are about a part of an order.
var secondary = []string{"payment", "shipment", "shipping", "fulfillment", "fulfilment", "delivery", "financial", "billing", "address", "tax", "invoice", "refund", "email", "sync", "export", "import"}

// FindOrders returns the tables that look like orders or sagas, the surest first.
func FindOrders(db *Database) []*Orders {
	var all []*Orders
	for _, t := range db.Tables {
		if o := ordersOf(db, t); o != nil {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b *Orders) int { return cmp.Compare(b.Sure, a.Sure) })
	return all
}

// mostStates is how many states a column of states has at most, and mostShare how many of the
// rows.
const (
	mostStates = 40
	fewRows    = 20
)

func ordersOf(db *Database, t *Table) *Orders {
	if t.Denied || IsInternal(t) || len(t.Key) == 0 && !t.View || isChild(t) {
		return nil
	}
	o := &Orders{Table: t, Saga: IsSagaName(t.Name)}
	o.State = stateColumn(t, o.Saga)
	if o.State == "" {
		return nil
	}
	o.Since, o.Updated, o.Created = t.First(MayBeTime, SinceNames...), t.First(MayBeTime, UpdatedNames...), t.First(MayBeTime, CreatedNames...)
	add := func(points int, format string, args ...any) {
		o.Sure += points
		o.Reasons = append(o.Reasons, fmt.Sprintf(format, args...))
	}
	switch {
	case o.Saga:
		add(35, "its name says saga")
	case IsOrderName(t.Name):
		add(35, "its name says order")
	}
	states := t.Sample.Count(o.State)
	known := 0
	for _, s := range states {
		if StageOf(s.Value) != UnknownStage {
			known++
		}
	}
	switch {
	case len(states) == 0:
	case 2*known >= len(states):
		add(22, "column %s holds %d states with names that shops use", o.State, len(states))
	default:
		add(5, "column %s holds %d different values", o.State, len(states))
	}
	switch {
	case o.Since != "":
		add(12, "column %s says since when", o.Since)
	case o.Updated != "":
		add(8, "column %s says when it changed", o.Updated)
	case o.Created != "":
		add(3, "column %s says when it was created", o.Created)
	default:
		return nil // nothing says how long an order waits
	}
	if by := referencedBy(db, t); len(by) > 0 {
		add(min(5*len(by), 15), "%s by foreign key", phraseList(by)+" belong to it")
	}
	if o.Sure < perhaps {
		return nil
	}
	return o
}

// isChild reports whether a table belongs to orders that are elsewhere.
func isChild(t *Table) bool {
	if IsOrderName(t.Name) || IsSagaName(t.Name) {
		return false
	}
	if references(t, orderWords) || IsEffectName(t.Name) {
		return true
	}
	return slices.ContainsFunc(t.Columns, func(c database.Column) bool { return Is(c.Name, OrderIDNames...) && !Is(c.Name, "entity_id") })
}

// stateColumn chooses the column of states whose values fit best.
func stateColumn(t *Table, saga bool) string {
	names := StateNames
	if saga {
		names = append([]string{"step"}, StateNames...)
	}
	best, most := "", -1
	for _, c := range t.Columns {
		if !IsState(c) || Has(c.Name, secondary...) {
			continue
		}
		states := t.Sample.Count(c.Name)
		rows := len(t.Sample.Rows)
		if len(states) > mostStates || rows >= fewRows && 2*len(states) > rows {
			continue
		}
		points := 0
		for i, name := range names {
			if Is(c.Name, name) {
				points = 50 - i
			}
		}
		for _, s := range states {
			if StageOf(s.Value) != UnknownStage {
				points += 5
			}
		}
		if !c.Nullable {
			points += 2
		}
		if IsNumber(c) {
			points -= 10
		}
		if points > most {
			best, most = c.Name, points
		}
	}
	return best
}

func referencedBy(db *Database, t *Table) (names []string) {
	for _, other := range db.Tables {
		if other != t && other.References(t) != "" {
			names = append(names, other.Name)
		}
	}
	return names
}

func phraseList(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s, %s, %s and %d more tables", names[0], names[1], names[2], len(names)-most)
	}
	var text strings.Builder
	text.WriteString(names[0])
	for i, name := range names[1:] {
		if i == len(names)-2 {
			text.WriteString(" and " + name)
		} else {
			text.WriteString(", " + name)
		}
	}
	return text.String()
}
