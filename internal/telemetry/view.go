package telemetry

import (
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
	memory "github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// view is a snapshot with the labels of its subjects, each subject once. If two
// targets report the same subject, the one with the later id wins, because a
// duplicate series would fail the whole scrape.
type view struct {
	*watch.Snapshot
	now    time.Time
	labels *labelSet
	memory *memory.Health // nil where nothing survives a restart

	notifications []notify.Health // of each webhook
	ownership     *Ownership      // nil where replicas share nothing
	kafkaRequests map[string]uint64

	queues   subjects[signal.QueueID, queue]
	dlqs     subjects[signal.QueueID, deadLetterQueue]
	outboxes subjects[[2]string, outbox]
	states   subjects[[3]string, state]
	checks   subjects[string, check]
	losses   subjects[lossID, loss]

	alarms       subjects[nodeID, alarm]
	brokerLosses subjects[nodeID, brokerLoss]
	lifecycles   subjects[[2]string, lifecycle]
	findings     subjects[string, finding] // by their ids
	unlisted     int                       // findings that are not among them
	duplicates   int
	show         shown
	duplicate    string // one of them, for the log
}

// A subject is what a target reported, when, and the labels of its series.
type subject struct {
	at     signal.Instant
	labels []*dto.LabelPair
}

type queue struct {
	*signal.Queue
	subject
}

type deadLetterQueue struct {
	*signal.DeadLetterQueue
	subject                  // labels with the source
	id      []*dto.LabelPair // labels without it
}

type outbox struct {
	*signal.Outbox
	subject
}

type state struct {
	*signal.State
	subject
}

type check struct {
	*signal.Reconciliation
	subject
}

type lifecycle struct {
	*signal.Lifecycle
	configured signal.Labels
	subject
}

type loss struct {
	*detect.Loss
	subject
}

type lossID struct {
	signal.QueueID
	reason string
}

// newView indexes a snapshot.
func newView(s *watch.Snapshot, now time.Time, show shown) *view {
	v := &view{Snapshot: s, now: now, labels: newLabelSet(), show: show}
	for i := range s.Targets {
		if r := s.Targets[i].Reading; r != nil {
			v.read(r)
		}
	}
	v.readShared()
	return v
}

// newUnitView indexes readings, for the metrics that are made of nothing else.
func newUnitView(readings []*signal.Report) *view {
	v := &view{Snapshot: &watch.Snapshot{}, labels: newLabelSet()}
	for _, r := range readings {
		v.read(r)
	}
	return v
}

// newSharedView indexes what the shared metrics need of a snapshot.
func newSharedView(s *watch.Snapshot, show shown) *view {
	v := &view{Snapshot: s, labels: newLabelSet(), show: show}
	v.readExpiring()
	v.readShared()
	return v
}

// readShared indexes what is not in the readings.
func (v *view) readShared() {
	v.list(v.Open, v.show)
	for i := range v.Counters.Lost {
		l := &v.Counters.Lost[i]
		id := lossID{validID(l.QueueID), valid(string(l.Reason))}
		v.losses.put(id, loss{l, subject{labels: append(v.queue(id.QueueID), v.labels.of(label{labelReason, id.reason})...)}})
	}
}

// readExpiring indexes the queues whose messages are at risk.
func (v *view) readExpiring() {
	if len(v.Expiries) == 0 {
		return
	}
	expire := make(map[signal.QueueID]bool, len(v.Expiries))
	for _, threat := range v.Expiries {
		expire[validID(threat.QueueID)] = true
	}
	for i := range v.Targets {
		r := v.Targets[i].Reading
		if r == nil {
			continue
		}
		for j := range r.Queues {
			if id := validID(r.Queues[j].QueueID); expire[id] {
				v.queues.put(id, queue{&r.Queues[j], subject{labels: v.queue(id)}})
			}
		}
		for j := range r.DeadLetters {
			q := &r.DeadLetters[j]
			if id := validID(signal.QueueID{System: q.System, Cluster: q.Cluster, Destination: q.Destination}); expire[id] {
				v.dlqs.put(id, deadLetterQueue{q, subject{}, v.queue(id)})
			}
		}
	}
}

func (v *view) read(r *signal.Report) {
	at := signal.InstantOf(r.At)
	for i := range r.Queues {
		q := &r.Queues[i]
		id := validID(q.QueueID)
		if v.queues.put(id, queue{q, subject{at, v.queue(id)}}) {
			v.twice("queue", string(id.System), id.Cluster, id.Destination, id.Group)
		}
	}
	for i := range r.DeadLetters {
		q := &r.DeadLetters[i]
		id := validID(signal.QueueID{System: q.System, Cluster: q.Cluster, Destination: q.Destination})
		labels := v.queue(id)
		if v.dlqs.put(id, deadLetterQueue{q, subject{at, append(labels, v.source(q.Sources)...)}, labels}) {
			v.twice("dead letter queue", string(id.System), id.Cluster, id.Destination)
		}
	}
	v.readBrokers(r, at)
	for i := range r.Outboxes {
		o := &r.Outboxes[i]
		id := [2]string{valid(o.Database), valid(o.Name)}
		if v.outboxes.put(id, outbox{o, subject{at, v.labels.of(label{labelDatabase, id[0]}, label{labelOutbox, id[1]})}}) {
			v.twice("outbox", id[:]...)
		}
	}
	for i := range r.Lifecycles {
		l := &r.Lifecycles[i]
		v.lifecycles.put([2]string{valid(l.Database), valid(l.Name)}, lifecycle{l, r.Labels, subject{at, v.labels.of(label{labelDatabase, valid(l.Database)}, label{labelLifecycle, valid(l.Name)})}})
		for j := range l.States {
			id := [3]string{valid(l.Database), valid(l.Name), valid(l.States[j].Name)}
			labels := v.labels.of(label{labelDatabase, id[0]}, label{labelLifecycle, id[1]}, label{labelOrderState, id[2]})
			if v.states.put(id, state{&l.States[j], subject{at, labels}}) {
				v.twice("state", id[:]...)
			}
		}
	}
	for i := range r.Reconciliations {
		c := &r.Reconciliations[i]
		id := valid(c.Name)
		if v.checks.put(id, check{c, subject{at, v.labels.of(label{labelCheck, id})}}) {
			v.twice("check", id)
		}
	}
}

func (v *view) twice(kind string, names ...string) {
	v.duplicates++
	v.duplicate = kind + " " + strings.Join(names, "/")
}

// queue returns the labels of a queue, with room for one more.
func (v *view) queue(id signal.QueueID) []*dto.LabelPair {
	return v.labels.of(label{labelSystem, string(id.System)}, label{labelCluster, id.Cluster},
		label{labelDestination, id.Destination}, label{labelGroup, id.Group}, label{})
}

func validID(id signal.QueueID) signal.QueueID {
	return signal.QueueID{
		System: signal.System(valid(string(id.System))), Cluster: valid(id.Cluster),
		Destination: valid(id.Destination), Group: valid(id.Group),
	}
}

// subjects keeps things in the order in which they came first, each once.
type subjects[K comparable, V any] struct {
	all   []V
	index map[K]int
}

// put adds a thing, or replaces the one of the same key and says so.
func (s *subjects[K, V]) put(key K, value V) (replaced bool) {
	if i, ok := s.index[key]; ok {
		s.all[i] = value
		return true
	}
	if s.index == nil {
		s.index = map[K]int{}
	}
	s.index[key] = len(s.all)
	s.all = append(s.all, value)
	return false
}
