package kafka

import (
	"errors"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/collectors/kafka/records"
)

const (
	// fetchBytes and fetchTotal bound how much is read of one partition and of one
	// broker at a time.
	fetchBytes = 64 << 10
	fetchTotal = 1 << 20
	// fetchesPerReading bounds how often a partition is read further in one reading.
	fetchesPerReading = 4
	// namesKept is how many orders of a queue are named.
	namesKept = 10
)

// fetch reads messages of one partition. It changes nothing: a fetch by a reader
// without a group leaves no trace in the broker.
type fetch struct {
	topic     *topic
	partition int32
	next      int64 // the offset to read from
	until     int64 // the offset to read up to
	newest    bool  // keep the last that are found, not the first
	// uncommitted: messages of open transactions are read, too.
	uncommitted bool
	place       orderIDPlace // where the messages carry their order ids
	reasons     bool         // why messages became dead letters is read, too
	// wants reports whether a message of this order is wanted; nil: every message is.
	wants func(order string) bool

	found  []message // those that a reader of committed messages sees
	denied bool      // not authorized
	failed bool
	stuck  bool // nothing more can be read now
}

// done reports whether reading further would show nothing more.
func (f *fetch) done() bool {
	return f.denied || f.failed || f.stuck || f.next >= f.until || !f.newest && len(f.found) > 0
}

// fetchAll reads what the fetches ask for.
func (r *reading) fetchAll(fetches []*fetch) {
	for range fetchesPerReading {
		rest := map[int32][2][]*fetch{}
		type place struct {
			topic     *topic
			partition int32
		}
		taken := map[place]bool{}
		for _, f := range fetches {
			at := place{f.topic, f.partition}
			if f.done() || taken[at] { // a request may name a partition only once
				continue
			}
			taken[at] = true
			leader := f.topic.leaders[f.partition]
			requests, isolation := rest[leader], 0
			if f.uncommitted {
				isolation = 1
			}
			requests[isolation] = append(requests[isolation], f)
			rest[leader] = requests
		}
		if len(rest) == 0 || r.ctx.Err() != nil {
			return
		}
		r.cluster.Each(func(n *client.Node) {
			for _, request := range rest[n.ID] {
				r.fetchFrom(n, request)
			}
		})
	}
}

// fetchFrom reads once from one broker.
func (r *reading) fetchFrom(n *client.Node, fetches []*fetch) {
	if len(fetches) == 0 {
		return
	}
	answer, err := n.Fetch(r.ctx, fetchRequest(fetches))
	switch {
	case errors.Is(err, client.ErrTooLarge) && len(fetches) > 1: // find the one that is
		half := len(fetches) / 2
		r.fetchFrom(n, fetches[:half])
		r.fetchFrom(n, fetches[half:])
		return
	case errors.Is(err, client.ErrTooLarge):
		fetches[0].found = []message{{offset: fetches[0].next}}
		fetches[0].stuck = true
		return
	case err != nil:
		// The reading is complete without it. A broker that is down is reported elsewhere.
		for _, f := range fetches {
			f.failed = true
		}
		return
	}
	for i, f := range fetches {
		part := partitionOf(answer, f)
		switch {
		case part == nil:
			f.failed = i == 0 // the others may have found no room
		case sarama.KError(part.ErrorCode) == sarama.ErrTopicAuthorizationFailed:
			f.denied = true
		case part.ErrorCode != 0:
			f.failed = true
		default:
			f.take(part)
			// Only the first partition is sure to get room for a whole batch.
			f.stuck = i == 0 && f.stuck
		}
	}
}

func fetchRequest(fetches []*fetch) *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxBytes, request.IsolationLevel = -1, fetchTotal, 1
	if fetches[0].uncommitted {
		request.IsolationLevel = 0
	}
	request.SessionEpoch = -1 // no session to remember
	for _, f := range fetches {
		part := kmsg.NewFetchRequestTopicPartition()
		part.Partition, part.FetchOffset, part.PartitionMaxBytes = f.partition, f.next, fetchBytes
		if last := len(request.Topics) - 1; last >= 0 && request.Topics[last].Topic == f.topic.name {
			request.Topics[last].Partitions = append(request.Topics[last].Partitions, part)
			continue
		}
		one := kmsg.NewFetchRequestTopic()
		one.Topic, one.Partitions = f.topic.name, []kmsg.FetchRequestTopicPartition{part}
		request.Topics = append(request.Topics, one)
	}
	return request
}

func partitionOf(answer *kmsg.FetchResponse, f *fetch) *kmsg.FetchResponseTopicPartition {
	for i := range answer.Topics {
		if answer.Topics[i].Topic != f.topic.name {
			continue
		}
		for j := range answer.Topics[i].Partitions {
			if part := &answer.Topics[i].Partitions[j]; part.Partition == f.partition {
				return part
			}
		}
	}
	return nil
}

// take keeps what one answer shows.
func (f *fetch) take(part *kmsg.FetchResponseTopicPartition) {
	aborted := make([]records.Aborted, len(part.AbortedTransactions))
	for i, a := range part.AbortedTransactions {
		aborted[i] = records.Aborted{ProducerID: a.ProducerID, FirstOffset: a.FirstOffset}
	}
	keep := f.place.keep()
	if f.reasons {
		keep.Headers = append(keep.Headers, reasonHeaders...)
	}
	next := records.ScanAll(part.RecordBatches, aborted, f.next, keep, func(one records.Record) bool {
		m := f.messageOf(&one)
		if f.wants != nil && !f.wants(m.order) {
			return true
		}
		if f.newest && len(f.found) == namesKept {
			f.found = append(f.found[:0], f.found[1:]...)
		}
		f.found = append(f.found, m)
		return f.newest || len(f.found) < namesKept
	})
	f.stuck = next <= f.next
	f.next = max(f.next, next)
}
