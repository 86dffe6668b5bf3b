package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// outboxStalled: the oldest pending row is older than it may be, and has been the
// oldest for that long too. A relay that works off a backlog gets past one row
// after the other; one that is dead, or stuck on a row, does not.
var outboxStalled = Decision{
	Mode:        signal.OutboxStalled,
	Description: "Events wait in the outbox and the relay does not get past the oldest.",
	BenignTwin:  "A bulk import or an outage of the broker that the relay works off row by row, an idle outbox; a slot or binary log that nobody reads while nothing is written, a slot that is confirmed late because nothing in it is for its reader, a slow reader of a binary log.",
	judge:       judgeOutboxStalled,
}

// outboxTrack is what is remembered of one outbox.
type outboxTrack struct {
	at        signal.Instant
	headKey   string
	headSince signal.Instant // since when that row was seen to be the oldest
	keys      []string       // of the oldest pending rows, at the last reading that had them
	passed    int64          // rows behind the head that were published since headSince, at least
	slot      slotTrack
}

func (t *outboxTrack) observe(o *signal.Outbox, at signal.Instant, interval time.Duration) {
	rebase := t.at.Known() && blind(t.at, at, interval)
	t.at = at
	if o.LogReader != nil {
		t.slot.observe(o.LogReader, at, rebase)
		return
	}
	switch {
	case o.Pending == 0:
		t.headKey, t.headSince, t.keys, t.passed = "", 0, nil, 0
	case o.HeadKey == "" || !o.Oldest.Known():
		// The oldest row was not read: it neither moved nor stood still.
	case o.HeadKey != t.headKey || !t.headSince.Known() || rebase:
		t.headKey, t.headSince, t.keys, t.passed = o.HeadKey, at, o.Keys, 0
	default:
		t.passed += gone(t.keys, o)
		t.keys = o.Keys
	}
}

// gone counts the rows behind the head that are pending no more: those that were
// before one that still is, and all where there is nothing behind the keys that were
// read. Of the others a row that was committed late may have taken the place.
func gone(before []string, o *signal.Outbox) (n int64) {
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

func judgeOutboxStalled(v *view) []Case {
	var cases []Case
	for i := range v.report.Outboxes {
		o := &v.report.Outboxes[i]
		t := v.history.outboxes[o.Name]
		if o.LogReader != nil {
			if c, ok := slotCase(o, &t.slot, v.at); ok {
				cases = append(cases, c)
			}
			continue
		}
		if o.Pending == 0 || o.MaxAge <= 0 || !o.Oldest.Known() {
			continue
		}
		if o.Oldest.At(v.at) < o.MaxAge || v.at.Sub(t.headSince) < o.MaxAge {
			continue
		}
		count := max(int64(o.Pending), int64(len(o.Sample)))
		pending := fmt.Sprint(count)
		if o.PendingCapped || !o.Pending.Known() {
			pending = "at least " + pending
		}
		c := Case{
			Subject:  signal.Subject{Database: o.Database, Outbox: o.Name},
			Severity: signal.Critical, Count: count, Orders: o.Sample,
			Since: o.Oldest.Since, DecidableAt: max(o.Oldest.Since, t.headSince).Add(o.MaxAge),
			Evidence: signal.Evidence{
				{Name: "pending_events", Value: pending},
				{Name: "oldest_pending_age", Value: inWords(o.Oldest.At(v.at))},
				{Name: "oldest_row", Value: o.Table + " " + o.HeadKey},
				{Name: "not_passed_for", Value: inWords(v.at.Sub(t.headSince))},
				{Name: "max_age", Value: inWords(o.MaxAge)},
			},
		}
		c.Evidence = append(c.Evidence, t.cause(o)...)
		if t.passed > 0 {
			c.Orders = slices.DeleteFunc(slices.Clone(c.Orders), func(r signal.OrderRef) bool {
				return r.Since.Known() && v.at.Sub(r.Since) < o.MaxAge // the relay will come to it
			})
		}
		if o.Failed > 0 {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "failed_rows", Value: fmt.Sprint(o.Failed)})
		}
		if o.Retried > 0 {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "retried_rows", Value: fmt.Sprint(o.Retried)})
		}
		cases = append(cases, c)
	}
	return cases
}

// cause tells a relay that is dead from one that goes on behind a row that it cannot
// publish.
func (t *outboxTrack) cause(o *signal.Outbox) signal.Evidence {
	switch {
	case t.passed > 0:
		return signal.Evidence{
			{Name: "cause", Value: "poison row: the relay cannot publish the oldest, and publishes rows behind it"},
			{Name: "published_behind_it", Value: fmt.Sprintf("at least %d", t.passed)},
		}
	case len(o.Keys) > 1:
		return signal.Evidence{{Name: "cause", Value: "no row behind the oldest was seen to be published: the relay is dead, or waits for the oldest"}}
	}
	return nil
}
