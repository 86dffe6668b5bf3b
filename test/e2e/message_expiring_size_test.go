//go:build integration

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// segment is the smallest segment size that a broker accepts; inSegment messages fill
	// one. The broker removes whole segments.
	segment   = 1 << 20
	inSegment = 16
)

// bulky writes messages that fill a segment.
func (b *broker) bulky(topic string) {
	b.t.Helper()
	batch := make([]*sarama.ProducerMessage, inSegment)
	for i := range batch {
		batch[i] = message(topic, 0, fmt.Sprint("o-", i))
		batch[i].Value = sarama.StringEncoder(strings.Repeat("x", segment/inSegment-200))
	}
	if err := b.producer.SendMessages(batch); err != nil {
		b.t.Fatalf("send to %s: %v", topic, err)
	}
}

// commits lets a group commit an offset without a member, as with assign().
func (b *broker) commits(group, topic string, offset int64) {
	b.t.Helper()
	eventually(b.t, group+" commits", func() (bool, string) {
		answer, err := func() (*sarama.OffsetCommitResponse, error) {
			coordinator, err := b.client.Coordinator(group)
			if err != nil {
				return nil, err
			}
			request := &sarama.OffsetCommitRequest{Version: 2, ConsumerGroup: group, ConsumerGroupGeneration: sarama.GroupGenerationUndefined, RetentionTime: -1}
			request.AddBlock(topic, 0, offset, 0, "")
			return coordinator.CommitOffset(request)
		}()
		if err != nil {
			return false, err.Error() // the coordinator of a group that is new may still be loading
		}
		return answer.Errors[topic][0] == sarama.ErrNoError, fmt.Sprint(answer.Errors)
	})
}

// TestRealMessagesExpireByTheSizeOfTheLog fills a topic beyond its retention.bytes: for
// each new segment the broker removes one. One group reads half of the new messages; another
// has the same lag and reads all of them.
func TestRealMessagesExpireByTheSizeOfTheLog(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic := b.topic("clicks", 1, "retention.bytes", fmt.Sprint(16*segment), "segment.bytes", fmt.Sprint(segment), "retention.ms", "-1")
	slow, steady := b.prefix+"-analytics", b.prefix+"-billing"
	trimmed := func() {
		before := b.begin(topic, 0)
		b.bulky(topic)
		eventually(t, "the broker removes a segment", func() (bool, string) {
			return b.begin(topic, 0) > before, fmt.Sprint("it begins at ", before)
		})
	}
	for range 17 {
		b.bulky(topic)
	}
	trimmed()
	committed := b.end(topic, 0) - 120 // of some 270 that the log holds
	for _, group := range []string{slow, steady} {
		b.commits(group, topic, committed)
	}
	p := start(t, unhurried(b))
	p.cycles(2)

	lag := int64(120)
	told := func() bool {
		for _, f := range p.findings() {
			if f.Mode == signal.MessageExpiring {
				return true
			}
		}
		return false
	}
	for range 12 { // after which the log would still hold what waits
		trimmed()
		lag += inSegment / 2
		end := b.end(topic, 0)
		b.commits(slow, topic, end-lag)
		b.commits(steady, topic, end-120)
		p.cycles(2)
		if told() {
			break
		}
	}
	f := p.find(signal.MessageExpiring, queue(topic, slow))
	if f.Count < 120 || b.begin(topic, 0) > b.committed(slow, topic, 0) {
		t.Errorf("counts %d messages; the log starts at %d and %d is committed", f.Count, b.begin(topic, 0), b.committed(slow, topic, 0))
	}
	p.says(f, "keeps", fmt.Sprint(16*segment, " bytes in each partition, beyond which the oldest segment is removed"))
	if left, ok := p.value("lostorder_queue_time_to_loss_seconds", "messaging_destination_name="+topic, "messaging_consumer_group_name="+slow); !ok {
		t.Errorf("the metric is %v, %v", left, ok)
	}
	b.commits(slow, topic, b.end(topic, 0))
	p.closes(f)
}
