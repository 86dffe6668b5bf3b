//go:build integration

package e2e_test

import (
	"errors"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// broker is the real Kafka with the name prefix of one test's topics and groups.
type broker struct {
	t        *testing.T
	addr     string
	prefix   string
	client   sarama.Client
	admin    sarama.ClusterAdmin
	producer sarama.SyncProducer
}

func kafka(t *testing.T) *broker {
	t.Helper()
	return connect(t, server(t, "KAFKA_ADDR"))
}

func connect(t *testing.T, addr string) *broker {
	t.Helper()
	b := &broker{t: t, addr: addr, prefix: unique(t)}
	c := clientConfig()
	var err error
	if b.client, err = sarama.NewClient([]string{b.addr}, c); err != nil {
		t.Fatalf("connect to Kafka: %v", err)
	}
	t.Cleanup(func() { _ = b.client.Close() })
	if b.admin, err = sarama.NewClusterAdminFromClient(b.client); err != nil {
		t.Fatal(err)
	}
	if b.producer, err = sarama.NewSyncProducerFromClient(b.client); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.producer.Close() })
	return b
}

func clientConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_8_0_0
	c.Metadata.AllowAutoTopicCreation = false
	c.Producer.Return.Successes = true
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	c.Consumer.IsolationLevel = sarama.ReadCommitted
	return c
}

// topic creates a topic and returns its name; settings are alternating names and values.
func (b *broker) topic(name string, partitions int32, settings ...string) string {
	b.t.Helper()
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
	for i := 0; i+1 < len(settings); i += 2 {
		detail.ConfigEntries[settings[i]] = &settings[i+1]
	}
	name = b.prefix + "-" + name
	// A topic of that name may still be in deletion.
	eventually(b.t, "topic "+name+" is made", func() (bool, string) {
		err := b.admin.CreateTopic(name, detail, false)
		if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			b.t.Fatalf("make topic %s: %v", name, err)
		}
		return err == nil, "it is still there"
	})
	b.t.Cleanup(func() { _ = b.admin.DeleteTopic(name) })
	eventually(b.t, "topic "+name+" has leaders", func() (bool, string) {
		if err := b.client.RefreshMetadata(name); err != nil {
			return false, err.Error()
		}
		list, err := b.client.WritablePartitions(name)
		return err == nil && len(list) == int(partitions), "not yet"
	})
	return name
}

// send writes one message per order.
func (b *broker) send(topic string, partition int32, orders ...string) {
	b.t.Helper()
	for _, id := range orders {
		if err := b.write(topic, partition, id); err != nil {
			b.t.Fatalf("send to %s: %v", topic, err)
		}
	}
}

// burst writes one message per order in one batch.
func (b *broker) burst(topic string, partition int32, orders []string) {
	b.t.Helper()
	batch := make([]*sarama.ProducerMessage, len(orders))
	for i, id := range orders {
		batch[i] = message(topic, partition, id)
	}
	if err := b.producer.SendMessages(batch); err != nil {
		b.t.Fatalf("send to %s: %v", topic, err)
	}
}

// write is send for goroutines other than the test's own.
func (b *broker) write(topic string, partition int32, order string) error {
	_, _, err := b.producer.SendMessage(message(topic, partition, order))
	return err
}

func message(topic string, partition int32, order string) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic: topic, Partition: partition, Key: sarama.StringEncoder(order), Value: sarama.StringEncoder(`{"state":"placed"}`),
	}
}

// end returns the log end offset; begin the log start offset.
func (b *broker) end(topic string, partition int32) int64 {
	return b.offset(topic, partition, sarama.OffsetNewest)
}

func (b *broker) begin(topic string, partition int32) int64 {
	return b.offset(topic, partition, sarama.OffsetOldest)
}

func (b *broker) offset(topic string, partition int32, which int64) int64 {
	b.t.Helper()
	at, err := b.client.GetOffset(topic, partition, which)
	if err != nil {
		b.t.Fatalf("read offset of %s: %v", topic, err)
	}
	return at
}

// committed returns the committed offset of a group, or -1.
func (b *broker) committed(group, topic string, partition int32) int64 {
	b.t.Helper()
	var answer *sarama.OffsetFetchResponse
	eventually(b.t, "the offsets of "+group+" are read", func() (bool, string) {
		var err error
		if answer, err = b.admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {partition}}); err == nil {
			return true, ""
		}
		return false, err.Error() // the coordinator of a group that is new may still be loading
	})
	if block := answer.GetBlock(topic, partition); block != nil {
		return block.Offset
	}
	return -1
}

// reached waits until a group has committed an offset.
func (b *broker) reached(group, topic string, partition int32, offset int64) {
	b.t.Helper()
	eventually(b.t, group+" commits", func() (bool, string) {
		at := b.committed(group, topic, partition)
		return at >= offset, "it stands at " + inJSON(at)
	})
}

// queue returns a topic as a group reads it.
func queue(topic, group string) signal.Subject {
	return signal.Subject{System: signal.Kafka, Cluster: "main", Destination: topic, Group: group}
}
