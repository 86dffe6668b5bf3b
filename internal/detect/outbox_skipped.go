package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// skippedCase is the case of an outbox whose relay went past rows: they were committed
// after its position had passed their number, and were left alone since for as long as
// an event may wait.
func skippedCase(o *signal.Outbox, at signal.Instant) (Case, bool) {
	c := Case{Subject: signal.Subject{Database: o.Database, Outbox: o.Name}, Severity: signal.Critical}
	var first signal.SkippedRow
	for _, row := range o.Skipped.Rows {
		if at.Sub(row.FirstSeen) < o.MaxAge {
			continue // a relay that looks back has not come to it yet, perhaps
		}
		if c.Count == 0 {
			first = row
			c.DecidableAt = row.FirstSeen.Add(o.MaxAge)
		}
		c.Count++
		if row.Order.ID != "" {
			c.Orders = append(c.Orders, row.Order)
		}
		since := row.Order.Since
		if !since.Known() {
			since = row.FirstSeen
		}
		if !c.Since.Known() || since < c.Since {
			c.Since = since
		}
	}
	if c.Count == 0 {
		return c, false
	}
	c.Evidence = signal.Evidence{
		{Name: "cause", Value: "the relay reads by a sequence, and rows were committed after it had passed their number"},
		{Name: "skipped_rows", Value: fmt.Sprint(c.Count)},
		{Name: "for_example", Value: exampleOfSkipped(o.Table, first)},
		{Name: "position", Value: o.Skipped.Position},
		{Name: "seen_for", Value: inWords(at.Sub(first.FirstSeen))},
		{Name: "max_age", Value: inWords(o.MaxAge)},
	}
	return c, true
}

// exampleOfSkipped describes one row. Of a row that was only found unmarked, it is not
// known whether it was there when the relay passed it.
func exampleOfSkipped(table string, row signal.SkippedRow) string {
	if row.Unmarked {
		return fmt.Sprintf("%s %s has number %d and is not marked as published, although the relay is at %d", table, row.Key, row.Sequence, row.Position)
	}
	return fmt.Sprintf("%s %s has number %d, and could not be seen yet when the relay was at %d", table, row.Key, row.Sequence, row.Position)
}
