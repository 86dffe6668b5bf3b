package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// skippedRows are the cases of outboxes with rows that the relay skipped: they were
// committed after its position had passed their number, and were not published since for as
// long as an event may wait.
func skippedRows(v *view) []Case {
	var cases []Case
	for i := range v.report.Outboxes {
		if o := &v.report.Outboxes[i]; o.Skipped != nil {
			if c, ok := skippedCase(o, v.at); ok {
				cases = append(cases, c)
			}
		} else if o.LogReader != nil {
			if c, ok := v.slot(o.Name).skipped(o); ok {
				cases = append(cases, c)
			}
		}
	}
	return cases
}

func skippedCase(o *signal.Outbox, at signal.Instant) (Case, bool) {
	c := Case{Subject: outboxSubject(o), Severity: signal.Critical}
	var first signal.SkippedRow
	for _, row := range o.Skipped.Rows {
		if at.Sub(row.FirstSeen) < o.MaxAge {
			continue // a relay that reads older rows again may still publish it
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
		c.Since = earlier(c.Since, since)
	}
	if c.Count == 0 {
		return c, false
	}
	c.Summary = fmt.Sprintf("The relay skipped %s of %s: its position passed their number before they were committed.", phrase.Count(int(c.Count), "row"), o.Table)
	c.Evidence = signal.Evidence{
		signal.TextFact("cause", "the relay reads by a sequence, and rows were committed after it had passed their number"),
		signal.CountFact("skipped_rows", c.Count),
		signal.TextFact("for_example", skippedExample(o.Table, first)),
		signal.TextFact("position", o.Skipped.Position),
		signal.DurationFact("seen_for", at.Sub(first.FirstSeen)),
		signal.DurationFact("max_age", o.MaxAge),
	}
	return c, true
}

// skippedExample describes one row. A row that was only found unmarked may have been
// visible when the relay passed it.
func skippedExample(table string, row signal.SkippedRow) string {
	if row.Unmarked {
		return fmt.Sprintf("%s %s has number %d and is not marked as published, although the relay is at %d", table, row.Key, row.Sequence, row.Position)
	}
	return fmt.Sprintf("%s %s has number %d, and was not visible yet when the relay was at %d", table, row.Key, row.Sequence, row.Position)
}
