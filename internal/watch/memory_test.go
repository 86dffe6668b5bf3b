package watch_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

var errDown = errors.New("connection refused")

// keeper counts what a Watch says to it.
type keeper struct {
	changed int
	dropped []watch.Reason
}

func (k *keeper) Changed()               { k.changed++ }
func (k *keeper) Dropped(r watch.Reason) { k.dropped = append(k.dropped, r) }

// life is one run of lostorder.
type life struct {
	*watch.Watch
	keeper    *keeper
	log       strings.Builder
	announced []detect.Change
}

// begin starts a life with what another remembered.
func begin(c *clock, before watch.Memory) *life {
	l := &life{keeper: &keeper{}}
	l.Watch = watch.New(c.time, slog.New(slog.NewTextHandler(&l.log, nil)), func(c detect.Change) { l.announced = append(l.announced, c) })
	l.Restore(before)
	l.Keep(l.keeper)
	return l
}

// end is the memory that a keeper has written.
func (l *life) end() watch.Memory {
	detected := map[signal.TargetID]*detect.Memory{}
	m, announce := l.Remember(true, func(d *detect.Memory) {
		parts := map[string][]byte{}
		if err := d.Parts(func(key string, body []byte) { parts[key] = body }); err != nil {
			panic(err)
		}
		read, err := detect.MemoryOf(parts)
		if err != nil {
			panic(err)
		}
		detected[d.Target] = read
	})
	announce()
	for i := range m.Targets {
		m.Targets[i].Detected = detected[m.Targets[i].ID]
	}
	return m
}

func TestOpenFindingSurvivesARestart(t *testing.T) {
	c := newClock()
	first := begin(c, watch.Memory{})
	first.Report(overdue(c.time()))
	before := first.Snapshot().Open
	if len(before) != 1 || len(first.announced) != 0 || first.keeper.changed == 0 {
		t.Fatalf("open %+v, announced before it is written: %d", before, len(first.announced))
	}
	memory := first.end()
	if len(first.announced) != 1 {
		t.Fatalf("announced %d times once it is written", len(first.announced))
	}

	c.pass(time.Hour)
	second := begin(c, memory)
	open := second.Snapshot().Open
	if len(open) != 1 || open[0].ID != before[0].ID || !open[0].Since.Equal(before[0].Since) || !open[0].Unconfirmed {
		t.Fatalf("restored as %+v, was %+v", open, before)
	}
	second.Report(overdue(c.time().Add(-time.Hour))) // the same order
	open = second.Snapshot().Open
	second.end()
	if len(open) != 1 || open[0].ID != before[0].ID || !open[0].Since.Equal(before[0].Since) || open[0].Unconfirmed {
		t.Errorf("after a reading %+v, was %+v", open, before)
	}
	if len(second.announced) > 0 {
		t.Errorf("announced twice: %+v", second.announced)
	}
}

func TestFindingStaysUnconfirmedWhileItsTargetCannotBeRead(t *testing.T) {
	c := newClock()
	first := begin(c, watch.Memory{})
	first.Report(overdue(c.time()))
	second := begin(c, first.end())
	second.Report(signal.Report{TargetID: orders, At: c.pass(interval), Interval: interval, Err: errDown})
	if open := second.Snapshot().Open; len(open) != 1 || !open[0].Unconfirmed {
		t.Errorf("%+v", open)
	}
}

func TestFindingThatHealedMeanwhileClosesAndIsRemembered(t *testing.T) {
	c := newClock()
	first := begin(c, watch.Memory{})
	first.Report(overdue(c.time()))
	second := begin(c, first.end())
	for range 2 {
		healed := overdue(c.pass(interval))
		healed.Lifecycles[0].States[0].Overdue = 0
		second.Report(healed)
	}
	memory := second.end()
	if len(memory.Open) > 0 || len(memory.Closed) != 1 || len(second.announced) != 1 || second.announced[0].Kind != detect.Closed {
		t.Fatalf("%+v, announced %+v", memory, second.announced)
	}
	third := begin(c, memory)
	third.Report(overdue(c.pass(interval)))
	s := third.Snapshot()
	if len(s.Closed) != 1 || len(s.Open) != 1 || s.Times(&s.Open[0], time.Hour, c.time()) != 2 {
		t.Errorf("open %+v, closed %+v", s.Open, s.Closed)
	}
}

func TestMemoryOfAnotherTargetIsDropped(t *testing.T) {
	c := newClock()
	of := func(identity string) signal.Report {
		r := overdue(c.time())
		r.Identity = identity
		return r
	}
	first := begin(c, watch.Memory{})
	first.Report(of("server-1"))
	second := begin(c, first.end())
	healed := of("server-2")
	healed.Lifecycles[0].States[0].Overdue = 0
	second.Report(healed)
	if open := second.Snapshot().Open; len(open) > 0 || !slices.Equal(second.keeper.dropped, []watch.Reason{watch.DroppedIdentity}) {
		t.Errorf("open %+v, dropped %v", open, second.keeper.dropped)
	}
	if !strings.Contains(second.log.String(), "another target has taken the place of the one that is remembered") {
		t.Errorf("log: %s", second.log.String())
	}
}

func TestIdentityOfATargetThatIsNotReadIsKept(t *testing.T) {
	c := newClock()
	before := watch.Memory{Targets: []watch.TargetMemory{{ID: orders, Identity: "server-1", At: c.time()}}}
	l := begin(c, before)
	l.Report(signal.Report{TargetID: orders, At: c.pass(interval), Interval: interval, Err: errDown})
	if got := l.end().Targets; !slices.Equal(got, before.Targets) {
		t.Errorf("%+v, want %+v", got, before.Targets)
	}
}

func TestHistoryIsBoundedByTimeAndNumber(t *testing.T) {
	c := newClock()
	var old []signal.Finding
	for i := range 1500 {
		old = append(old, signal.Finding{ID: "old", ClosedAt: c.time().Add(-time.Duration(i) * time.Hour)})
	}
	l := begin(c, watch.Memory{Closed: old})
	l.Report(overdue(c.time()))
	l.Forget(orders)
	closed := l.Snapshot().Closed
	if last := closed[len(closed)-1]; len(closed) != 721 || c.time().Sub(last.ClosedAt) >= watch.HistoryFor {
		t.Errorf("%d closed findings, the last of %v", len(closed), last.ClosedAt)
	}
}

// stalled is a reading of a queue whose consumer stands still.
func stalled(at time.Time, committed, end int64) signal.Report {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
	q.Objective = signal.Objective{MaxAge: time.Minute, AbsentAfter: time.Minute}
	q.Consumers, q.Ready = 1, signal.Count(end-committed)
	p := signal.NewPartition(0)
	p.Start, p.End, p.Committed, p.Assignment = 0, end, committed, signal.Assigned
	q.Partitions = []signal.Partition{p}
	return signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Identity: "cluster-1", At: at, Interval: interval, Queues: []signal.Queue{q}}
}

func TestStallContinuesOverADowntime(t *testing.T) {
	for name, tc := range map[string]struct {
		committed int64 // after the downtime
		open      int   // findings after the first reading
		announced int
	}{
		"nothing was committed meanwhile": {committed: 40, open: 1},
		"it healed meanwhile":             {committed: 60, announced: 1},
		"it advanced meanwhile":           {committed: 50, announced: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			first := begin(c, watch.Memory{})
			for range 10 {
				first.Report(stalled(c.pass(interval), 40, 60))
			}
			before := first.Snapshot().Open
			if len(before) != 1 || before[0].Mode != signal.ConsumerStalled {
				t.Fatalf("open %+v", before)
			}
			memory := first.end()
			c.pass(20 * time.Minute)
			second := begin(c, memory)
			second.Report(stalled(c.time(), tc.committed, 60))
			second.end()
			open := second.Snapshot().Open
			if len(open) != tc.open || len(second.announced) != tc.announced {
				t.Fatalf("open %+v, announced %+v", open, second.announced)
			}
			if tc.open > 0 && (open[0].ID != before[0].ID || !open[0].Since.Equal(before[0].Since) || open[0].Unconfirmed) {
				t.Errorf("was %+v, is %+v", before[0], open[0])
			}
		})
	}
}

func TestRetentionThatPassedTheLastCommitDuringADowntimeIsALoss(t *testing.T) {
	c := newClock()
	first := begin(c, watch.Memory{})
	for range 3 {
		first.Report(stalled(c.pass(interval), 40, 60))
	}
	memory := first.end()
	c.pass(20 * time.Minute)
	second := begin(c, memory)
	for range 3 {
		r := stalled(c.pass(interval), 40, 90)
		r.Queues[0].Partitions[0].Start = 55
		second.Report(r)
	}
	second.end()
	for _, change := range second.announced {
		if f := change.Finding; f.Mode == signal.MessageLost && f.Count == 15 {
			return
		}
	}
	t.Errorf("announced %+v", second.announced)
}

func TestScrapeDoesNotWaitForTheMemoryToBeEncoded(t *testing.T) {
	c := newClock()
	l := begin(c, watch.Memory{})
	l.Report(overdue(c.time()))
	asked := make(chan *watch.Snapshot)
	l.Remember(true, func(*detect.Memory) {
		go func() { asked <- l.Snapshot() }()
		if s := <-asked; len(s.Open) != 1 || s.Targets[0].Reading == nil {
			t.Errorf("while it is encoded, a scrape has %+v", s)
		}
		c.pass(4 * interval) // the reading expires meanwhile
		go func() { asked <- l.Snapshot() }()
		if s := <-asked; len(s.Open) != 1 {
			t.Errorf("while it is encoded, a scrape has %+v", s)
		}
	})
	if s := l.Snapshot(); s.Targets[0].Reading != nil {
		t.Error("the expired reading is still shown")
	}
}

// TestMemoryOfWhatIsAnotherNowIsDroppedWithALogLine: for each identity that a part of the memory
// carries.
func TestMemoryOfWhatIsAnotherNowIsDroppedWithALogLine(t *testing.T) {
	topic := func(identity, incarnation string) func(at time.Time) signal.Report {
		return func(at time.Time) signal.Report {
			q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
			q.Incarnation, q.Partitions = incarnation, []signal.Partition{signal.NewPartition(0)}
			other := q
			other.Group = "shipping"
			return signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Identity: identity, At: at, Interval: time.Second, Queues: []signal.Queue{q, other}}
		}
	}
	node := func(uptime time.Duration) func(at time.Time) signal.Report {
		return func(at time.Time) signal.Report {
			q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "orders"})
			loss := signal.BrokerLoss{System: signal.RabbitMQ, Cluster: "main", Node: "rabbit@a", Reason: "expired", Messages: 1, Uptime: uptime}
			return signal.Report{TargetID: signal.TargetID{Collector: "rabbitmq", Target: "main"}, Identity: "main", At: at, Interval: time.Second, Queues: []signal.Queue{q}, Losses: []signal.BrokerLoss{loss}}
		}
	}
	outbox := func(identity string, rewound bool) func(at time.Time) signal.Report {
		return func(at time.Time) signal.Report {
			return signal.Report{TargetID: signal.TargetID{Collector: "outbox", Target: "orders"}, Identity: identity, Rewound: rewound, At: at, Interval: time.Second, Outboxes: []signal.Outbox{{Name: "orders", Pending: 0}}}
		}
	}
	for name, tc := range map[string]struct {
		before, after func(at time.Time) signal.Report
		says          string // in one line of the log
		dropped       int
	}{
		"the same topic":                    {topic("cluster-1", "a"), topic("cluster-1", "a"), "", 0},
		"another Kafka cluster":             {topic("cluster-1", "a"), topic("cluster-2", "a"), `another target has taken the place of the one that is remembered; its memory is dropped" collector=kafka target=main identity_before=cluster-1 identity=cluster-2`, 1},
		"a topic that was made again":       {topic("cluster-1", "a"), topic("cluster-1", "b"), `a topic was deleted and created again; what was remembered of its offsets is dropped" collector=kafka target=main topic=orders`, 1},
		"the same node":                     {node(time.Hour), node(2 * time.Hour), "", 0},
		"a node that restarted":             {node(time.Hour), node(time.Minute), `a node has restarted; what was remembered of its counters is dropped" collector=rabbitmq target=main node=rabbit@a`, 0},
		"the same database":                 {outbox("system 1, database 5", false), outbox("system 1, database 5", false), "", 0},
		"another database server":           {outbox("system 1, database 5", false), outbox("system 2, database 5", false), `another target has taken the place of the one that is remembered; its memory is dropped" collector=outbox target=orders identity_before="system 1, database 5" identity="system 2, database 5"`, 1},
		"a database from a restored backup": {outbox("system 1, database 5", false), outbox("system 1, database 5", true), `a backup was restored or a replica that was behind was promoted; what depends on them is forgotten" collector=outbox target=orders`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			first := begin(c, watch.Memory{})
			first.Report(tc.before(c.time()))
			memory := first.end()
			c.pass(time.Hour)
			second := begin(c, memory)
			second.Report(tc.after(c.time()))
			c.pass(time.Second)
			said := second.log.String()
			if n := strings.Count(said, "dropped") + strings.Count(said, "forgotten"); tc.says == "" && n > 0 || tc.says != "" && (n != 1 || !strings.Contains(said, tc.says)) {
				t.Errorf("log: %s", said)
			}
			if len(second.keeper.dropped) != tc.dropped || tc.dropped > 0 && second.keeper.dropped[0] != watch.DroppedIdentity {
				t.Errorf("dropped %v, want %d", second.keeper.dropped, tc.dropped)
			}
		})
	}
}

// TestTargetThatAReloadRemovesOrRenamesLosesItsMemoryWithALogLine: and its findings close.
func TestTargetThatAReloadRemovesOrRenamesLosesItsMemoryWithALogLine(t *testing.T) {
	c := newClock()
	l := begin(c, watch.Memory{})
	l.Report(overdue(c.time()))
	id := l.Snapshot().Open[0].Target
	l.Forget(id)
	if said := l.log.String(); !strings.Contains(said, `if it was renamed, it starts without memory under its new name" collector=`+id.Collector+" target="+id.Target) || len(l.Snapshot().Open) > 0 {
		t.Errorf("open %+v, log: %s", l.Snapshot().Open, said)
	}
}
