package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// What a reconciliation tells was read twice, the grace apart, so that there is
// nothing left to wait for: the decisions say what a mismatch means.

// mismatchCase is the case of mismatches of some kinds, the first of them leading;
// false when there are none.
func mismatchCase(r *signal.Reconciliation, words map[signal.MismatchKind]string, kinds ...signal.MismatchKind) (Case, bool) {
	c := Case{Subject: signal.Subject{Database: r.Left.Database, Check: r.Name}, Severity: signal.Critical}
	var details []string
	var oldest signal.Instant
	var found []signal.Mismatches
	for _, kind := range kinds {
		if m, ok := r.OfKind(kind); ok && m.Count > 0 {
			found = append(found, m)
		}
	}
	for _, m := range found {
		count := fmt.Sprint(m.Count)
		if m.Capped {
			count = "at least " + count
		}
		if len(found) > 1 { // the ids of the finding do not say which are of which
			count += ": " + sampleOf(m.Sample)
		}
		c.Evidence = append(c.Evidence, signal.Fact{Name: words[m.Kind], Value: count})
		c.Count += int64(m.Count)
		c.Orders = append(c.Orders, m.Sample...)
		for _, detail := range m.Details {
			details = append(details, detail.String())
		}
		c.Since = earlier(c.Since, m.Since)
		oldest = earlier(oldest, m.Oldest)
		if !c.DecidableAt.Known() || m.ConfirmedAt < c.DecidableAt {
			c.DecidableAt = m.ConfirmedAt
		}
	}
	if c.Count == 0 {
		return Case{}, false
	}
	for _, store := range []signal.Store{r.Right, r.Left} {
		if store.Empty {
			c.Evidence = slices.Insert(c.Evidence, 0, signal.Fact{Name: "cause", Value: store.String() + " is empty: it has no row that counts"})
		}
	}
	c.Anchor = oldest
	if oldest.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "oldest_row", Value: oldest.Time().Format(time.RFC3339)})
	}
	c.Evidence = append(c.Evidence,
		signal.Fact{Name: "left", Value: r.Left.String()},
		signal.Fact{Name: "right", Value: r.Right.String()})
	if len(details) > 0 {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "for_example", Value: strings.Join(details, "; ")})
	}
	c.Evidence = append(c.Evidence, signal.Fact{Name: "grace", Value: inWords(r.Grace)})
	return c, true
}

// earlier returns the earlier of two moments that are known.
func earlier(a, b signal.Instant) signal.Instant {
	if !a.Known() || b.Known() && b < a {
		return b
	}
	return a
}

// sampleOf names the first of some orders.
func sampleOf(refs []signal.OrderRef) string {
	const most = 5
	ids := orderIDs(refs[:min(len(refs), most)])
	if len(refs) > most {
		ids = append(ids, "…")
	}
	return strings.Join(ids, ", ")
}

// reconciled lists the cases of the reconciliations of a report.
func reconciled(v *view, one func(r *signal.Reconciliation) (Case, bool)) []Case {
	var cases []Case
	for i := range v.report.Reconciliations {
		if c, ok := one(&v.report.Reconciliations[i]); ok {
			cases = append(cases, c)
		}
	}
	return cases
}
