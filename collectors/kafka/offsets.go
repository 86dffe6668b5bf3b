package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// ListOffsets has a timestamp of its own for each end of a log.
const (
	atStart = sarama.OffsetOldest
	atEnd   = sarama.OffsetNewest
)

// offsetsPerRequest is about how many partitions one request names.
const offsetsPerRequest = 2500

// readOffsets asks a leader for one end of the logs of its partitions. keep returns where
// each offset belongs.
func (r *reading) readOffsets(n *client.Node, which int64, keep func(t *topic, partition int32) *int64) {
	var requests []*sarama.OffsetRequest
	room := 0
	for i := range r.topics {
		t := &r.topics[i]
		if t.excluded || t.deleted {
			continue
		}
		for p, leader := range t.leaders {
			if leader != n.ID {
				continue
			}
			if room == 0 {
				requests = append(requests, sarama.NewOffsetRequest(r.cluster.Version()))
				room = offsetsPerRequest
			}
			requests[len(requests)-1].AddBlock(t.name, int32(p), which, 1)
			room--
		}
	}
	client.Pipeline(requests, func(request *sarama.OffsetRequest) { r.askOffsets(n, request, keep) })
}

func (r *reading) askOffsets(n *client.Node, request *sarama.OffsetRequest, keep func(t *topic, partition int32) *int64) {
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.OffsetResponse, error) {
		return b.GetAvailableOffsets(request)
	})
	if err != nil {
		r.brokerMissing(n, err)
		return
	}
	var failed partitionErrors
	for name, partitions := range answer.Blocks {
		_, t := r.topicAt(name)
		if t == nil {
			continue
		}
		for p, block := range partitions {
			if int(p) >= len(t.leaders) {
				continue
			}
			if block.Err != sarama.ErrNoError {
				failed.add(t, p, block.Err)
				continue
			}
			*keep(t, p) = offsetOf(block)
		}
	}
	r.note(&failed)
}

// offsetOf returns the offset of an answer of any version.
func offsetOf(block *sarama.OffsetResponseBlock) int64 {
	switch {
	case len(block.Offsets) > 0:
		return block.Offsets[0]
	case block.Offset != 0:
		return block.Offset
	}
	return signal.Unknown
}

// partitionErrors collects the errors of single partitions.
type partitionErrors struct {
	list []partitionError
}

type partitionError struct {
	topic     *topic
	partition int32
	err       sarama.KError
}

func (e *partitionErrors) add(t *topic, partition int32, err sarama.KError) {
	e.list = append(e.list, partitionError{t, partition, err})
}

// note reports the errors of partitions as missing. A partition that a broker does not
// know waits for the other partitions of its topic.
func (r *reading) note(errs *partitionErrors) {
	if len(errs.list) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range errs.list {
		switch {
		case errors.Is(e.err, sarama.ErrUnknownTopicOrPartition):
			e.topic.unknown = append(e.topic.unknown, e.partition)
		case errors.Is(e.err, sarama.ErrTopicAuthorizationFailed):
			r.missing.Add("topic "+e.topic.name, notAuthorized)
		case isMoving(e.err):
			r.noLeader(e.topic, e.partition)
		default:
			r.missing.Add("topic "+e.topic.name, e.err.Error())
		}
	}
}

// findDeleted decides, once all brokers were asked for one end of the logs, why partitions
// are unknown. A topic without any answer was deleted, which is no error. Otherwise the
// partition has no leader that answers for it.
func (r *reading) findDeleted(ends func(*topic) []int64) {
	for i := range r.topics {
		t := &r.topics[i]
		if len(t.unknown) == 0 {
			continue
		}
		if t.deleted = !slices.ContainsFunc(ends(t), func(end int64) bool { return end >= 0 }); t.deleted {
			maps.DeleteFunc(r.leaderless, func(p topicPartition, _ struct{}) bool { return p.topic == t.name })
		} else {
			for _, p := range t.unknown {
				r.noLeader(t, p)
			}
		}
		t.unknown = nil
	}
}

// noLeader notes a partition without a leader that answers, once in a reading.
func (r *reading) noLeader(t *topic, partition int32) {
	if r.leaderless == nil {
		r.leaderless = map[topicPartition]struct{}{}
	}
	r.leaderless[topicPartition{t.name, partition}] = struct{}{}
}

// topicPartition names a partition.
type topicPartition struct {
	topic     string
	partition int32
}

// isMoving reports whether the leader of a partition is changing.
func isMoving(err sarama.KError) bool {
	switch err {
	case sarama.ErrNotLeaderForPartition, sarama.ErrLeaderNotAvailable, sarama.ErrReplicaNotAvailable,
		sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch, sarama.ErrKafkaStorageError,
		sarama.ErrBrokerNotAvailable, sarama.ErrOffsetNotAvailable:
		return true
	}
	return false
}

// observe keeps the ends of the logs as samples of when messages arrived.
func (r *reading) observe() {
	for i := range r.topics {
		t := &r.topics[i]
		for p, end := range t.end {
			if end >= 0 {
				t.past.parts[p].Observe(end, r.now)
			}
		}
	}
}

// reportLeaderless counts the watched partitions without an answer: those without a leader
// and those whose leader is changing.
func (r *reading) reportLeaderless() {
	for i := range r.topics {
		t := &r.topics[i]
		if t.excluded {
			continue
		}
		for p, leader := range t.leaders {
			if r.cluster.Node(leader) == nil {
				r.noLeader(t, int32(p))
			}
		}
	}
	switch n := len(r.leaderless); n {
	case 0:
	case 1:
		r.missing.Add("1 partition", "no leader answers for it")
	default:
		r.missing.Add(fmt.Sprintf("%d partitions", n), "no leader answers for them")
	}
}

// brokerMissing reports a broker that does not answer, once in a reading.
func (r *reading) brokerMissing(n *client.Node, err error) {
	if r.ctx.Err() == nil {
		r.missing.Add(fmt.Sprintf("broker %d (%s)", n.ID, n.Addr), r.cluster.Explain(err).Error())
	}
}
