package detect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// broker is a cluster that counts what it drops for all its queues together.
type broker struct {
	System  signal.System
	Cluster string
}

// brokerMemory is what message_lost remembers of the losses that a cluster counts.
type brokerMemory struct {
	Broker   broker
	At       signal.Instant                     // of the last reading
	Counters map[string]map[string]signal.Count // by node, and by reason and type of queue
	Pending  []brokerLost                       // not assigned to a queue yet
	Lost     map[LossReason]*lossCount
	Since    signal.Instant // when the present episode began
	Nodes    []string       // of the present episode
	Possible []string       // queues that may have lost them
}

// brokerLost is messages that a broker counted as dropped.
type brokerLost struct {
	Node     string
	Reason   LossReason
	Messages int64
	At       signal.Instant
	// QueueType is the type of the queues that it was lost from; empty: any.
	QueueType string
}

// brokerPresence says whether the reading has the loss counters of a broker.
func brokerPresence(v *view, s signal.Subject) presence {
	for i := range v.report.Losses {
		if l := &v.report.Losses[i]; l.System == s.System && l.Cluster == s.Cluster && l.Messages.Known() {
			return present
		}
	}
	if b := v.memory.brokers[broker{s.System, s.Cluster}]; b != nil {
		return unread
	}
	return gone
}

// observe takes a counter. A counter that is seen for the first time does not show since
// when it counts. One that restarted with its node, or fell, is new as a whole.
func (b *brokerMemory) observe(l *signal.BrokerLoss, at signal.Instant, restarted bool) {
	if !l.Messages.Known() {
		return
	}
	key := l.Reason + "/" + l.QueueType
	before, known := b.Counters[l.Node][key]
	if b.Counters[l.Node] == nil {
		b.Counters[l.Node] = map[string]signal.Count{}
	}
	b.Counters[l.Node][key] = l.Messages
	reason := LossReason(l.Reason)
	if b.Lost[reason] == nil {
		b.Lost[reason] = &lossCount{}
	}
	if !known {
		return
	}
	if restarted || l.Messages < before {
		before = 0
	}
	if n := int64(l.Messages - before); n > 0 {
		b.Pending = append(b.Pending, brokerLost{Node: l.Node, Reason: reason, Messages: n, At: at, QueueType: l.QueueType})
	}
}

// restarted reports whether a node has been running for less time than has passed since the
// last reading. Both are durations: a clock that is set shifts neither much.
func (b *brokerMemory) restarted(l *signal.BrokerLoss, at signal.Instant, took time.Duration) bool {
	return b.At.Known() && b.Counters[l.Node] != nil && l.Uptime > 0 && l.Uptime+took < at.Sub(b.At)
}

// observeBrokerLosses takes what brokers count as dropped, and assigns it to queues. The
// counts of queues are a little older than those of the nodes: the next readings are
// searched as well.
func observeBrokerLosses(v *view) {
	r := v.report
	for i := range r.Losses {
		l := &r.Losses[i]
		key := broker{l.System, l.Cluster}
		b := v.memory.brokers[key]
		if b == nil {
			b = &brokerMemory{Broker: key, Counters: map[string]map[string]signal.Count{}, Lost: map[LossReason]*lossCount{}}
			v.memory.brokers[key] = b
		}
		restarted := b.restarted(l, v.at, r.Duration)
		if restarted {
			v.memory.outdate(Outdated{Cause: Restarted, Cluster: l.Cluster, Name: l.Node})
		}
		b.observe(l, v.at, restarted)
	}
	for i := range r.Losses {
		v.memory.brokers[broker{r.Losses[i].System, r.Losses[i].Cluster}].At = v.at
	}
	for key, b := range v.memory.brokers {
		// A queue that loses messages for a reason that few queues have is found first: any
		// queue may reject.
		slices.SortStableFunc(b.Pending, func(a, c brokerLost) int {
			return cmp.Compare(slices.Index(vague, a.Reason), slices.Index(vague, c.Reason))
		})
		late := max(r.Interval+r.Duration, counterDelay(r, key))
		for i := range b.Pending {
			l := &b.Pending[i]
			l.Messages -= b.assign(v, *l)
			if l.Messages > 0 && v.at.Sub(l.At) >= 2*late {
				b.lose(*l)
				l.Messages = 0
			}
		}
		b.Pending = slices.DeleteFunc(b.Pending, func(l brokerLost) bool { return l.Messages == 0 })
	}
}

// counterDelay returns how far the counters of the queues of a broker may lag behind the
// counters of its nodes.
func counterDelay(r *signal.Report, key broker) (most time.Duration) {
	for i := range r.Queues {
		if q := &r.Queues[i]; q.System == key.System && q.Cluster == key.Cluster {
			most = max(most, q.CounterDelay)
		}
	}
	return most
}

// assign finds the queues that a loss was in, by what is missing from them, and returns
// how much of it was assigned.
func (b *brokerMemory) assign(v *view, l brokerLost) (assigned int64) {
	var candidates []*losses
	var names []string
	short := int64(0)
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		if q.System != b.Broker.System || q.Cluster != b.Broker.Cluster || !mayDrop(q, &l) {
			continue
		}
		if t := &v.memory.queues[q.QueueID].Losses; t.shortBy() > 0 {
			candidates, names = append(candidates, t), append(names, q.Destination)
			short += t.shortBy()
		}
	}
	if len(candidates) > 1 && float64(short) > float64(l.Messages)*(1+uncertain) {
		b.Possible = names // an operator purged one of them, or they are too busy for an exact count
		return 0
	}
	// The counts of queues are read more often than those of nodes, so that a little more may
	// be missing than the node counted: each queue has its share.
	for i, t := range candidates {
		missing := t.shortBy()
		n := min(missing, l.Messages-assigned)
		if short > l.Messages && i < len(candidates)-1 {
			n = missing * l.Messages / short
		}
		t.loseCounted(l.Reason, n, l.At)
		t.explain(n, l.At)
		assigned += n
	}
	return assigned
}

// uncertain is by which share more messages may be missing from queues than their node
// counted as dropped, because the two are counted at different moments.
const uncertain = 0.25

// vague are the reasons that any queue of a type may lose messages for, the last decided.
var vague = []LossReason{"rejected"}

// mayDrop reports whether the setup of a queue lets it drop messages for a reason.
func mayDrop(q *signal.Queue, l *brokerLost) bool {
	if q.Setup == nil || passesOn(q) || l.QueueType != "" && q.Setup.Type != l.QueueType {
		return false
	}
	switch l.Reason {
	case "expired":
		return q.Setup.Retention > 0
	case "maxlen":
		return q.Setup.MaxMessages.Known() || q.Setup.MaxBytes.Known()
	case "delivery_limit":
		return q.Setup.MaxDeliveries.Known()
	case "rejected":
		return true
	}
	return false // an unroutable message reaches no queue
}

// lose records a loss whose queue is unknown.
func (b *brokerMemory) lose(l brokerLost) {
	last := signal.Instant(0)
	for _, c := range b.Lost {
		last = max(last, c.Last)
	}
	if !last.Known() || l.At.Sub(last) > lossHold {
		for _, c := range b.Lost {
			c.Episode = 0
		}
		b.Since, b.Nodes = l.At, nil
	}
	b.Lost[l.Reason].add(l.Messages, l.At)
	b.Nodes = appendNew(b.Nodes, l.Node)
}

// lostFrom returns what the broker says that messages were lost from, for the reasons of a
// finding.
func (b *brokerMemory) lostFrom(v *view, reasons []LossReason) string {
	for i := range v.report.Losses {
		l := &v.report.Losses[i]
		if l.From != "" && l.System == b.Broker.System && l.Cluster == b.Broker.Cluster && slices.Contains(reasons, LossReason(l.Reason)) {
			return l.From
		}
	}
	return ""
}

// loseCounted records a loss whose number alone is known.
func (t *losses) loseCounted(reason LossReason, messages int64, at signal.Instant) {
	if messages <= 0 {
		return
	}
	if t.Counted == nil {
		t.Counted = map[LossReason]*lossCount{}
	}
	if t.Counted[reason] == nil {
		t.Counted[reason] = &lossCount{}
	}
	c := t.Counted[reason]
	if c.Last.Known() && at.Sub(c.Last) > lossHold {
		c.Episode = 0
	}
	if c.Episode == 0 {
		c.First = at
	}
	c.add(messages, at)
}

// heldReasons returns the reasons of the losses that are still reported, with their
// numbers, and the sum.
func heldReasons(lost map[LossReason]*lossCount, at signal.Instant) (reasons []LossReason, texts []string, sum int64) {
	for _, reason := range slices.Sorted(maps.Keys(lost)) {
		if one := lost[reason]; one.held(at) {
			sum += one.Episode
			reasons = append(reasons, reason)
			texts = append(texts, fmt.Sprintf("%s (%d)", reason, one.Episode))
		}
	}
	return reasons, texts, sum
}

// lostByCount is the case of losses of a queue whose number alone is known.
func (t *losses) lostByCount(v *view, q *signal.Queue) (Case, bool) {
	reasons, texts, sum := heldReasons(t.Counted, v.at)
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: sum}
	for _, reason := range reasons {
		c.Since = earlier(c.Since, t.Counted[reason].First)
	}
	c.DecidableAt = c.Since
	c.Evidence = signal.Evidence{signal.CountFact("lost_messages", sum)}
	how := "the node counted dropped messages, and the same number is missing from this queue: published, neither acknowledged nor in the queue"
	if q.Semantics.Get().RetentionShowsInDepth {
		how = "the oldest message reached the retention; since then more messages arrived than were deleted and are in the queue"
		if wide := t.Retained.uncertain(); wide > 0 {
			c.Evidence = signal.Evidence{
				signal.CountFact("lost_messages", sum).With(signal.AtLeast),
				signal.CountFact("lost_messages_at_most", sum+wide),
			}
		}
	}
	c.Summary = fmt.Sprintf("The queue dropped %s that no consumer had processed: %s.", messages(sum), strings.Join(texts, ", "))
	c.Evidence = append(c.Evidence,
		signal.ListFact("reason", texts...),
		signal.TextFact("how_we_know", how),
	)
	return c, sum > 0
}

// lostSomewhere is the case of losses whose queue is unknown. A publisher that asked to
// have unroutable messages returned may have handled them.
func (b *brokerMemory) lostSomewhere(v *view, key broker) (Case, bool) {
	reasons, texts, sum := heldReasons(b.Lost, v.at)
	c := Case{
		Subject: signal.Subject{System: key.System, Cluster: key.Cluster}, Severity: signal.Warning,
		Since: b.Since, DecidableAt: b.Since, Count: sum,
	}
	if slices.ContainsFunc(reasons, func(r LossReason) bool { return r != unroutableReturned }) {
		c.Severity = signal.Critical
	}
	c.Summary = fmt.Sprintf("The broker dropped %s and does not report from which queue: %s.", messages(sum), strings.Join(texts, ", "))
	c.Evidence = signal.Evidence{
		signal.CountFact("lost_messages", sum),
		signal.ListFact("reason", texts...),
		signal.ListFact("nodes", b.Nodes...),
		signal.TextFact("how_we_know", "the node counts messages that it dropped, for all its queues together"),
	}
	if slices.Contains(reasons, unroutableReturned) {
		c.Evidence = append(c.Evidence, signal.TextFact("returned",
			"the broker returned these to a publisher that had asked for it (mandatory); they are lost only if it does not handle them"))
	}
	if from := b.lostFrom(v, reasons); from != "" {
		c.Evidence = append(c.Evidence, signal.TextFact("lost_from", from))
		c.Summary = strings.TrimSuffix(c.Summary, ".") + "; " + from + "."
	}
	if len(b.Possible) > 0 {
		c.Evidence = append(c.Evidence, signal.ListFact("possible_queues", b.Possible[:min(len(b.Possible), maxListed)]...))
	}
	return c, sum > 0
}
