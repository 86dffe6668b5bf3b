package kafka

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// transactionsPerReading bounds how many open transactions are described in one reading,
// and how many partitions of each are asked about.
const transactionsPerReading = 64

// heldPartition is a partition with the offset at which its first open transaction begins.
type heldPartition struct {
	topic     string
	partition int32
	start     int64
}

// transaction is what brokers show of an open transaction: the leader of its partition its
// producer (READ on the topic), its coordinator the rest (DESCRIBE on the transactional id).
type transaction struct {
	producer  int64
	epoch     int32
	id        string
	began     signal.Instant
	timeout   time.Duration
	lastWrite signal.Instant
	ended     bool // its coordinator has ended it, or does not count the partition to it
}

// lastWrite is what the last write to an open transaction was, and when it was seen.
type lastWrite struct {
	fingerprint uint64
	at          signal.Instant
	seen        uint64 // the reading
}

// stateOngoing is the coordinator's state of a transaction that is open.
const stateOngoing = "Ongoing"

// describeTransactions asks who holds the transactions open. Where brokers are too old or
// a right is missing, it stays unknown.
func (r *reading) describeTransactions(held []heldPartition) {
	slices.SortFunc(held, func(a, b heldPartition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition), cmp.Compare(a.start, b.start))
	})
	held = slices.Compact(held)
	if held = held[:min(len(held), transactionsPerReading)]; len(held) == 0 {
		return
	}
	partitions := make([]topicPartition, len(held))
	for i, h := range held {
		partitions[i] = topicPartition{h.topic, h.partition}
	}
	writers := r.describeProducers(partitions)
	r.transactions = map[heldPartition]*transaction{}
	var producers []int64
	for _, h := range held {
		t := &transaction{producer: signal.Unknown}
		for _, w := range writers[topicPartition{h.topic, h.partition}] {
			if w.CurrentTxnStartOffset == h.start {
				t.producer, t.epoch = w.ProducerID, w.ProducerEpoch
				producers = append(producers, w.ProducerID)
			}
		}
		r.transactions[h] = t
	}
	described := r.askCoordinators(producers)
	var others []topicPartition
	for h, t := range r.transactions {
		others = append(others, t.match(h, described)...)
	}
	maps.Copy(writers, r.describeProducers(others[:min(len(others), transactionsPerReading)]))
	for h, t := range r.transactions {
		r.observeWrites(h, t, writers)
	}
}

// describeProducers asks the leaders who writes to partitions.
func (r *reading) describeProducers(partitions []topicPartition) map[topicPartition][]kmsg.DescribeProducersResponseTopicPartitionActiveProducer {
	found := map[topicPartition][]kmsg.DescribeProducersResponseTopicPartitionActiveProducer{}
	if len(partitions) == 0 {
		return found
	}
	requests := map[int32]*kmsg.DescribeProducersRequest{}
	for _, p := range partitions {
		i, ok := r.byName[p.topic]
		if !ok || int(p.partition) >= len(r.topics[i].leaders) || p.partition < 0 {
			continue
		}
		leader := r.topics[i].leaders[p.partition]
		request := requests[leader]
		if request == nil {
			request = kmsg.NewPtrDescribeProducersRequest()
			requests[leader] = request
		}
		at := slices.IndexFunc(request.Topics, func(t kmsg.DescribeProducersRequestTopic) bool { return t.Topic == p.topic })
		if at < 0 {
			at = len(request.Topics)
			request.Topics = append(request.Topics, kmsg.DescribeProducersRequestTopic{Topic: p.topic})
		}
		if !slices.Contains(request.Topics[at].Partitions, p.partition) {
			request.Topics[at].Partitions = append(request.Topics[at].Partitions, p.partition)
		}
	}
	r.cluster.Each(func(n *client.Node) {
		if requests[n.ID] == nil {
			return
		}
		answer, err := client.Request[*kmsg.DescribeProducersResponse](r.ctx, n, requests[n.ID])
		if err != nil {
			return // the reading is complete without them
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 {
					found[topicPartition{t.Topic, p.Partition}] = p.ActiveProducers
				}
			}
		}
	})
	return found
}

// askCoordinators lists transactions by their producers, or the open ones where no producer
// is known, and describes them. Brokers leave out those that lostorder may not describe.
func (r *reading) askCoordinators(producers []int64) (all []kmsg.DescribeTransactionsResponseTransactionState) {
	r.cluster.Each(func(n *client.Node) {
		list := kmsg.NewPtrListTransactionsRequest()
		list.DurationFilterMillis = -1
		if list.ProducerIDFilters = producers; len(producers) == 0 {
			list.StateFilters = []string{stateOngoing}
		}
		listed, err := client.Request[*kmsg.ListTransactionsResponse](r.ctx, n, list)
		if err != nil || listed.ErrorCode != 0 {
			return
		}
		describe := kmsg.NewPtrDescribeTransactionsRequest()
		for _, t := range listed.TransactionStates[:min(len(listed.TransactionStates), transactionsPerReading)] {
			describe.TransactionalIDs = append(describe.TransactionalIDs, t.TransactionalID)
		}
		if len(describe.TransactionalIDs) == 0 {
			return
		}
		described, err := client.Request[*kmsg.DescribeTransactionsResponse](r.ctx, n, describe)
		if err != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, t := range described.TransactionStates {
			if t.ErrorCode == 0 {
				all = append(all, t)
			}
		}
	})
	return all
}

// match takes over what a coordinator shows of the transaction, and returns the other
// partitions of it.
func (t *transaction) match(h heldPartition, all []kmsg.DescribeTransactionsResponseTransactionState) (others []topicPartition) {
	var best *kmsg.DescribeTransactionsResponseTransactionState
	for i := range all {
		one := &all[i]
		switch contains := containsPartition(one, h); {
		case t.producer >= 0 && one.ProducerID != t.producer:
		case t.producer < 0 && !contains:
		case best == nil || contains && one.StartTimestamp < best.StartTimestamp:
			best = one
		}
	}
	if best == nil {
		return nil
	}
	t.id, t.producer, t.epoch = best.TransactionalID, best.ProducerID, int32(best.ProducerEpoch)
	if t.ended = best.State != stateOngoing || !containsPartition(best, h); t.ended {
		return nil
	}
	t.timeout = time.Duration(best.TimeoutMillis) * time.Millisecond
	if best.StartTimestamp > 0 {
		t.began = signal.Instant(best.StartTimestamp)
	}
	for _, topic := range best.Topics {
		for _, p := range topic.Partitions {
			others = append(others, topicPartition{topic.Topic, p})
		}
	}
	return others
}

func containsPartition(t *kmsg.DescribeTransactionsResponseTransactionState, h heldPartition) bool {
	return slices.ContainsFunc(t.Topics, func(topic kmsg.DescribeTransactionsResponseTransactionStateTopic) bool {
		return topic.Topic == h.topic && slices.Contains(topic.Partitions, h.partition)
	})
}

// observeWrites keeps when the producer last wrote to any partition. A change is seen on our
// own clock; only what was written before the first reading has the time of the producer.
func (r *reading) observeWrites(h heldPartition, t *transaction, writers map[topicPartition][]kmsg.DescribeProducersResponseTopicPartitionActiveProducer) {
	var fingerprint uint64
	var latest int64
	for partition, states := range writers {
		for _, w := range states {
			if w.ProducerID != t.producer || w.CurrentTxnStartOffset < 0 {
				continue
			}
			hash := fnv.New64a()
			_, _ = fmt.Fprint(hash, partition, w.LastSequence, w.LastTimestamp, w.CurrentTxnStartOffset) // never fails
			fingerprint += hash.Sum64() | 1
			latest = max(latest, w.LastTimestamp)
		}
	}
	if fingerprint == 0 {
		return
	}
	write, known := r.history.writes[h]
	switch {
	case !known && latest > 0:
		write.at = min(signal.Instant(latest), r.now)
	case write.fingerprint != fingerprint:
		write.at = r.now
	}
	write.fingerprint, write.seen = fingerprint, r.history.reading
	r.history.writes[h] = write
	t.lastWrite = write.at
}
