package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// keepStable keeps where an open transaction begins, if the fetch ended there: consumers of
// committed messages receive nothing after it.
func (f *fetch) keepStable(part *kmsg.FetchResponseTopicPartition) {
	f.heldAt = signal.Unknown
	if part.LastStableOffset >= 0 && part.LastStableOffset < part.HighWatermark && f.next >= part.LastStableOffset && len(f.found) == 0 {
		f.heldAt = part.LastStableOffset
	}
}

// openTransaction returns the transaction that holds back a partition, if there is one. The
// message at the head is its first, unless markers lie before it.
func (k *headSample) openTransaction(p *signal.Partition) (signal.OpenTransaction, bool) {
	if k.heldAt < 0 || k.visible || k.heldAt >= p.End {
		return signal.OpenTransaction{}, false
	}
	return signal.OpenTransaction{Partition: p.ID, Start: k.heldAt, Messages: signal.Count(p.End - k.heldAt), Since: p.Head}, true
}

// warnOpenTransaction names an open transaction and the command that aborts it.
func (r *reading) warnOpenTransaction(q *queue, t signal.OpenTransaction) {
	topic := r.topics[q.topic].name
	r.openTransactions = append(r.openTransactions, fmt.Sprintf("an open transaction holds back group %s at offset %d of topic %s, partition %d, with %d messages after it, if its consumers read committed messages. "+
		"If the producer is gone, abort it: kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition %d --start-offset %d",
		q.group.name, t.Start, topic, t.Partition, t.Messages, r.config.Brokers[0], topic, t.Partition, t.Start))
}
