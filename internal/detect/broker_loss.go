package detect

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// broker is a cluster that counts what it drops for all its queues together.
type broker struct {
	system  signal.System
	cluster string
}

// nodeCounter names one counter of one node.
type nodeCounter struct{ node, reason string }

// brokerTrack is what is remembered of the losses that a cluster counts.
type brokerTrack struct {
	counters map[nodeCounter]signal.Count
	pending  []brokerLost // not yet said of which queue
	lost     map[LossReason]*lossCount
	since    signal.Instant // when the present episode began
	nodes    []string       // of the present episode
	possible []string       // queues in which they may have been
}

// brokerLost is messages that a broker counted as dropped.
type brokerLost struct {
	node     string
	reason   LossReason
	messages int64
	at       signal.Instant
}

// observe takes in the counters. One that is seen for the first time says nothing of
// since when; one that fell began again with its node, and all of it is new.
func (b *brokerTrack) observe(l *signal.BrokerLoss, at signal.Instant) {
	key := nodeCounter{l.Node, l.Reason}
	before, known := b.counters[key]
	if !l.Messages.Known() {
		return
	}
	b.counters[key] = l.Messages
	reason := LossReason(l.Reason)
	if b.lost[reason] == nil {
		b.lost[reason] = &lossCount{}
	}
	if !known {
		return
	}
	if l.Messages < before {
		before = 0
	}
	if n := int64(l.Messages - before); n > 0 {
		b.pending = append(b.pending, brokerLost{l.Node, reason, n, at})
	}
}

// observeBrokers takes in what brokers count as dropped, and looks for the queues in
// which it was. The counts of queues are a little older than those of the nodes: it
// is looked for in the next readings, too.
func (h *history) observeBrokers(r *signal.Report, at signal.Instant) {
	for i := range r.Losses {
		l := &r.Losses[i]
		key := broker{l.System, l.Cluster}
		b := h.brokers[key]
		if b == nil {
			b = &brokerTrack{counters: map[nodeCounter]signal.Count{}, lost: map[LossReason]*lossCount{}}
			h.brokers[key] = b
		}
		b.observe(l, at)
	}
	for key, b := range h.brokers {
		late := max(r.Interval+r.Duration, behind(r, key))
		for i := range b.pending {
			l := &b.pending[i]
			l.messages -= h.findQueues(r, key, b, *l)
			if l.messages > 0 && at.Sub(l.at) >= 2*late {
				b.lose(*l)
				l.messages = 0
			}
		}
		b.pending = slices.DeleteFunc(b.pending, func(l brokerLost) bool { return l.messages == 0 })
	}
}

// behind returns how far what the queues of a broker count may lie behind what its
// nodes count.
func behind(r *signal.Report, key broker) (most time.Duration) {
	for i := range r.Queues {
		if q := &r.Queues[i]; q.System == key.system && q.Cluster == key.cluster {
			most = max(most, q.CounterDelay)
		}
	}
	return most
}

// findQueues says of which queues a loss was, where what is short in them tells, and
// returns how much of it was told.
func (h *history) findQueues(r *signal.Report, key broker, b *brokerTrack, l brokerLost) (told int64) {
	var candidates []*queueTrack
	var names []string
	short := int64(0)
	for i := range r.Queues {
		q := &r.Queues[i]
		if q.System != key.system || q.Cluster != key.cluster || !mayDrop(q, l.reason) {
			continue
		}
		if t := h.queues[q.QueueID]; t.shortBy() > 0 {
			candidates, names = append(candidates, t), append(names, q.Destination)
			short += t.shortBy()
		}
	}
	if len(candidates) > 1 && short > l.messages {
		b.possible = names // somebody purged one of them, or they are too busy to be counted to the message
		return 0
	}
	for _, t := range candidates {
		n := min(t.shortBy(), l.messages-told)
		t.loseCounted(l.reason, n, l.at)
		t.explain(n, l.at)
		told += n
	}
	return told
}

// mayDrop reports whether a queue is set up so that it may drop messages for a reason.
func mayDrop(q *signal.Queue, reason LossReason) bool {
	if q.Setup == nil || passesOn(q) {
		return false
	}
	switch reason {
	case "expired":
		return q.Setup.Retention > 0
	case "maxlen":
		return q.Setup.MaxMessages.Known() || q.Setup.MaxBytes.Known()
	case "delivery_limit":
		return q.Setup.MaxDeliveries.Known()
	case "rejected":
		return true
	}
	return false // what cannot be routed reaches no queue
}

// lose notes a loss of which the queue is not known.
func (b *brokerTrack) lose(l brokerLost) {
	last := signal.Instant(0)
	for _, c := range b.lost {
		last = max(last, c.last)
	}
	if !last.Known() || l.at.Sub(last) > lossHold {
		for _, c := range b.lost {
			c.episode = 0
		}
		b.since, b.nodes = l.at, nil
	}
	c := b.lost[l.reason]
	c.add(l.messages, l.at)
	if !slices.Contains(b.nodes, l.node) {
		b.nodes = append(b.nodes, l.node)
	}
}

// loseCounted notes a loss that is known by its number only.
func (t *queueTrack) loseCounted(reason LossReason, messages int64, at signal.Instant) {
	if messages <= 0 {
		return
	}
	if t.counted == nil {
		t.counted = map[LossReason]*lossCount{}
	}
	if t.counted[reason] == nil {
		t.counted[reason] = &lossCount{}
	}
	c := t.counted[reason]
	if c.last.Known() && at.Sub(c.last) > lossHold {
		c.episode = 0
	}
	if c.episode == 0 {
		c.first = at
	}
	c.add(messages, at)
}

func (c *lossCount) add(messages int64, at signal.Instant) {
	c.total += messages
	c.episode += messages
	c.last = at
}

// held reports whether the loss is still told.
func (c *lossCount) held(at signal.Instant) bool {
	return c.episode > 0 && at.Sub(c.last) <= lossHold
}

// olderThanKept is messages that went from a queue when its oldest had to go,
// until the counters say whether somebody deleted them.
type olderThanKept struct {
	at       signal.Instant
	messages int64
	deleted  signal.Count // counters while they were still there
	received signal.Count
}

// keptReading is what one reading counted in such a queue.
type keptReading struct {
	depth             int64
	deleted, received signal.Count
}

// keptTrack is what is remembered of a queue that removes what is too old and says
// only later what was deleted.
type keptTrack struct {
	last     [2]keptReading // the latest last; the counts waver
	seen     int
	head     signal.Age
	suspects []olderThanKept
}

// observeKept looks for messages that went because they were too old: the oldest
// reached the age at which they are removed, what waits became less, and nobody
// deleted that much, nor received it so often that it became a dead letter.
func (t *queueTrack) observeKept(q *signal.Queue, at signal.Instant, interval time.Duration, rebase bool) {
	if !q.Semantics.Get().RetentionShowsInDepth || retention(q) == 0 || !q.Ready.Known() {
		return
	}
	if t.kept == nil || rebase {
		t.kept = &keptTrack{}
	}
	k := t.kept
	reading := keptReading{int64(q.Ready.Add(q.InFlight).Add(q.Delayed)), max(0, q.Acknowledged), max(0, q.Received)}
	before, now := k.last[0], max(k.last[1].depth, reading.depth)
	if k.seen >= 2 && now < before.depth && decidable(k.head) && k.head.At(at)+q.CounterDelay/2 >= retention(q) {
		k.suspects = append(k.suspects, olderThanKept{at, before.depth - now, before.deleted, before.received})
	}
	k.last = [2]keptReading{k.last[1], reading}
	k.seen++
	if decidable(q.Oldest) {
		k.head = q.Oldest
	}
	k.suspects = slices.DeleteFunc(k.suspects, func(s olderThanKept) bool {
		if at.Sub(s.at) < q.CounterDelay+interval {
			return false
		}
		lost := s.messages - int64(max(0, q.Acknowledged-s.deleted))
		if q.Setup.MaxDeliveries.Known() {
			lost -= int64(max(0, q.Received-s.received))
		}
		t.loseCounted(Retention, lost, s.at)
		return true
	})
}
