package detect

import (
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// A reconciliation reports what was read twice, the grace period apart, so that there is
// nothing left to wait for: the decisions say what a mismatch means.

// mismatchCase is the case of mismatches of some kinds, the first of them leading;
// false when there are none. names are the names of the facts that count them.
func mismatchCase(r *signal.Reconciliation, names map[signal.MismatchKind]string, kinds ...signal.MismatchKind) (Case, bool) {
	c := Case{Subject: signal.Subject{Database: r.Left.Database, Check: r.Name}, Severity: signal.Critical}
	var details []string
	var oldest signal.Instant
	var found []signal.Mismatches
	var statements []string
	for _, kind := range kinds {
		if m, ok := r.OfKind(kind); ok && m.Count > 0 {
			found = append(found, m)
		}
	}
	for _, m := range found {
		c.Evidence = append(c.Evidence, signal.CappedFact(names[m.Kind], int64(m.Count), m.Capped))
		if len(found) > 1 { // the ids of the finding do not show which kind they are of
			c.Evidence = append(c.Evidence, signal.ListFact(names[m.Kind]+"_sample", sampleOf(m.Sample)...))
		}
		c.Count += int64(m.Count)
		c.AtStake = c.AtStake.Plus(m.AtStake)
		c.Orders = append(c.Orders, m.Sample...)
		for _, detail := range m.Details {
			details = append(details, detail.String())
		}
		if m.SQL != "" {
			statements = append(statements, m.SQL)
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
			c.Evidence = append(signal.Evidence{signal.TextFact("cause", store.String()+" is empty: it has no row that counts")}, c.Evidence...)
		}
	}
	c.Evidence = append(c.Evidence, atStake(c.AtStake)...)
	if oldest.Known() {
		c.Evidence = append(c.Evidence, signal.MomentFact("oldest_row", oldest))
	}
	c.Evidence = append(c.Evidence, signal.TextFact("left", r.Left.String()), signal.TextFact("right", r.Right.String()))
	if len(details) > 0 {
		c.Evidence = append(c.Evidence, signal.TextFact("for_example", strings.Join(details, "; ")))
	}
	c.Evidence = append(c.Evidence, signal.DurationFact("grace", r.Grace))
	c.listedBy(strings.Join(statements, ";\n"))
	return c, true
}

// sampleOf names the first of some orders.
func sampleOf(refs []signal.OrderRef) []string {
	const most = 5
	ids := orderIDs(refs[:min(len(refs), most)])
	if len(refs) > most {
		ids = append(ids, "…")
	}
	return ids
}

// mismatches lists the cases of the reconciliations of a report.
func mismatches(v *view, one func(r *signal.Reconciliation) (Case, bool)) []Case {
	var cases []Case
	for i := range v.report.Reconciliations {
		r := &v.report.Reconciliations[i]
		c, ok := one(r)
		if !ok {
			continue
		}
		if r.Right.Empty {
			c.Summary = "Table " + r.Right.Table + " is empty. " + sentence(c.Summary)
		} else if r.Left.Empty {
			c.Summary = "Table " + r.Left.Table + " is empty. " + sentence(c.Summary)
		}
		cases = append(cases, c)
	}
	return cases
}

// checkPresence answers for a mode of reconciliations that is decided from mismatches of
// some kinds.
func (v *view) checkPresence(s signal.Subject, kinds ...signal.MismatchKind) presence {
	for i := range v.report.Reconciliations {
		r := &v.report.Reconciliations[i]
		if r.Name != s.Check {
			continue
		}
		for _, kind := range kinds {
			if _, covered := r.OfKind(kind); covered {
				return present
			}
		}
		return unread
	}
	return gone
}
