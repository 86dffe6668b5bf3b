package detect_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/signal/signaltest"
)

// incident is a consumer that stands still, and orders that become overdue.
type incident struct {
	waiting, overdue int64
	named, late      []string // ids: those that wait in the queue, and those that are overdue
	stalled, due     time.Duration
	severity         signal.Severity // of the queue; empty: critical
}

func ids(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("A-%d", i))
	}
	return all
}

// observer plays an incident. What it watches is read each interval.
type observer struct {
	*detect.Detector
	begin, now time.Time
	changes    []detect.Change
	unassigned bool // the partition belongs to no member
}

func observe() *observer {
	begin := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	return &observer{Detector: detect.New(), begin: begin, now: begin}
}

func (o *observer) refs(ids []string, ago time.Duration) (all []signal.OrderRef) {
	for _, id := range ids {
		all = append(all, signal.OrderRef{ID: id, Since: signal.InstantOf(o.begin.Add(-ago))})
	}
	return all
}

func (o *observer) queue(in incident) {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
	q.Ready, q.Consumers, q.Objective = signal.Count(in.waiting), 1, objective
	q.Objective.Severity = in.severity
	q.Partitions = []signal.Partition{{ID: 0, Start: 0, End: 1000 + in.waiting, Committed: 1000}}
	if in.waiting > 0 {
		q.Partitions[0].Head = signal.Age{Since: signal.InstantOf(o.begin.Add(-in.stalled)), Bound: signal.Measured}
	}
	if o.unassigned {
		q.Partitions[0].Assignment = signal.Unassigned
	}
	q.PerPartition, q.Sample = true, o.refs(in.named, in.stalled)
	r := signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, At: o.now, Interval: interval, Queues: []signal.Queue{q}}
	signaltest.Behave(&r)
	o.changes = append(o.changes, o.Observe(&r)...)
}

func (o *observer) store(in incident) {
	const allowed = 5 * time.Minute
	r := dwell(signal.Count(in.overdue), o.begin.Add(-in.due-allowed))
	r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "orders", Target: "order"}, o.now, interval
	r.Lifecycles[0].States[0].Sample = o.refs(in.late, in.due+allowed)
	o.changes = append(o.changes, o.Observe(&r)...)
}

func (o *observer) play(in incident, d time.Duration) {
	for end := o.now.Add(d); o.now.Before(end); {
		o.now = o.now.Add(interval)
		o.queue(in)
		o.store(in)
	}
}

// pair returns the two open findings of an incident; nil for one that is not open.
func (o *observer) pair() (cause, symptom *signal.Finding) {
	open := o.Open()
	for i := range open {
		switch open[i].Mode {
		case signal.ConsumerStalled:
			cause = &open[i]
		case signal.OrderOverdue:
			symptom = &open[i]
		}
	}
	return cause, symptom
}

func TestTwoFindingsAboutTheSameOrdersAreOneIncident(t *testing.T) {
	const early, late = 20 * time.Minute, 10 * time.Minute
	for sentence, c := range map[string]struct {
		incident
		explained bool
	}{
		"the same orders":                  {incident{50, 40, ids(0, 10), ids(0, 10), early, late, ""}, true},
		"a part of them":                   {incident{20, 3, ids(0, 20), ids(0, 3), early, late, ""}, true},
		"half of the named ones":           {incident{50, 40, ids(0, 10), ids(5, 15), early, late, ""}, true},
		"several messages about one order": {incident{20, 10, append(ids(0, 10), ids(0, 10)...), ids(0, 10), early, late, ""}, true},
		"both began at the same moment":    {incident{50, 40, ids(0, 10), ids(0, 10), early, early, ""}, true},
		"other orders":                     {incident{50, 40, ids(0, 10), ids(10, 20), early, late, ""}, false},
		"one of many is the same":          {incident{50, 40, ids(0, 10), ids(9, 19), early, late, ""}, false},
		"an overdue order that is not among those that wait, all of which are named": {incident{3, 3, ids(0, 3), ids(1, 4), early, late, ""}, false},
		"more orders are overdue than messages wait":                                 {incident{12, 400, ids(0, 10), ids(0, 10), early, late, ""}, false},
		"the orders were overdue before":                                             {incident{50, 40, ids(0, 10), ids(0, 10), early, 2 * time.Hour, ""}, false},
		"the queue names no order":                                                   {incident{50, 40, nil, ids(0, 10), early, late, ""}, false},
		"the queue matters less than the orders do":                                  {incident{50, 40, ids(0, 10), ids(0, 10), early, late, signal.Warning}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			o := observe()
			o.play(c.incident, 20*time.Minute)
			cause, symptom := o.pair()
			if cause == nil || symptom == nil || len(o.Open()) != 2 {
				t.Fatalf("open %+v", o.Open())
			}
			linked := symptom.CausedBy == cause.ID && slices.Equal(cause.Symptoms, []string{symptom.ID})
			if linked != c.explained || !linked && (symptom.CausedBy != "" || cause.Symptoms != nil) {
				t.Errorf("caused by %q, symptoms %v; want explained %v", symptom.CausedBy, cause.Symptoms, c.explained)
			}
			if cause.CausedBy != "" || symptom.Symptoms != nil {
				t.Errorf("the cause has the cause %q, the symptom the symptoms %v", cause.CausedBy, symptom.Symptoms)
			}
		})
	}
}

// TestPartitionWithoutAMemberExplainsOrdersThatWereOverdueAtTheStart: lostorder starts in the middle of an
// incident. The messages have waited for longer than their orders are overdue.
func TestPartitionWithoutAMemberExplainsOrdersThatWereOverdueAtTheStart(t *testing.T) {
	o := observe()
	in := incident{50, 40, ids(0, 10), ids(0, 10), 20 * time.Minute, 10 * time.Minute, ""}
	o.unassigned = true
	o.play(in, 20*time.Minute)
	for _, f := range o.Open() {
		switch f.Mode {
		case signal.ConsumerAbsent:
			if want := o.begin.Add(-in.stalled); !f.Since.Equal(want) || f.DecidableAt.Before(o.begin) || len(f.Symptoms) != 1 {
				t.Errorf("got %+v, want since %s and a symptom", f, want)
			}
		case signal.OrderOverdue:
			if f.CausedBy == "" {
				t.Errorf("it has no cause: %+v", f)
			}
		default:
			t.Errorf("unexpected: %+v", f)
		}
	}
	if len(o.Open()) != 2 {
		t.Errorf("open %+v", o.Open())
	}
}

// TestSymptomOpensWithItsCause: what is announced is linked already, so that one of the two
// is a notification.
func TestSymptomOpensWithItsCause(t *testing.T) {
	o := observe()
	in := incident{50, 0, ids(0, 10), nil, 20 * time.Minute, 0, ""}
	o.play(in, 10*time.Minute)
	o.begin = o.now
	in.overdue, in.late, in.due, in.stalled = 40, ids(0, 10), 0, 30*time.Minute
	o.play(in, time.Minute)
	last := o.changes[len(o.changes)-1]
	cause, _ := o.pair()
	if last.Kind != detect.Opened || last.Finding.Mode != signal.OrderOverdue || cause == nil || last.Finding.CausedBy != cause.ID {
		t.Errorf("the last change is %+v", last)
	}
}

func TestCauseThatClosesLeavesItsSymptom(t *testing.T) {
	o := observe()
	in := incident{50, 40, ids(0, 10), ids(0, 10), 20 * time.Minute, 10 * time.Minute, ""}
	o.play(in, 20*time.Minute)
	cause, _ := o.pair()
	in.waiting, in.named = 0, nil
	o.play(in, time.Minute)
	gone, symptom := o.pair()
	if gone != nil || symptom == nil || symptom.CausedBy != cause.ID {
		t.Fatalf("a minute after the consumer resumed: cause %+v, symptom %+v; orders are processed one after the other", gone, symptom)
	}
	last := o.changes[len(o.changes)-1]
	if last.Kind != detect.Closed || !slices.Equal(last.Finding.Symptoms, []string{symptom.ID}) {
		t.Errorf("the cause closed as %+v", last)
	}
	o.play(in, objective.MaxAge+3*interval)
	if _, symptom = o.pair(); symptom == nil || symptom.CausedBy != "" {
		t.Errorf("orders that stay overdue when the queue has been empty for long: %+v", symptom)
	}
}

// TestSymptomOfASymptomHasTheFirstCause: an event waits, so it is missing elsewhere, so the
// order is overdue.
func TestSymptomOfASymptomHasTheFirstCause(t *testing.T) {
	at := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
	open := []signal.Finding{
		{ID: "a", Mode: signal.OrderOverdue, OrderIDs: ids(0, 3), Count: 3, Since: at.Add(2 * time.Minute)},
		{ID: "b", Mode: signal.EventMissing, OrderIDs: ids(0, 6), Count: 6, Since: at.Add(time.Minute)},
		{ID: "c", Mode: signal.ConsumerStalled, OrderIDs: ids(3, 10), Count: 70, Since: at},
		{ID: "d", Mode: signal.DLQMissing, OrderIDs: ids(0, 3), Count: 3, Since: at},
	}
	detect.Explain(open)
	if open[0].CausedBy != "c" || open[1].CausedBy != "c" || open[2].CausedBy != "" || !slices.Equal(open[2].Symptoms, []string{"b", "a"}) || open[1].Symptoms != nil {
		t.Errorf("%+v", open)
	}
}

func TestNoModeIsItsOwnSymptom(t *testing.T) {
	for _, mode := range detect.Modes() {
		at := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
		open := []signal.Finding{
			{ID: "a", Mode: mode, OrderIDs: ids(0, 3), Count: 3, Since: at}, {ID: "b", Mode: mode, OrderIDs: ids(0, 3), Count: 3, Since: at},
		}
		if detect.Explain(open); open[0].CausedBy != "" || open[1].CausedBy != "" {
			t.Errorf("%s explains itself", mode)
		}
	}
}
