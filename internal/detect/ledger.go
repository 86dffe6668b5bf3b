package detect

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// closeAfter is how many readings in a row must no longer show a case before it closes:
// one quiet reading of something that flaps is not its end.
const closeAfter = 2

// unseenFor is how long a finding stays open while no reading contains what it was
// decided from.
const unseenFor = 24 * time.Hour

// caseKey identifies a case.
type caseKey struct {
	mode    signal.Mode
	target  signal.TargetID
	subject signal.Subject
}

// episode is one open finding.
type episode struct {
	finding signal.Finding
	quiet   int            // readings in a row that no longer showed it
	seen    signal.Instant // when a reading last contained what it is decided from
	said    int64          // how many it affected when that was last reported
	// Of a restored one: the first reading after the restart, and the first at which its
	// source had compared everything again.
	resumed, compared signal.Instant
	// Of a symptom: since when nothing explains it any more, and how long it may stay so.
	released signal.Instant
	lasting  time.Duration
}

// ledger keeps the open findings: each opens once and closes by itself. It knows no mode.
type ledger struct {
	open map[caseKey]*episode
}

// settle compares the cases of a mode with its findings of the target that were open before,
// and returns what it opened and closed, and what has grown. known are the cases that
// consist of known orders, with what is known.
func (l *ledger) settle(d *Decision, cases []Case, open []caseKey, known map[caseKey]string, v *view) (changes []Change) {
	holding := make(map[caseKey]bool, len(cases))
	for i := range cases {
		key := caseKey{d.Mode, v.report.TargetID, cases[i].Subject}
		holding[key] = true
		e, isOpen := l.open[key]
		if !isOpen {
			if d.presence(v, key.subject) != present {
				continue
			}
			e = &episode{finding: newFinding(key, &cases[i], v), said: cases[i].Count}
			l.open[key] = e
			changes = append(changes, Change{Kind: Opened, Finding: e.finding})
		}
		e.quiet, e.seen = 0, v.at
		update(&e.finding, &cases[i], v)
		if !d.atRisk && Grew(e.said, e.finding.Count) {
			changes = append(changes, Change{Kind: Grown, Finding: e.finding, Before: e.said, At: v.at.Time()})
			e.said = e.finding.Count
		}
	}
	for _, key := range open {
		e := l.open[key]
		if holding[key] {
			continue
		}
		if note := known[key]; note != "" {
			e.finding.Evidence = withNote(e.finding.Evidence, note)
			changes = append(changes, l.close(key, v.at))
			continue
		}
		switch d.presence(v, key.subject) {
		case present:
			if e.awaits(d, v) {
				continue
			}
			e.seen = v.at
			if e.finding.Unconfirmed && v.gap {
				e.quiet = closeAfter - 1 // it healed while lostorder was down
			}
			if e.quiet++; e.quiet < closeAfter {
				continue
			}
		case unread:
			if v.at.Sub(e.seen) < unseenFor {
				continue
			}
		case gone:
			if !v.report.Complete() && v.at.Sub(e.seen) < unseenFor {
				continue
			}
		}
		changes = append(changes, l.close(key, v.at))
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Finding.ID, b.Finding.ID) })
	return changes
}

// openOf lists the open findings of a target by mode, so that they are searched once for
// each report and not for each mode.
func (l *ledger) openOf(target signal.TargetID) map[signal.Mode][]caseKey {
	all := map[signal.Mode][]caseKey{}
	for key := range l.open {
		if key.target == target {
			all[key.mode] = append(all[key.mode], key)
		}
	}
	return all
}

// forget closes all findings of a target that is no longer watched.
func (l *ledger) forget(target signal.TargetID, at signal.Instant) (changes []Change) {
	for key := range l.open {
		if key.target == target {
			changes = append(changes, l.close(key, at))
		}
	}
	return changes
}

func (l *ledger) close(key caseKey, at signal.Instant) Change {
	f := l.open[key].finding
	f.ClosedAt = at.Time()
	delete(l.open, key)
	return Change{Kind: Closed, Finding: f}
}

// newFinding returns the finding of a case that was not open. It was decidable no earlier
// than the target was first read, and at this reading where nothing says when.
func newFinding(key caseKey, c *Case, v *view) signal.Finding {
	f := signal.Finding{
		ID:   findingID(key),
		Mode: key.mode, Target: key.target, Subject: key.subject,
		Since:       cmp.Or(c.Since, v.at).Time(), // a row may have no time
		DecidableAt: min(max(cmp.Or(c.DecidableAt, v.at), v.memory.first), v.at).Time(),
		DetectedAt:  v.at.Time(),
	}
	update(&f, c, v)
	return f
}

// update refreshes an open finding. Its identity and since stay.
func update(f *signal.Finding, c *Case, v *view) {
	f.Labels = v.labels(c.Subject)
	f.Severity, f.Summary, f.Count, f.Evidence, f.AtStake = v.severity(c), sentence(c.Summary), c.Count, c.Evidence, c.AtStake
	if len(c.Orders) > 0 {
		f.OrderIDs, f.Traced, f.TraceID = orderIDs(c.Orders), traced(c.Orders), ""
		if len(f.Traced) > 0 {
			f.TraceID = f.Traced[0].TraceID
		}
	}
}
