package detect_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

// TestDetectorThatCrashesEqualsOneThatNeverDid is a model: random readings of a shop that
// breaks and heals, with crashes between them. The detector under test continues from what
// it had written. The model is the same detector without a crash, which was blind for as
// long as the other was down.
//
// Both find, count and close the same, but for what the gap makes undecidable: a restored
// finding that the first reading after a gap no longer shows closes at once, where the model
// waits for a second reading.
//
// A check has about 10 crashes; make crash-test makes ten thousand.
func TestDetectorThatCrashesEqualsOneThatNeverDid(t *testing.T) {
	crashes, modes := 0, map[signal.Mode]int{}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld()
		model, tested := newTwin(detect.New()), newTwin(detect.New())
		for range rapid.IntRange(10, 60).Draw(r, "readings") {
			gap := false
			switch rapid.IntRange(0, 5).Draw(r, "crash") {
			case 0: // killed and started again within an interval
				tested = tested.restart(r)
				crashes++
			case 1:
				tested = tested.restart(r)
				crashes++
				gap = rapid.Bool().Draw(r, "long")
				if gap {
					for range rapid.IntRange(4, 40).Draw(r, "missed readings") {
						w.change(r)
					}
				}
			}
			w.change(r)
			for _, report := range w.readings() {
				a, b := model.observe(report), tested.observe(report)
				tested.compare(r, model, a, b, gap)
				for _, c := range a {
					modes[c.Finding.Mode]++
				}
			}
		}
	})
	t.Logf("%d crashes; findings that opened or closed: %v", crashes, modes)
	if crashes < 500 || len(modes) < 8 {
		t.Errorf("only %d crashes and %d modes", crashes, len(modes))
	}
}

// twin is a detector, and the findings that it closed before the other.
type twin struct {
	*detect.Detector
	early map[string]bool
}

func newTwin(d *detect.Detector) twin { return twin{d, map[string]bool{}} }

// restart is a detector that knows what the other had written.
func (d twin) restart(r *rapid.T) twin {
	after := detect.New()
	after.RestoreFindings(d.OpenFindings())
	for _, id := range d.Targets() {
		m, _ := d.Snapshot(id)
		parts := map[string][]byte{}
		if err := m.Parts(func(key string, body []byte) { parts[key] = slices.Clone(body) }); err != nil {
			r.Fatal(err)
		}
		read, err := detect.MemoryOf(parts)
		if err != nil {
			r.Fatal(err)
		}
		if err := after.Restore(read); err != nil {
			r.Fatal(err)
		}
	}
	return twin{after, d.early}
}

func (d twin) observe(report signal.Report) []detect.Change {
	changes := d.Observe(&report)
	d.Confirm(report.TargetID, signal.InstantOf(report.At))
	return changes
}

// compare fails where the two differ by more than the gap makes undecidable.
func (d twin) compare(r *rapid.T, model twin, a, b []detect.Change, gap bool) {
	compare(r, model, a, observed{d.Open(), d.Expiries(), b, d.early}, gap)
}

// observed is what a detector under test shows after a reading, and the findings that it closed
// before the model.
type observed struct {
	open     []signal.Finding
	expiries []detect.Expiry
	changes  []detect.Change
	early    map[string]bool
}

// compare compares it with the model, whose changes are those by the same reading.
func compare(r *rapid.T, model twin, changed []detect.Change, d observed, gap bool) {
	open := map[string]signal.Finding{}
	for _, f := range d.open {
		f.Unconfirmed = false
		open[f.ID] = f
	}
	for _, f := range model.Open() {
		same, isOpen := open[f.ID]
		switch {
		case !isOpen && (gap && closes(d.changes, f.ID) || d.early[f.ID]):
			d.early[f.ID] = true
		case !isOpen:
			r.Fatalf("not open: %s\nthe model changed %s\nthe other %s", summary(&f), changes(changed), changes(d.changes))
		case d.early[f.ID]: // it failed again before the model closed it
		case !equal(&same, &f):
			r.Fatalf("open as\n%sand in the model\n%s", summary(&same), summary(&f))
		}
		delete(open, f.ID)
	}
	for id, f := range open {
		if !d.early[id] {
			r.Fatalf("false finding: %s", summary(&f))
		}
	}
	for _, c := range changed {
		if c.Kind == detect.Closed && !slices.ContainsFunc(d.open, func(f signal.Finding) bool { return f.ID == c.Finding.ID }) {
			delete(d.early, c.Finding.ID)
		}
	}
	if x, y := d.expiries, model.Expiries(); len(x)+len(y) > 0 && fmt.Sprint(x) != fmt.Sprint(y) {
		r.Fatalf("expires %v, and in the model %v", x, y)
	}
}

// equal compares findings field by field, which is much faster than as texts.
func equal(a, b *signal.Finding) bool {
	return reflect.DeepEqual(a, b) || summary(a) == summary(b)
}

func closes(all []detect.Change, id string) bool {
	return slices.ContainsFunc(all, func(c detect.Change) bool { return c.Kind == detect.Closed && c.Finding.ID == id })
}

func summary(f *signal.Finding) string { return summaries([]signal.Finding{*f}) }

func changes(all []detect.Change) (text string) {
	for i := range all {
		text += string(all[i].Kind) + " " + summary(&all[i].Finding)
	}
	return text
}

var errPart = errors.New("a part was not read")

// world is a shop: a log with two partitions, queues with counters, a dead letter queue, an
// outbox with a slot, orders and a check.
type world struct {
	now                           time.Time
	start, end, committed         [2]int64
	members                       signal.Count
	ready, published, acked, lost int64 // of a queue
	consumers                     signal.Count
	exists                        bool // the other queue
	dead, died                    signal.Count
	pending                       signal.Count
	written, confirmed            int64
	dropped                       bool
	overdue, unknown              signal.Count
	missing                       int
	failing                       bool
	since                         time.Time // of what is wrong with orders
}

func newWorld() *world {
	begin := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	return &world{now: begin, since: begin, members: 1, consumers: 1, exists: true, written: 1000, confirmed: 1000}
}

// change lets an interval pass, in which a few things happen.
func (w *world) change(r *rapid.T) {
	w.now = w.now.Add(interval)
	w.failing = false
	for range rapid.IntRange(0, 4).Draw(r, "changes") {
		p := rapid.IntRange(0, 1).Draw(r, "partition")
		n := int64(rapid.IntRange(0, 30).Draw(r, "messages"))
		switch rapid.IntRange(0, 19).Draw(r, "what") {
		case 0:
			w.end[p] += n
		case 1:
			w.committed[p] = min(w.end[p], max(w.committed[p], w.start[p])+n)
		case 2:
			w.start[p] = min(w.end[p], w.start[p]+n) // retention
		case 3:
			w.members = signal.Count(n % 3)
		case 4: // the topic is made again
			w.start[p], w.end[p], w.committed[p] = 0, n, 0
		case 5:
			w.ready, w.published = w.ready+n, w.published+n
		case 6:
			n = min(n, w.ready)
			w.ready, w.acked = w.ready-n, w.acked+n
		case 7: // messages are dropped, and the node counts them
			n = min(n, w.ready)
			w.ready, w.lost = w.ready-n, w.lost+n
		case 8: // the broker restarts
			w.published, w.acked, w.lost = 0, 0, 0
		case 9:
			w.consumers = signal.Count(n % 2)
		case 10:
			w.exists = !w.exists
		case 11:
			w.dead, w.died = w.dead+signal.Count(n), w.died+signal.Count(n)
		case 12:
			w.dead = 0
		case 13:
			w.pending = signal.Count(n)
		case 14:
			w.written += n * perReading
		case 15:
			w.confirmed = w.written
		case 16:
			w.dropped = !w.dropped
		case 17:
			w.overdue, w.since = signal.Count(n%3), w.now.Add(-time.Hour)
		case 18:
			w.unknown, w.missing = signal.Count(n%2), int(n%3)
		case 19:
			w.failing = true // a part cannot be read
		}
	}
}

// readings are those of all targets at this moment.
func (w *world) readings() []signal.Report {
	p := []signal.Partition{part(w.start[0], w.committed[0], w.end[0]), measured(part(w.start[1], w.committed[1], w.end[1]), w.now.Add(-time.Minute))}
	if w.members == 1 {
		p[1].Assignment = signal.Unassigned
	}
	log := group(w.members, p...)
	log.DeadLetters = deadLetters(w.dead, w.died).DeadLetters

	q := dropping("work", signal.Count(w.published), signal.Count(w.acked), w.ready)
	q.Objective, q.Consumers = objective, w.consumers
	queues := expired(signal.Count(w.lost), q)
	if w.exists {
		queues.Queues = append(queues.Queues, offers(5, expires(time.Hour))(0).Queues...)
	}

	rows := slotted(signal.LogReader{Active: !w.dropped, Dropped: w.dropped, Written: w.written, Confirmed: w.confirmed, Inserted: signal.Unknown})
	rows.Outboxes = append(rows.Outboxes, outbox(w.pending, fmt.Sprint(w.pending), w.since).Outboxes...)
	rows.Outboxes[1].Name = "rows"

	orders := dwell(w.overdue, w.since)
	orders.Lifecycles = append(orders.Lifecycles, inFraudCheck(w.unknown, w.since).Lifecycles...)
	orders.Lifecycles[1].Name = "cart"
	check := checkOf(signal.Effects, mismatched(signal.MissingRight, w.since, []string{"A-1", "A-2"}[:w.missing]...))

	all := []signal.Report{log, queues, rows, orders, check}
	for i, name := range []string{"kafka", "rabbitmq", "outbox", "orders", "reconcile"} {
		all[i].TargetID = signal.TargetID{Collector: name, Target: "main"}
		all[i].Recalled = true
		all[i].At, all[i].Interval, all[i].Duration = w.now, interval, 100*time.Millisecond
		if w.failing {
			all[i].Err = errPart
		}
		signaltest.Behave(&all[i])
	}
	return all
}
