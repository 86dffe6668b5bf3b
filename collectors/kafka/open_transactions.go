package kafka

import (
	"fmt"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// readOpenTransactions finds the open transactions at which groups stand: it reads the last
// stable offset of each partition on which a group has made no progress for long, and what
// brokers show of the producers of those that hold one back.
func (r *reading) readOpenTransactions() {
	if !r.cluster.Version().IsAtLeast(sarama.V0_11_0_0) {
		return // there are no transactions
	}
	r.readStable()
	var held []heldPartition
	r.eachSample(func(q *queue, p *signal.Partition, one *headSample) {
		if stable := r.topics[q.topic].stable; stable != nil && stable[p.ID] >= 0 {
			one.stable = stable[p.ID]
		}
		if one.held(p) {
			held = append(held, heldPartition{r.topics[q.topic].name, p.ID, one.stable})
		}
	})
	r.describeTransactions(held)
	r.nameHeld()
}

// eachSample calls do for each partition on which a group has made no progress for long.
func (r *reading) eachSample(do func(q *queue, p *signal.Partition, one *headSample)) {
	for i := range r.queues {
		q := &r.queues[i]
		past := r.history.queues[queueKey{r.topics[q.topic].name, q.group.name}]
		for j := q.from; j < q.to && len(past.samples) > 0; j++ {
			if one := past.samples[r.parts[j].ID]; one != nil {
				do(q, &r.parts[j], one)
			}
		}
	}
}

// readStable reads the last stable offsets. It is DESCRIBE on the topic that allows it.
func (r *reading) readStable() {
	requests, room := map[int32][]*sarama.OffsetRequest{}, map[int32]int{}
	asked := map[topicPartition]bool{}
	r.eachSample(func(q *queue, p *signal.Partition, _ *headSample) {
		t := &r.topics[q.topic]
		key, leader := topicPartition{t.name, p.ID}, t.leaders[p.ID]
		if asked[key] {
			return
		}
		asked[key] = true
		if t.stable == nil {
			t.stable = make([]int64, len(t.leaders))
			for i := range t.stable {
				t.stable[i] = signal.Unknown
			}
		}
		if room[leader] == 0 {
			request := sarama.NewOffsetRequest(r.cluster.Version())
			request.IsolationLevel = sarama.ReadCommitted
			requests[leader], room[leader] = append(requests[leader], request), offsetsPerRequest
		}
		requests[leader][len(requests[leader])-1].AddBlock(t.name, p.ID, atEnd, 1)
		room[leader]--
	})
	if len(requests) == 0 {
		return
	}
	r.cluster.Each(func(n *client.Node) {
		for _, request := range requests[n.ID] {
			r.askOffsets(n, request, func(t *topic, p int32) *int64 { return &t.stable[p] })
		}
	})
}

// held reports whether consumers of committed messages stand at an open transaction: none
// of its own is between the commit and the last stable offset. A group that is past it
// reads uncommitted messages.
func (k *headSample) held(p *signal.Partition) bool {
	head := headOf(p)
	return k.stable >= head && k.stable < p.End && (k.stable == head || !k.visible && k.next >= k.stable)
}

// openTransaction is what is known of the transaction at which a group stands.
func (r *reading) openTransaction(q *queue, p *signal.Partition, one *headSample) signal.OpenTransaction {
	topic := r.topics[q.topic].name
	t := signal.OpenTransaction{Partition: p.ID, Start: one.stable, Messages: signal.Count(p.End - one.stable), Producer: signal.Unknown}
	t.Since, _ = r.topics[q.topic].past.parts[p.ID].Age(one.stable, r.now)
	known := r.transactions[heldPartition{topic, p.ID, one.stable}]
	if known == nil {
		known = &transaction{producer: signal.Unknown}
	}
	t.ID, t.Producer, t.ProducerEpoch = known.id, known.producer, int64(known.epoch)
	t.Began, t.Timeout, t.LastWrite, t.Ended = known.began, known.timeout, known.lastWrite, known.ended
	t.Remedy = "kafka-transactions.sh --bootstrap-server " + r.config.Brokers[0]
	if known.id != "" && !known.ended {
		// The coordinator still knows it: only the coordinator may end it on all its partitions.
		t.Remedy += " forceTerminateTransaction --transactionalId " + collectors.Word(known.id)
	} else {
		t.Remedy += fmt.Sprintf(" abort --topic %s --partition %d --start-offset %d", topic, t.Partition, t.Start)
	}
	return t
}

// warnOpenTransaction names an open transaction and the command that aborts it.
func (r *reading) warnOpenTransaction(q *queue, t signal.OpenTransaction) {
	topic := r.topics[q.topic].name
	r.openTransactions = append(r.openTransactions, fmt.Sprintf("an open transaction holds back group %s at offset %d of topic %s, partition %d, with %d messages after it, if its consumers read committed messages. "+
		"If the producer is gone, abort it: kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition %d --start-offset %d",
		q.group.name, t.Start, topic, t.Partition, t.Messages, r.config.Brokers[0], topic, t.Partition, t.Start))
}

// nameHeld reads the orders that wait behind open transactions, once for each.
func (r *reading) nameHeld() {
	place := r.config.orderIDPlace()
	if !place.known() {
		return
	}
	var fetches []*fetch
	var samples []*headSample
	r.eachSample(func(q *queue, p *signal.Partition, one *headSample) {
		t := &r.topics[q.topic]
		if one.held(p) && !one.named && len(fetches) < samplesPerReading && !r.history.denies(t.name) {
			fetches = append(fetches, &fetch{topic: t, partition: p.ID, next: one.stable, until: p.End, uncommitted: true, place: place})
			samples = append(samples, one)
		}
	})
	r.fetchAll(fetches)
	for i, one := range fetches {
		if one.denied {
			r.history.deny(one.topic.name, r.now)
		}
		if !one.failed {
			samples[i].named, samples[i].waiting = true, refs(one.found)
		}
	}
}
