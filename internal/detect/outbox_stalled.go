package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// outboxStalled: the oldest pending row is older than it may be, and has been the
// oldest for that long too. A relay that works through a backlog gets past one row
// after the other; one that is dead, or stuck on a row, does not. A relay that reads the
// log of the database is in outbox_stalled_log.go.
var outboxStalled = Decision{
	Mode:        signal.OutboxStalled,
	Description: "Events wait in the outbox and the relay does not get past the oldest.",
	BenignTwin:  "A bulk import or an outage of the broker that the relay works through row by row, an idle outbox; a slot or binary log without a reader while nothing is written, a slot that is confirmed late because it holds nothing for its reader, a slow reader of a binary log.",
	observe:     observeOutboxes,
	decide:      decideOutboxStalled,
	presence: func(v *view, s signal.Subject) presence {
		return v.outboxPresence(s, func(o *signal.Outbox) bool {
			t := v.memory.outboxes[o.Name]
			if o.LogReader != nil {
				return !t.Log.undecided(o, v.at)
			}
			return o.Pending == 0 || headKnown(o) && !t.undecided(o, v.at)
		})
	},
}

// outboxMemory is what outbox_stalled remembers of one outbox. Its exported fields are
// saved across restarts.
type outboxMemory struct {
	Name      string
	At        signal.Instant // of the last reading
	HeadKey   string
	SawHead   bool           // false when that row was the oldest at our first reading, or after an observation gap
	HeadSince signal.Instant // since when that row was seen to be the oldest
	Keys      []string       // of the oldest pending rows, at the last reading that had them
	Passed    int64          // rows behind the head that were published since HeadSince, at least
	Log       logMemory
}

// undecided reports whether the oldest row may have been the oldest for too long, and was
// not observed for long enough.
func (t *outboxMemory) undecided(o *signal.Outbox, at signal.Instant) bool {
	return !t.SawHead && o.Oldest.At(at) >= o.MaxAge && at.Sub(t.HeadSince) < o.MaxAge
}

// headKnown reports whether the reading has the oldest pending row.
func headKnown(o *signal.Outbox) bool { return o.HeadKey != "" && o.Oldest.Known() }

func observeOutboxes(v *view) {
	for i := range v.report.Outboxes {
		o := &v.report.Outboxes[i]
		t, known := v.memory.outboxes[o.Name]
		if !known {
			t = &outboxMemory{Name: o.Name}
			v.memory.outboxes[o.Name] = t
		}
		t.observe(o, v.at, v.report.Interval+v.report.Duration)
	}
}

func (t *outboxMemory) observe(o *signal.Outbox, at signal.Instant, interval time.Duration) {
	rebase, previous := t.At.Known() && blind(t.At, at, interval), t.At
	restart := func(since signal.Instant) bool { return restarts(rebase, since, previous, o.MaxAge) }
	first := !t.At.Known()
	t.At = at
	if o.LogReader != nil {
		t.Log.observe(o.LogReader, at, restart)
		return
	}
	switch {
	case o.Pending == 0:
		t.HeadKey, t.HeadSince, t.Keys, t.Passed = "", 0, nil, 0
	case !headKnown(o):
		// The oldest row was not read: it neither advanced nor stood still.
	case o.HeadKey != t.HeadKey || !t.HeadSince.Known() || restart(t.HeadSince):
		t.SawHead = !first && o.HeadKey != t.HeadKey
		t.HeadKey, t.HeadSince, t.Keys, t.Passed = o.HeadKey, at, o.Keys, 0
	default:
		t.Passed += published(t.Keys, o)
		t.Keys = o.Keys
	}
}

// published counts the rows behind the head that are no longer pending: those before one
// that still is, and all where no row follows the keys that were read. A row that was
// committed late may have taken the place of any other.
func published(before []string, o *signal.Outbox) (n int64) {
	var since int64
	for _, key := range before {
		if slices.Contains(o.Keys, key) {
			n, since = n+since, 0
		} else {
			since++
		}
	}
	if !o.KeysCapped {
		n += since
	}
	return n
}

func decideOutboxStalled(v *view) []Case {
	var cases []Case
	for i := range v.report.Outboxes {
		o := &v.report.Outboxes[i]
		t := v.memory.outboxes[o.Name]
		if o.LogReader != nil {
			if c, ok := t.Log.stalled(o, v.at); ok {
				cases = append(cases, c)
			}
			continue
		}
		if o.Pending == 0 || o.MaxAge <= 0 || !o.Oldest.Known() {
			continue
		}
		if o.Oldest.At(v.at) < o.MaxAge || v.at.Sub(t.HeadSince) < o.MaxAge {
			continue
		}
		cases = append(cases, t.stalled(o, v.at))
	}
	return cases
}

// stalled is the case of an outbox table.
func (t *outboxMemory) stalled(o *signal.Outbox, at signal.Instant) Case {
	count := max(int64(o.Pending), int64(len(o.Sample)))
	capped := o.PendingCapped || !o.Pending.Known()
	c := Case{
		Subject: outboxSubject(o), Severity: signal.Critical, Count: count, Orders: o.Sample,
		Since: o.Oldest.Since, DecidableAt: max(o.Oldest.Since, t.HeadSince).Add(o.MaxAge),
		Summary: fmt.Sprintf("The relay has not published the oldest row of %s for %s while %s.", o.Table, phrase.Duration(at.Sub(t.HeadSince)), pendingEvents(count, capped)),
		Evidence: signal.Evidence{
			signal.CappedFact("pending_events", count, capped),
			signal.DurationFact("oldest_pending_age", o.Oldest.At(at)),
			signal.TextFact("oldest_row", o.Table+" "+o.HeadKey),
			signal.DurationFact("not_passed_for", at.Sub(t.HeadSince)),
			signal.DurationFact("max_age", o.MaxAge),
		},
	}
	c.Evidence = append(c.Evidence, t.cause(o)...)
	if t.Passed > 0 {
		c.Orders = slices.DeleteFunc(slices.Clone(c.Orders), func(r signal.OrderRef) bool {
			return r.Since.Known() && at.Sub(r.Since) < o.MaxAge // the relay will publish it
		})
	}
	if o.Failed > 0 {
		c.Evidence = append(c.Evidence, signal.CountFact("failed_rows", int64(o.Failed)))
	}
	if o.Retried > 0 {
		c.Evidence = append(c.Evidence, signal.CountFact("retried_rows", int64(o.Retried)))
	}
	c.listedBy(o.SQL)
	return c
}

func pendingEvents(n int64, capped bool) string {
	text := phrase.Count(int(n), "event") + " " + verb(n, "waits", "wait")
	if capped {
		return "at least " + text
	}
	return text
}

// cause distinguishes a dead relay from one that continues behind a poison row.
func (t *outboxMemory) cause(o *signal.Outbox) signal.Evidence {
	switch {
	case t.Passed > 0 && o.HeadUntried:
		return signal.Evidence{
			signal.TextFact("cause", "skipped row: the relay publishes rows behind the oldest, and has not tried to publish it"),
			signal.CountFact("published_behind_it", t.Passed).With(signal.AtLeast),
		}
	case t.Passed > 0:
		return signal.Evidence{
			signal.TextFact("cause", "poison row: the relay cannot publish the oldest, and publishes rows behind it"),
			signal.CountFact("published_behind_it", t.Passed).With(signal.AtLeast),
		}
	case len(o.Keys) > 1:
		return signal.Evidence{signal.TextFact("cause", "no row behind the oldest was seen to be published: the relay is dead, or waits for the oldest")}
	}
	return nil
}
