package survey

import (
	"context"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

// joins looks up the orders of the sample in the tables that may belong to them.
func (s *survey) joins(ctx context.Context) {
	for _, o := range shape.FindOrders(s.seen) {
		keys := keysOf(o)
		if len(keys) == 0 {
			continue
		}
		for _, c := range shape.FindChildren(s.seen, o) {
			if ctx.Err() != nil {
				return
			}
			s.progress("database %s: look up %d orders of %s in %s", s.db.Name(), len(keys), o.Ref, c.Ref)
			s.seen.Joins = append(s.seen.Joins, s.join(ctx, o, c, keys))
		}
	}
}

// keysOf chooses orders of the sample, of every state some.
func keysOf(o *shape.Orders) (keys []string) {
	key, state := o.Sample.At(o.Key[0]), o.Sample.At(o.State)
	if key < 0 || state < 0 || len(o.Key) != 1 {
		return nil
	}
	each := max(1, mostKeys/max(1, len(o.Sample.Count(o.State))))
	taken := map[string]int{}
	for _, row := range o.Sample.Rows {
		if v := row[state].Text; taken[v] < each && !row[key].Null {
			taken[v]++
			keys = append(keys, row[key].Text)
		}
	}
	return keys
}

func (s *survey) join(ctx context.Context, o *shape.Orders, c shape.Child, keys []string) *shape.Join {
	j := &shape.Join{Parent: o.Table, Child: c.Table, ParentKey: o.Key[0], ChildKey: c.OrderID, Keys: keys, Rows: map[string][]int{}}
	column, _ := c.Column(c.OrderID)
	wanted := c.Interesting()
	at := -1
	for i, w := range wanted {
		j.Columns = append(j.Columns, w.Name)
		if w.Name == c.OrderID {
			at = i
		}
	}
	if at < 0 {
		wanted, j.Columns, at = append(wanted, database.Wanted{Column: column}), append(j.Columns, c.OrderID), len(wanted)
	}
	err := s.db.Read(ctx, func(r *database.Reading) (err error) {
		j.Found, err = r.Matching(ctx, &c.Table.Table, database.OneOf(column, keys...), mostFound, wanted...)
		return err
	})
	if err != nil {
		j.Err = err.Error()
		s.missing("table %s: %v", c.Ref, err)
		return j
	}
	typed := -1
	for i, name := range j.Columns {
		if c.Type != "" && name == c.Type {
			typed = i
		}
	}
	for i, row := range j.Found {
		if typed < 0 || row[typed].Text == c.TypeValue {
			j.Rows[row[at].Text] = append(j.Rows[row[at].Text], i)
		}
	}
	if !c.Foreign {
		s.orphans(ctx, o, c, j)
	}
	return j
}

// orphans looks up the orders that rows of the child name.
func (s *survey) orphans(ctx context.Context, o *shape.Orders, c shape.Child, j *shape.Join) {
	at, typed := c.Sample.At(c.OrderID), c.Sample.At(c.Type)
	if at < 0 {
		return
	}
	named := map[string]bool{}
	var ids []string
	for _, row := range c.Sample.Rows {
		if id := row[at]; !id.Null && !named[id.Text] && len(ids) < mostKeys && (typed < 0 || row[typed].Text == c.TypeValue) {
			named[id.Text] = true
			ids = append(ids, id.Text)
		}
	}
	if len(ids) == 0 {
		return
	}
	key, _ := o.Column(o.Key[0])
	err := s.db.Read(ctx, func(r *database.Reading) error {
		found, err := r.Matching(ctx, &o.Table.Table, database.OneOf(key, ids...), mostKeys, database.Wanted{Column: key})
		j.Asked, j.Orphans = len(ids), len(ids)-len(found)
		return err
	})
	if err != nil {
		j.Asked, j.Orphans = 0, 0
	}
}
