package shape

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
)

// History is a table with the transitions of orders.
type History struct {
	Child
	State, At string
	Where     []Equal // what else holds for its rows
	// Seen are the transitions, and Dwells how long orders were in each state before they left it.
	Seen   map[[2]string]int
	Dwells map[string][]time.Duration
	Orders int // with at least one transition
	Judged int // orders that were compared with their latest transition
	Right  int // orders whose latest transition led into the state in which they are
	Agrees int // orders whose latest transition is as old as their own time of change
}

// Equal is a column and the value that it has.
type Equal struct {
	Column string
	Value  string
	Number bool
}

// changed are what columns of a state that was entered are called, in a history.
var changed = []string{"next_state", "new_state", "to_state", "next_status", "new_status", "to_status", "state_to", "status_to", "to", "state", "status", "order_state", "order_status", "step", "phase"}

// leftNames are what columns of a state that was left are called.
var leftNames = []string{"previous_state", "old_state", "from_state", "previous_status", "old_status", "from_status", "prev_state", "prev_status"}

// BestHistory returns the history of orders, and has o name the column of states that it is about:
// a table may have a state and a status, and the history one of them.
func BestHistory(db *Database, o *Orders) *History {
	best := FindHistory(db, o)
	right := func(h *History) int {
		if h == nil {
			return 0
		}
		return 100 * h.Right / max(1, h.Judged)
	}
	state := o.State
	for _, c := range o.Columns {
		if c.Name == o.State || !IsState(c) || Has(c.Name, secondary...) || len(o.Sample.Count(c.Name)) > mostStates || len(o.Sample.Count(c.Name)) == 0 {
			continue
		}
		other := *o
		other.State = c.Name
		if h := FindHistory(db, &other); right(h) > right(best) {
			best, state = h, c.Name
		}
	}
	o.State = state
	return best
}

// FindHistory returns the table that holds the transitions of orders; nil where there is none.
func FindHistory(db *Database, o *Orders) *History {
	var best *History
	for _, c := range FindChildren(db, o) {
		if h := historyOf(o, c); h != nil && (best == nil || len(h.Seen) > len(best.Seen)) {
			best = h
		}
	}
	return best
}

func historyOf(o *Orders, c Child) *History {
	if c.UniqueKey(c.OrderID) || len(c.Key) == 0 {
		return nil
	}
	h := &History{Child: c}
	h.At = c.First(MayBeTime, append([]string{"at", "entered_at", "changed_at", "transitioned_at", "occurred_at"}, CreatedNames...)...)
	if h.At == "" {
		return nil
	}
	for _, name := range changed {
		column := c.First(func(col database.Column) bool { return IsText(col) || IsNumber(col) }, name)
		if column == "" || column == h.At || Is(column, leftNames...) {
			continue
		}
		if h.fits(o, column) {
			return h
		}
	}
	return nil
}

// fits reports whether the latest row of an order has the state in which the order is, for
// most orders. A column that says what a row is about, as one table holds the transitions of
// several things, narrows the rows.
func (h *History) fits(o *Orders, column string) bool {
	h.State = column
	var always []Equal
	if h.Type != "" {
		always = append(always, Equal{Column: h.Type, Value: h.TypeValue})
	}
	always = append(always, Kept(h.Table)...)
	tries := [][]Equal{always}
	for _, name := range []string{"name", "kind", "entity_name", "entity_type", "type"} {
		kind := h.First(IsText, name)
		if kind == "" || kind == h.Type || kind == column {
			continue
		}
		for _, v := range h.Sample.Count(kind) {
			if Has(v.Value, orderWords...) {
				tries = append(tries, append(slices.Clone(always), Equal{Column: kind, Value: v.Value}))
			}
		}
	}
	for _, h.Where = range tries {
		// A table in which no order ever changes its state is about something else: shipments, for example.
		if h.follow(o); len(h.Seen) > 0 && h.Judged > 0 && 10*h.Right >= 7*h.Judged {
			return true
		}
	}
	h.State = ""
	return false
}

// Kept is the condition that leaves out rows that are marked as deleted.
func Kept(t *Table) []Equal {
	for _, name := range []string{"void", "voided", "deleted", "is_deleted", "is_void"} {
		if c := t.First(func(c database.Column) bool { return IsBool(c) || IsNumber(c) }, name); c != "" {
			column, _ := t.Column(c)
			if IsBool(column) && column.Type != "tinyint(1)" {
				return []Equal{{Column: c, Value: "false", Number: true}}
			}
			return []Equal{{Column: c, Value: "0", Number: true}}
		}
	}
	return nil
}

// holds reports whether the conditions hold for a row of the sample.
func (h *History) holds(row []database.Datum) bool {
	for _, e := range h.Where {
		at := h.Sample.At(e.Column)
		if at < 0 {
			continue
		}
		if v := row[at].Text; v != e.Value && ((e.Value != "false" || v != "f") && (e.Value != "0" || v != "false")) {
			return false
		}
	}
	return true
}

type step struct {
	state string
	at    time.Time
}

// follow puts the rows of the sample together, order by order.
func (h *History) follow(o *Orders) {
	id, state, at := h.Sample.At(h.OrderID), h.Sample.At(h.State), h.Sample.At(h.At)
	h.Seen, h.Dwells, h.Orders = map[[2]string]int{}, map[string][]time.Duration{}, 0
	if id < 0 || state < 0 || at < 0 {
		return
	}
	paths := map[string][]step{}
	var ids []string
	// The latest row was read first.
	for _, row := range slices.Backward(h.Sample.Rows) {
		if row[id].Null || row[state].Null || !row[at].At.Known() || !h.holds(row) {
			continue
		}
		if paths[row[id].Text] == nil {
			ids = append(ids, row[id].Text)
		}
		paths[row[id].Text] = append(paths[row[id].Text], step{row[state].Text, row[at].At.Time()})
	}
	for _, order := range ids {
		path := paths[order]
		slices.SortStableFunc(path, func(a, b step) int { return a.at.Compare(b.at) })
		h.Orders++
		for i := 1; i < len(path); i++ {
			if path[i].state == path[i-1].state {
				path[i].at = path[i-1].at // a note about an order that stays where it is
				continue
			}
			h.Seen[[2]string{path[i-1].state, path[i].state}]++
			h.Dwells[path[i-1].state] = append(h.Dwells[path[i-1].state], path[i].at.Sub(path[i-1].at))
		}
	}
	h.compare(o, paths)
}

// compare compares orders with their latest transitions.
func (h *History) compare(o *Orders, paths map[string][]step) {
	h.Judged, h.Right, h.Agrees = 0, 0, 0
	key, state, changed := o.Sample.At(o.Key[0]), o.Sample.At(o.State), o.Sample.At(o.Updated)
	if key < 0 || state < 0 {
		return
	}
	for _, row := range o.Sample.Rows {
		path := paths[row[key].Text]
		if len(path) == 0 {
			continue
		}
		h.Judged++
		last := path[len(path)-1]
		if row[state].Text == last.state {
			h.Right++
		}
		if changed < 0 || !row[changed].At.Known() {
			continue
		}
		if far := row[changed].At.Time().Sub(last.at); far > -2*time.Second && far < 2*time.Second {
			h.Agrees++
		}
	}
}
