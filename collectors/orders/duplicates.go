package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// maxGroups is how many groups of duplicates are reported.
const maxGroups = 100

// duplicates finds orders that share a key that only one order may have, at its own slow
// interval. Between two searches it repeats the last result.
type duplicates struct {
	config   *Duplicates
	graph    *graph
	stateOf  func(in *database.Reading, column database.Column, value string) int
	searched signal.Instant
	last     *signal.Duplicates
	warnings []string
	extra    []string // the keys of the duplicates whose worth is to be read: all but the first of each group
	// since is how far back orders are compared after a restart, and until when: as far as
	// they had been compared before it.
	since, until signal.Instant
}

// resume has the orders compared that were created while lostorder was down, for as long as
// it reports an order.
func (d *duplicates) resume(searched, now signal.Instant) {
	if searched.Known() {
		within := time.Duration(d.config.Within)
		d.since, d.until = searched.Add(-within), now.Add(within)
	}
}

// compares is how old an order is at most that is compared.
func (d *duplicates) compares(now signal.Instant) time.Duration {
	within := time.Duration(d.config.Within)
	if now < d.until {
		return max(within, now.Sub(d.since))
	}
	return within
}

func (d *duplicates) read(ctx context.Context, in *database.Reading, t *table) (*signal.Duplicates, []string, error) {
	if d.last != nil && in.Now().Sub(d.searched) < time.Duration(d.config.Interval) {
		return d.last, d.warnings, nil
	}
	d.last, d.warnings, d.extra = nil, nil, nil
	rows, err := d.latest(ctx, in, t)
	if err != nil {
		return nil, nil, err
	}
	d.searched, d.last = in.Now(), d.group(in, t, rows)
	return d.last, d.warnings, nil
}

// latest reads the latest orders, page by page, as far back as they are compared.
func (d *duplicates) latest(ctx context.Context, in *database.Reading, t *table) ([]database.Row, error) {
	s := database.Selection{What: "orders", Table: t.found, Where: t.where, Tie: t.orderID}
	columns := database.ColumnsOf(t.found, "duplicates.")
	s.Since = columns.One(d.config.Created, "created")
	fields := append(t.fields(), t.state)
	for i, name := range d.config.Key {
		fields = append(fields, columns.One(name, fmt.Sprintf("key[%d]", i)))
	}
	if err := columns.Missing(); err != nil {
		return nil, err
	}
	within := d.compares(in.Now())
	var all []database.Row
	d.warnings = undated(ctx, in, s)
	page, rows := database.Page{Back: true}, fewRows
	for left := d.config.Cap; left > 0; left -= page.Rows {
		page.Rows = min(left, rows)
		paged, err := in.Page(ctx, s, page, fields...)
		if err != nil {
			return nil, err
		}
		if paged.Keyless > 0 {
			d.warnings = append(d.warnings, fmt.Sprintf("%d orders of table %s have no id (source.columns.order_id) and are not compared for duplicates", paged.Keyless, t.found))
		}
		if rows = manyRows; size(paged.Rows) > largeRow*len(paged.Rows) {
			rows = fewRows
		}
		for _, row := range paged.Rows {
			if row.Since.Known() && in.Now().Sub(row.Since) > within {
				return all, nil
			}
			all = append(all, shortened(row))
		}
		if page.From = paged.Next; page.From == nil {
			return all, nil
		}
	}
	d.warnings = append(d.warnings, fmt.Sprintf("more than %d orders of table %s were created within %s; lostorder compares only the latest of them for duplicates (duplicates.cap)",
		d.config.Cap, t.found, d.config.Within))
	return all, nil
}

const (
	// A page has many rows, but few where they are large, and at the start, when that is
	// not known.
	manyRows = 1000
	fewRows  = 50
	largeRow = 4 << 10 // bytes
)

func size(rows []database.Row) (bytes int) {
	for _, row := range rows {
		for _, field := range row.Fields {
			bytes += len(field)
		}
	}
	return bytes
}

// longestField is how long a field of a row may be that is kept among thousands.
const longestField = 256

// shortened is a row with a hash in place of each long field: fields are only compared, and
// anybody may write 64 KB into one.
func shortened(row database.Row) database.Row {
	row.Place = database.Place{}
	for i, field := range row.Fields {
		if len(field) > longestField {
			row.Fields[i] = untrusted.ID(field)
		}
	}
	return row
}

// undated warns of orders without a time of creation.
func undated(ctx context.Context, in *database.Reading, s database.Selection) []string {
	if !s.Since.Nullable {
		return nil
	}
	s = s.Undated()
	n, err := in.Count(ctx, s, 1000)
	if err != nil || n.Count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("table %s has %s %s; they are not compared for duplicates", s.Table, n, s.What)}
}

// group finds the orders that share a key.
func (d *duplicates) group(in *database.Reading, t *table, rows []database.Row) *signal.Duplicates {
	stateAt := len(t.fields())
	byKey, ids := map[string][]signal.OrderRef{}, map[string][]string{}
	var shared []string // keys of shared orders, those of the latest orders first
	for _, row := range rows {
		parts := row.Fields[stateAt+1:]
		if slices.Contains(parts, "") || d.excepted(in, t.state, row.Fields[stateAt]) {
			continue // NULL and an empty text are no key
		}
		key := strings.Join(parts, "\x00")
		byKey[key] = append(byKey[key], t.ref(row))
		ids[key] = append(ids[key], database.Key(row.Fields[:len(t.orderID)]).ID())
		if len(byKey[key]) == 2 {
			shared = append(shared, key)
		}
	}
	found := &signal.Duplicates{Within: time.Duration(d.config.Within), Capped: len(shared) > maxGroups}
	for _, key := range shared[:min(len(shared), maxGroups)] {
		orders := byKey[key]
		slices.Reverse(orders)
		found.Groups = append(found.Groups, signal.DuplicateGroup{Orders: orders})
		d.extra = append(d.extra, ids[key][:len(orders)-1]...) // the rows were the latest first
	}
	return found
}

func (d *duplicates) excepted(in *database.Reading, column database.Column, value string) bool {
	i := d.stateOf(in, column, value)
	return i != undeclared && slices.Contains(d.config.Except, d.graph.names[i])
}
