package kafka

import (
	"errors"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/age"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// firstRounds is how many probes a partition may get in the reading in which a group
	// first lags. In each later reading it gets fewer, see age.LaterRounds.
	firstRounds = 4
	// probesPerRound bounds how many partitions are probed at once; the others have their
	// turn in the next reading.
	probesPerRound = 2000
	// oldestTimestamp bounds the timestamps that are used. Producers set them, and some write
	// zero or seconds.
	oldestTimestamp = 10 * 365 * 24 * time.Hour
)

// probe asks for the first message of a partition at or after a timestamp.
type probe struct {
	topic     *topic
	partition int32
	asked     signal.Instant
}

// measureAges finds out since when the head of each lagging partition has waited.
func (r *reading) measureAges() {
	r.eachHead(func(l *age.Timeline, head int64, _ *signal.Partition) { l.Begin(head, r.history.reading) })
	for round := range firstRounds {
		probes := r.probes(round)
		if len(probes) == 0 || r.ctx.Err() != nil {
			break
		}
		r.cluster.Each(func(n *client.Node) { r.sendProbes(n, probes[n.ID]) })
	}
	for i := range r.queues {
		q := &r.queues[i]
		past := r.topics[q.topic].past
		parts := r.partsOf(q)
		for j := range parts {
			// Ages that were good enough are set when the probes are chosen.
			if p := &parts[j]; p.Lag() > 0 && !p.Head.Known() {
				p.Head, _ = past.parts[p.ID].Age(headOf(p), r.now)
			}
		}
	}
	r.boundShareAges()
	for i := range r.topics {
		if past := r.topics[i].past; past != nil {
			for j := range past.parts {
				past.parts[j].End(r.history.reading)
			}
		}
	}
}

// headOf returns the first offset that waits.
func headOf(p *signal.Partition) int64 { return max(p.Committed, p.Start) }

// eachHead calls do for each head: those of lagging groups with their partition, and those
// of dead letter queues without.
func (r *reading) eachHead(do func(l *age.Timeline, head int64, p *signal.Partition)) {
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
		if t.dlq == nil || t.deleted {
			continue
		}
		for p := range t.end {
			if t.start[p] >= 0 && t.end[p] > t.start[p] {
				do(&t.past.parts[p], t.start[p], nil)
			}
		}
	}
}

// probes chooses the probes of a round by broker: for each partition the head furthest
// behind whose age is not known well enough. A request may name a partition only once.
func (r *reading) probes(round int) map[int32][]probe {
	r.eachHead(func(l *age.Timeline, head int64, p *signal.Partition) {
		if p != nil && p.Head.Known() {
			return
		}
		if waits, good := l.Want(head, round, r.now); good && p != nil {
			p.Head = waits
		}
	})
	count := 0
	asked := map[int32][]probe{}
	for i := range r.topics {
		// Each reading starts with another topic, so that all have their turn.
		t := &r.topics[(uint64(i)+r.history.reading)%uint64(len(r.topics))]
		if t.past == nil || t.deleted {
			continue
		}
		for p := range t.leaders {
			l := &t.past.parts[p]
			if !l.Wanted() {
				continue
			}
			if count++; count <= probesPerRound {
				leader := t.leaders[p]
				asked[leader] = append(asked[leader], probe{topic: t, partition: int32(p), asked: l.Probe()})
			}
			l.Done()
		}
	}
	return asked
}

// sendProbes asks one broker.
func (r *reading) sendProbes(n *client.Node, probes []probe) {
	if len(probes) == 0 {
		return
	}
	request := sarama.NewOffsetRequest(r.cluster.Version())
	for _, p := range probes {
		request.AddBlock(p.topic.name, p.partition, int64(p.asked), 1)
	}
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.OffsetResponse, error) {
		return b.GetAvailableOffsets(request)
	})
	if err != nil {
		r.brokerMissing(n, err)
		return
	}
	for _, p := range probes {
		line := &p.topic.past.parts[p.partition]
		block := answer.GetBlock(p.topic.name, p.partition)
		switch {
		case block == nil:
		case errors.Is(block.Err, sarama.ErrUnsupportedForMessageFormat), answer.Version == 0:
			line.Untimed()
		case block.Err != sarama.ErrNoError:
		case block.Offset >= 0 && signal.Instant(block.Timestamp) < r.now.Add(-oldestTimestamp),
			block.Offset < 0 && p.asked < r.now.Add(-oldestTimestamp):
			line.Untimed()
		default:
			line.Learn(p.asked, block.Offset, signal.Instant(block.Timestamp), p.topic.end[p.partition])
		}
	}
}
