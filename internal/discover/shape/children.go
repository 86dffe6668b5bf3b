package shape

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
)

// Child is a table with a column that may name orders of another table.
type Child struct {
	*Table
	OrderID string
	Foreign bool // by a foreign key
	// Type is the column that names the table of the order, and TypeValue its value for
	// these orders. Both are empty where the column names orders of one table only.
	Type, TypeValue string
}

// FindChildren returns the tables that may belong to orders: by a foreign key, or by a column
// that is called like the id of an order.
func FindChildren(db *Database, o *Orders) []Child {
	if len(o.Key) != 1 {
		return nil
	}
	var all []Child
	for _, t := range db.Tables {
		if t == o.Table || t.Denied || IsInternal(t) || t.View {
			continue
		}
		if c := childOf(t, o); c.OrderID != "" {
			all = append(all, c)
		}
	}
	return all
}

func childOf(t *Table, o *Orders) Child {
	if column := t.References(o.Table); column != "" {
		return Child{Table: t, OrderID: column, Foreign: true}
	}
	key, _ := o.Column(o.Key[0])
	same := func(c database.Column) bool {
		return IsText(c) == IsText(key) && IsNumber(c) == IsNumber(key)
	}
	words := Words(o.Name)
	own := words[len(words)-1] + "_id" // purchase_id for purchases
	names := append([]string{own}, OrderIDNames...)
	column := t.First(same, names...)
	if column == "" && slices.Equal(t.Key, o.Key) && hasStates(t) && len(t.Foreign) == 0 && strings.Contains(Folded(t.Name), Folded(o.Name)) {
		column = o.Key[0] // a copy with the same key
	}
	if column == "" || IsOrderName(t.Name) && t.UniqueKey(column) && !Is(column, own) && column != o.Key[0] {
		return Child{}
	}
	c := Child{Table: t, OrderID: column}
	// stateful_id goes with stateful_type.
	w := Words(column)
	for _, other := range t.Columns {
		ow := Words(other.Name)
		if IsText(other) && len(ow) == len(w) && ow[len(ow)-1] == "type" && slices.Equal(ow[:len(ow)-1], w[:len(w)-1]) && len(w) > 1 {
			c.Type = other.Name
		}
	}
	if c.Type != "" {
		at := t.Sample.At(c.Type)
		for _, v := range t.Sample.Count(c.Type) {
			if at >= 0 && Ends(v.Value, orderWords...) || Folded(v.Value) == Folded(o.Name) {
				c.TypeValue = v.Value
				break
			}
		}
		if c.TypeValue == "" {
			return Child{}
		}
	}
	return c
}

// hasStates reports whether a table has a column of states and an own time.
func hasStates(t *Table) bool {
	return slices.ContainsFunc(t.Columns, IsState) && slices.ContainsFunc(t.Columns, MayBeTime)
}

// UniqueKey reports whether only one row may have a value of the column.
func (t *Table) UniqueKey(column string) bool {
	return slices.Equal(t.Key, []string{column}) || t.UniqueOn(column)
}
