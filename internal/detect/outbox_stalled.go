package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// outboxStalled: the oldest pending row is older than it may be, and has been the
// oldest for that long too. A relay that works off a backlog gets past one row
// after the other; one that is dead, or stuck on a row, does not.
var outboxStalled = Decision{
	Mode:   signal.OutboxStalled,
	Means:  "Events wait in the outbox and the relay does not get past the oldest.",
	Benign: "A bulk import or an outage of the broker that the relay works off row by row, an idle outbox.",
	judge:  judgeOutboxStalled,
}

// outboxTrack is what is remembered of one outbox.
type outboxTrack struct {
	at        signal.Instant
	headKey   string
	headSince signal.Instant // since when that row was seen to be the oldest
}

func (t *outboxTrack) observe(o *signal.Outbox, at signal.Instant, interval time.Duration) {
	rebase := t.at.Known() && blind(t.at, at, interval)
	t.at = at
	switch {
	case o.Pending == 0:
		t.headKey, t.headSince = "", 0
	case o.HeadKey == "" || !o.Oldest.Known():
		// The oldest row was not read: it neither moved nor stood still.
	case o.HeadKey != t.headKey || !t.headSince.Known() || rebase:
		t.headKey, t.headSince = o.HeadKey, at
	}
}

func judgeOutboxStalled(v *view) []Case {
	var cases []Case
	for i := range v.report.Outboxes {
		o := &v.report.Outboxes[i]
		t := v.history.outboxes[o.Name]
		if o.Pending == 0 || o.MaxAge <= 0 || !o.Oldest.Known() {
			continue
		}
		if o.Oldest.At(v.at) < o.MaxAge || v.at.Sub(t.headSince) < o.MaxAge {
			continue
		}
		count := max(int64(o.Pending), int64(len(o.Waiting)))
		pending := fmt.Sprint(count)
		if o.PendingCapped || !o.Pending.Known() {
			pending = "at least " + pending
		}
		c := Case{
			Subject:  signal.Subject{Database: o.Database, Outbox: o.Name},
			Severity: signal.Critical, Count: count, Orders: o.Waiting,
			Since: o.Oldest.Since, DecidableAt: max(o.Oldest.Since, t.headSince).Add(o.MaxAge),
			Evidence: signal.Evidence{
				{Name: "pending_events", Value: pending},
				{Name: "oldest_pending_age", Value: inWords(o.Oldest.At(v.at))},
				{Name: "oldest_row", Value: o.Table + " " + o.HeadKey},
				{Name: "not_passed_for", Value: inWords(v.at.Sub(t.headSince))},
				{Name: "max_age", Value: inWords(o.MaxAge)},
			},
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
