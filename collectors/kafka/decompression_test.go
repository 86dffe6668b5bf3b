package kafka_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/records/recordstest"
	"github.com/lostorder/lostorder/internal/signal"
)

// produceBatch produces a batch as it is.
func produceBatch(t *testing.T, c *kgo.Client, topic string, partition int32, batch []byte) {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 60_000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic, rt.TopicID = topic, topicID(t, c, topic)
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = partition, batch
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(within(t), c)
	if err != nil || resp.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("produce a batch: %v %+v", err, resp)
	}
}

// bombs are what an untrusted producer may put at the head of a partition, each
// a few kilobytes that decompress to hundreds of megabytes.
func bombs(t *testing.T) map[int32][]byte {
	t.Helper()
	return map[int32][]byte{
		0: recordstest.Stamp(recordstest.Bomb(t, recordstest.Codecs["zstd"], "o-1", 400<<20), time.Now()),
		1: recordstest.Stamp(recordstest.Bomb(t, recordstest.Codecs["gzip"], "o-1", 200<<20), time.Now()),
		2: recordstest.Stamp(recordstest.Bomb(t, recordstest.Codecs["lz4"], "o-1", 200<<20), time.Now()),
	}
}

// holdsBombs checks, of a group that stands still before bombs in partitions 0 to 2 and a
// message in partition 3, that they count as a backlog, that the message is named, and
// that reading them takes little memory.
func holdsBombs(t *testing.T, r collectors.Reader, topic, group string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	report := until(t, r, "the order behind the bombs", func(r signal.Report) bool {
		q, _ := queueOf(r, topic, group)
		return len(q.Sample) > 0
	})
	for range 5 {
		report = readWhole(t, r)
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 200 {
		t.Errorf("reading them took %d MiB", took)
	}
	q := mustQueue(t, report, topic, group)
	if q.Ready != 4 || len(q.Sample) != 1 || q.Sample[0].ID != "o-2" || !q.Oldest.Known() || len(report.Warnings) > 0 {
		t.Errorf("got\n%s", show(report))
	}
	for _, p := range q.Partitions {
		if p.NothingToDeliver {
			t.Errorf("what may be a message is called invisible: %+v", p)
		}
	}
}

func TestBatchThatDecompressesToHundredsOfMegabytesIsABacklogOfUnknownOrders(t *testing.T) {
	s := serve(t, kfake.SeedTopics(4, "orders"))
	c := s.client()
	for partition, bomb := range bombs(t) {
		produceBatch(t, c, "orders", partition, bomb)
	}
	produce(t, c, order("orders", 3, "o-2"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 0, 1: 0, 2: 0, 3: 0})
	// The embedded broker decompresses a whole batch to find a timestamp in it, in the
	// memory that is measured here.
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.UnsupportedForMessageFormat, Count: -1, When: asksTime})
	holdsBombs(t, watch(t, s.settings(append(impatient, "order_id: key")...)), "orders", "billing")
}

// TestAnswerThatIsTooLargeHidesNoOther: a broker sends the first batch whole,
// however large it is.
func TestAnswerThatIsTooLargeHidesNoOther(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "67108864"}))
	c := s.client()
	produceBatch(t, c, "orders", 0, recordstest.Bomb(t, 0, "o-1", 17<<20))
	produce(t, c, order("orders", 1, "o-2"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 0, 1: 0})
	r := watch(t, s.settings(append(impatient, "order_id: key")...))
	report := until(t, r, "the order beside it", func(r signal.Report) bool {
		q, _ := queueOf(r, "orders", "billing")
		return len(q.Sample) > 0
	})
	q := mustQueue(t, report, "orders", "billing")
	if q.Ready != 2 || len(q.Sample) != 1 || q.Sample[0].ID != "o-2" || q.Partitions[0].NothingToDeliver {
		t.Errorf("got\n%s", show(report))
	}
}
