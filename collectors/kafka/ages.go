package kafka

import (
	"errors"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// firstRounds is how many probes a partition may get in the reading in which
	// somebody is first seen to lag; one in each reading after.
	firstRounds = 4
	// probesPerRound bounds how many partitions are asked about at once; the others
	// have their turn in the next reading.
	probesPerRound = 2000
)

// probe is a question about one partition: which is its first message at or after
// a moment?
type probe struct {
	topic     *topic
	partition int32
	asked     signal.Instant
}

// measureAges finds out since when the head of every lagging partition waits.
func (r *reading) measureAges() {
	r.eachHead(func(l *timeline, head int64, _ *signal.Partition) { l.begin(head, r.history.reading) })
	for round := range firstRounds {
		probes := r.probes(round)
		if len(probes) == 0 || r.ctx.Err() != nil {
			break
		}
		r.cluster.each(func(n *node) { r.sendProbes(n, probes[n.id]) })
	}
	for i := range r.queues {
		q := &r.queues[i]
		past := r.topics[q.topic].past
		parts := r.partsOf(q)
		for j := range parts {
			// The ages that were good enough are known from choosing what to ask.
			if p := &parts[j]; p.Lag() > 0 && !p.Head.Known() {
				p.Head, _ = past.parts[p.ID].age(headOf(p), r.now)
			}
		}
	}
	for i := range r.topics {
		if past := r.topics[i].past; past != nil {
			for j := range past.parts {
				past.parts[j].end(r.history.reading)
			}
		}
	}
}

// headOf returns the first offset that waits.
func headOf(p *signal.Partition) int64 { return max(p.Committed, p.Start) }

// eachHead calls do for every head: of lagging readers, whose partition it is, and
// of dead letter queues, which have none.
func (r *reading) eachHead(do func(l *timeline, head int64, p *signal.Partition)) {
	for i := range r.queues {
		q := &r.queues[i]
		past := r.topics[q.topic].past
		for j := q.from; j < q.to; j++ {
			if p := &r.parts[j]; p.Lag() > 0 {
				do(&past.parts[p.ID], headOf(p), p)
			}
		}
	}
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.gone {
			continue
		}
		for p := range t.end {
			if t.start[p] >= 0 && t.end[p] > t.start[p] {
				do(&t.past.parts[p], t.start[p], nil)
			}
		}
	}
}

// begin notes that a reader lags at head.
func (l *timeline) begin(head int64, reading uint64) {
	switch {
	case l.lag == nil:
		l.lag = &lagging{fresh: true, lowest: head}
	case l.lag.reading != reading:
		l.lag.fresh, l.lag.lowest = false, head
	}
	l.lag.reading = reading
	l.lag.lowest = min(l.lag.lowest, head)
	l.lag.wanted = signal.Unknown
}

// end forgets what a partition on which nobody lags any more needed.
func (l *timeline) end(reading uint64) {
	switch {
	case l.lag == nil:
	case l.lag.reading != reading:
		l.lag = nil
	default:
		l.lag.forget()
	}
}

// probes chooses what to ask each broker in a round: for each partition the head
// furthest behind of which too little is known. A request may name a partition
// only once.
func (r *reading) probes(round int) map[int32][]probe {
	r.eachHead(func(l *timeline, head int64, p *signal.Partition) {
		if p != nil && p.Head.Known() {
			return
		}
		lag := l.lag
		if round > 0 && !lag.fresh || lag.mute || lag.head == head && lag.tries >= triesPerHead {
			return
		}
		if lag.wanted >= 0 && lag.wanted <= head {
			return
		}
		switch age, good := l.age(head, r.now); {
		case !good:
			lag.wanted = head
		case p != nil:
			p.Head = age
		}
	})
	count := 0
	asked := map[int32][]probe{}
	for i := range r.topics {
		// Another topic comes first every time, so that all have their turn.
		t := &r.topics[(uint64(i)+r.history.reading)%uint64(len(r.topics))]
		if t.past == nil || t.gone {
			continue
		}
		for p := range t.leaders {
			l := &t.past.parts[p]
			if l.lag == nil || l.lag.wanted < 0 {
				continue
			}
			if count++; count <= probesPerRound {
				leader := t.leaders[p]
				asked[leader] = append(asked[leader], l.probe(t, int32(p)))
			}
			l.lag.wanted = signal.Unknown
		}
	}
	return asked
}

// probe makes the question about the wanted head.
func (l *timeline) probe(t *topic, partition int32) probe {
	if l.lag.head != l.lag.wanted {
		l.lag.head, l.lag.tries = l.lag.wanted, 0
	}
	one := probe{topic: t, partition: partition, asked: l.question(l.lag.head)}
	l.lag.tries++
	return one
}

// sendProbes asks one broker. What it does not answer stays as little known as it
// was.
func (r *reading) sendProbes(n *node, probes []probe) {
	if len(probes) == 0 {
		return
	}
	request := sarama.NewOffsetRequest(r.cluster.conf.Version)
	for _, p := range probes {
		request.AddBlock(p.topic.name, p.partition, int64(p.asked), 1)
	}
	answer, err := ask(r.ctx, n, r.cluster.reading, func(b *sarama.Broker) (*sarama.OffsetResponse, error) {
		return b.GetAvailableOffsets(request)
	})
	if err != nil {
		r.brokerMissing(n, err)
		return
	}
	for _, p := range probes {
		lag := p.topic.past.parts[p.partition].lag
		block := answer.GetBlock(p.topic.name, p.partition)
		switch {
		case block == nil:
		case errors.Is(block.Err, sarama.ErrUnsupportedForMessageFormat), answer.Version == 0:
			lag.mute = true
		case block.Err != sarama.ErrNoError:
		case block.Offset >= 0 && block.Timestamp <= 0:
			lag.mute = true
		default:
			lag.learn(p.asked, block.Offset, signal.Instant(block.Timestamp), p.topic.end[p.partition])
		}
	}
}
