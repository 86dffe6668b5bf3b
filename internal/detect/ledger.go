package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// closeAfter is how many readings in a row must show a case no longer before it
// is closed: one quiet reading of something that flaps is not its end.
const closeAfter = 2

// unseenFor is how long a finding is kept whose subject is missing from the readings
// of a target that is read in part all that time.
const unseenFor = 24 * time.Hour

// keepClosed bounds the closed findings that are remembered.
const keepClosed = 100

// caseKey is what makes two cases the same one.
type caseKey struct {
	mode    signal.Mode
	target  signal.TargetID
	subject signal.Subject
}

// episode is one open finding and how many readings no longer showed it.
type episode struct {
	finding signal.Finding
	quiet   int
	seen    signal.Instant // when the subject was last read
}

// ledger keeps the findings: each is opened once and closed by itself.
type ledger struct {
	open   map[caseKey]*episode
	closed []signal.Finding // the latest first
}

// settle compares what holds according to a report with what is open, and returns
// what it opened and closed. first is when the target was first read: nothing can
// be decided before.
func (l *ledger) settle(mode signal.Mode, cases []Case, r *signal.Report, first signal.Instant) (changes []Change) {
	at := signal.InstantOf(r.At)
	holding := make(map[caseKey]bool, len(cases))
	for i := range cases {
		key := caseKey{mode, r.TargetID, cases[i].Subject}
		holding[key] = true
		e, open := l.open[key]
		if !open {
			e = &episode{finding: newFinding(key, &cases[i], at, first)}
			l.open[key] = e
			changes = append(changes, Change{Kind: Opened, Finding: e.finding})
		}
		e.quiet, e.seen = 0, at
		update(&e.finding, &cases[i])
	}
	for key, e := range l.open {
		if key.mode != mode || key.target != r.TargetID || holding[key] {
			continue
		}
		switch {
		case present(r, key.mode, key.subject):
			e.seen = at
			if e.quiet++; e.quiet < closeAfter {
				continue
			}
		case !r.Complete() && at.Sub(e.seen) < unseenFor:
			continue
		}
		changes = append(changes, l.close(key, at))
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Finding.ID, b.Finding.ID) })
	return changes
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
	l.closed = slices.Insert(l.closed, 0, f)
	l.closed = l.closed[:min(len(l.closed), keepClosed)]
	return Change{Kind: Closed, Finding: f}
}

func newFinding(key caseKey, c *Case, at, first signal.Instant) signal.Finding {
	f := signal.Finding{
		Mode: key.mode, Target: key.target, Subject: key.subject,
		Since:       cmp.Or(c.Since, at).Time(), // a row may not say when
		DecidableAt: min(max(c.DecidableAt, first), at).Time(),
		DetectedAt:  at.Time(),
	}
	f.ID = findingID(key, cmp.Or(c.Anchor, c.Since))
	update(&f, c)
	return f
}

// update refreshes what an open finding says; its identity and since stay.
func update(f *signal.Finding, c *Case) {
	f.Severity, f.Count, f.Evidence = c.Severity, c.Count, c.Evidence
	if len(c.Orders) > 0 {
		f.OrderIDs, f.Traced, f.TraceID = orderIDs(c.Orders), traced(c.Orders), ""
		if len(f.Traced) > 0 {
			f.TraceID = f.Traced[0].TraceID
		}
	}
}

// findingID is stable: the same mode, subject and beginning give the same id, also
// after a restart where the beginning comes from the watched system.
func findingID(key caseKey, since signal.Instant) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%+v\x00%d", key.mode, key.target, key.subject, since))
	return hex.EncodeToString(sum[:6])
}

// present reports whether the report has a reading of the subject: not only its
// name, but what it is judged by.
func present(r *signal.Report, mode signal.Mode, s signal.Subject) bool {
	switch {
	case s.Check != "":
		return slices.ContainsFunc(r.Reconciliations, func(c signal.Reconciliation) bool { return c.Name == s.Check })
	case s.Outbox != "":
		return slices.ContainsFunc(r.Outboxes, func(o signal.Outbox) bool {
			if mode == signal.EventMissing {
				return o.Name == s.Outbox && o.Skipped != nil
			}
			return o.Name == s.Outbox && (o.Pending.Known() || o.LogReader != nil)
		})
	case s.Lifecycle != "":
		return slices.ContainsFunc(r.Lifecycles, func(l signal.Lifecycle) bool {
			return l.Name == s.Lifecycle && judged(&l, mode, s.State)
		})
	case s.Destination == "": // a broker
		return len(r.Queues) > 0
	default:
		for i := range r.Queues {
			if queueSubject(r.Queues[i].QueueID) == s {
				return true
			}
		}
		return slices.ContainsFunc(r.DeadLetters, func(d signal.DeadLetterQueue) bool {
			return d.Destination == s.Destination && s.Group == "" && d.Messages.Known()
		})
	}
}

// judged reports whether a reading of a lifecycle has what a mode is decided from.
func judged(l *signal.Lifecycle, mode signal.Mode, state string) bool {
	switch {
	case state != "":
		return slices.ContainsFunc(l.States, func(s signal.State) bool { return s.Name == state && s.Overdue.Known() })
	case mode == signal.OrderDuplicate:
		return l.Duplicates != nil
	default:
		return l.History != nil
	}
}
