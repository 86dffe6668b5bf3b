package kafka_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// patience bounds a wait in a test that fails.
const patience = 2 * time.Minute

// server is an embedded Kafka behind a proxy per broker, and a client of it that
// does what the shop would do.
type server struct {
	*kfake.Cluster
	t       *testing.T
	proxies []*collectortest.Proxy
}

// serve starts an embedded Kafka.
func serve(t *testing.T, opts ...kfake.Opt) *server {
	t.Helper()
	s := &server{t: t}
	listen := func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		proxy := collectortest.NewProxy(t, l.Addr().String())
		s.proxies = append(s.proxies, proxy)
		return behindProxy{l, proxy.Addr()}, nil
	}
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.ListenFn(listen)}, opts...)...)
	if err != nil {
		t.Fatalf("start embedded kafka: %v", err)
	}
	t.Cleanup(cluster.Close)
	s.Cluster = cluster
	return s
}

// behindProxy makes the broker advertise its proxy's address.
type behindProxy struct {
	net.Listener
	addr string
}

func (b behindProxy) Addr() net.Addr {
	addr, _ := net.ResolveTCPAddr("tcp", b.addr)
	return addr
}

func (s *server) hang()   { s.all((*collectortest.Proxy).Hang) }
func (s *server) refuse() { s.all((*collectortest.Proxy).Refuse) }
func (s *server) pass()   { s.all((*collectortest.Proxy).Pass) }

func (s *server) all(do func(*collectortest.Proxy)) {
	for _, p := range s.proxies {
		do(p)
	}
}

// client returns a client with the options.
func (s *server) client(opts ...kgo.Opt) *kgo.Client {
	s.t.Helper()
	return client(s.t, s.ListenAddrs(), opts...)
}

func client(t *testing.T, addrs []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.UnknownTopicRetries(-1), // a broker may not know a topic that was just created
	}, opts...)...)
	if err != nil {
		t.Fatalf("make client: %v", err)
	}
	t.Cleanup(c.CloseAllowingRebalance)
	return c
}

// order is a message with an order's id.
func order(topic string, partition int32, id string) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: partition, Key: []byte(id), Value: []byte(`{"order":"` + id + `"}`)}
}

// orderAt is an order that says when it was placed.
func orderAt(topic string, partition int32, id string, at time.Time) *kgo.Record {
	r := order(topic, partition, id)
	r.Timestamp = at
	return r
}

func produce(t *testing.T, c *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	if err := c.ProduceSync(within(t), records...).FirstErr(); err != nil {
		t.Fatalf("produce: %v", err)
	}
}

// commit commits offsets as a group does that assigns partitions itself.
func commit(t *testing.T, c *kgo.Client, group, topic string, offsets map[int32]int64) {
	t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = group
	req.Generation = -1
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic, rt.TopicID = topic, topicID(t, c, topic)
	for p, offset := range offsets {
		rp := kmsg.NewOffsetCommitRequestTopicPartition()
		rp.Partition, rp.Offset = p, offset
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(within(t), c)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	for _, rt := range resp.Topics {
		for _, p := range rt.Partitions {
			if p.ErrorCode != 0 {
				t.Fatalf("commit %s/%d: error %d", rt.Topic, p.Partition, p.ErrorCode)
			}
		}
	}
}

// topicID returns the id by which newer requests name a topic.
func topicID(t *testing.T, c *kgo.Client, topic string) [16]byte {
	t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	rt := kmsg.NewMetadataRequestTopic()
	rt.Topic = new(topic)
	req.Topics = append(req.Topics, rt)
	for ctx := within(t); ; {
		resp, err := req.RequestWith(ctx, c)
		switch {
		case err != nil:
			t.Fatalf("find topic %s: %v", topic, err)
		case resp.Topics[0].ErrorCode == 0:
			return resp.Topics[0].TopicID
		case resp.Topics[0].ErrorCode != kerr.UnknownTopicOrPartition.Code: // a real broker may not know it yet
			t.Fatalf("find topic %s: %v", topic, kerr.ErrorForCode(resp.Topics[0].ErrorCode))
		}
	}
}

// deleteRecords removes what lies before an offset, as retention does.
func deleteRecords(t *testing.T, c *kgo.Client, topic string, partition int32, before int64) {
	t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rp.Partition, rp.Offset = partition, before
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(within(t), c)
	if err != nil {
		t.Fatalf("delete records: %v", err)
	}
	if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Fatalf("delete records: error %d", code)
	}
}

func createTopic(t *testing.T, c *kgo.Client, partitions int32, names ...string) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 10_000
	for _, name := range names {
		rt := kmsg.NewCreateTopicsRequestTopic()
		rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, partitions, 1
		req.Topics = append(req.Topics, rt)
	}
	resp, err := req.RequestWith(within(t), c)
	if err != nil {
		t.Fatalf("create topic: %v", err)
	}
	for _, rt := range resp.Topics {
		if rt.ErrorCode != 0 {
			t.Fatalf("create topic %s: error %d", rt.Topic, rt.ErrorCode)
		}
	}
}

func deleteTopic(t *testing.T, c *kgo.Client, name string) {
	t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = 10_000
	req.TopicNames = []string{name}
	rt := kmsg.NewDeleteTopicsRequestTopic()
	rt.Topic = new(name)
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(within(t), c)
	if err != nil {
		t.Fatalf("delete topic: %v", err)
	}
	if code := resp.Topics[0].ErrorCode; code != 0 {
		t.Fatalf("delete topic: error %d", code)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// settings returns the config of the server, as the file would give it.
func (s *server) settings(change ...string) kafka.Config {
	return settings(s.t, s.ListenAddrs(), change...)
}

func settings(t *testing.T, addrs []string, lines ...string) kafka.Config {
	t.Helper()
	text := "kafka:\n  - name: main\n    brokers: ['" + strings.Join(addrs, "', '") + "']\n"
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	f, err := config.Parse("test.yml", []byte(text), ".", []config.Section{kafka.Source().Section})
	if err != nil {
		t.Fatalf("config: %v\n%s", err, text)
	}
	return config.Items[kafka.Config](f, "kafka")[0]
}

// watch returns a reader that is closed at the end of the test.
func watch(t *testing.T, c kafka.Config) collectors.Reader {
	r := kafka.NewReader(c)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// read takes one reading.
func read(t *testing.T, r collectors.Reader) (signal.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var report signal.Report
	err := r.Read(ctx, &report)
	return report, err
}

func readWhole(t *testing.T, r collectors.Reader) signal.Report {
	t.Helper()
	report, err := read(t, r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return report
}

// until reads until the report is so.
func until(t *testing.T, r collectors.Reader, what string, so func(signal.Report) bool) signal.Report {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		report, err := read(t, r)
		if err == nil && so(report) {
			return report
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come; the last report: %v\n%s", what, err, show(report))
		}
		time.Sleep(10 * time.Millisecond) // between readings, as the loop does
	}
}

// queueOf returns the queue of a topic and group.
func queueOf(r signal.Report, topic, group string) (signal.Queue, bool) {
	for _, q := range r.Queues {
		if q.Destination == topic && q.Group == group {
			return q, true
		}
	}
	return signal.Queue{}, false
}

func mustQueue(t *testing.T, r signal.Report, topic, group string) signal.Queue {
	t.Helper()
	q, ok := queueOf(r, topic, group)
	if !ok {
		t.Fatalf("no queue %s of group %s in\n%s", topic, group, show(r))
	}
	return q
}

// show prints a report.
func show(r signal.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %q\n", r.Identity)
	for _, q := range r.Queues {
		fmt.Fprintf(&b, "%s → %s: ready %d, uncommitted %d, consumers %d, state %s, oldest %v, waiting %v\n",
			q.Destination, q.Group, q.Ready, q.Uncommitted, q.Consumers, q.GroupState, q.Oldest, q.Sample)
		for _, p := range q.Partitions {
			fmt.Fprintf(&b, "    %+v\n", p)
		}
	}
	for _, d := range r.DeadLetters {
		fmt.Fprintf(&b, "%+v\n", d)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// fingerprint describes what a watcher must not change: topics, both ends of
// their logs, groups, their members and their commits.
func fingerprint(t *testing.T, c *kgo.Client) string {
	t.Helper()
	ctx := within(t)
	var lines []string
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, c)
	if err != nil {
		t.Fatalf("fingerprint topics: %v", err)
	}
	for _, which := range []int64{-2, -1} {
		req := kmsg.NewPtrListOffsetsRequest()
		req.ReplicaID = -1
		for _, topic := range meta.Topics {
			rt := kmsg.NewListOffsetsRequestTopic()
			rt.Topic = *topic.Topic
			for _, p := range topic.Partitions {
				rp := kmsg.NewListOffsetsRequestTopicPartition()
				rp.Partition, rp.Timestamp, rp.CurrentLeaderEpoch = p.Partition, which, -1
				rt.Partitions = append(rt.Partitions, rp)
			}
			req.Topics = append(req.Topics, rt)
		}
		for _, shard := range c.RequestSharded(ctx, req) {
			if shard.Err != nil {
				t.Fatalf("fingerprint offsets: %v", shard.Err)
			}
			for _, rt := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
				for _, p := range rt.Partitions {
					lines = append(lines, fmt.Sprintf("topic %s/%d at %d: %d", rt.Topic, p.Partition, which, p.Offset))
				}
			}
		}
	}
	for _, shard := range c.RequestSharded(ctx, kmsg.NewPtrListGroupsRequest()) {
		if shard.Err != nil {
			t.Fatalf("fingerprint groups: %v", shard.Err)
		}
		for _, g := range shard.Resp.(*kmsg.ListGroupsResponse).Groups {
			lines = append(lines, fmt.Sprintf("group %s %s %s", g.Group, g.ProtocolType, g.GroupState))
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Group = g.Group
			rg := kmsg.NewOffsetFetchRequestGroup()
			rg.Group = g.Group
			req.Groups = append(req.Groups, rg)
			resp, err := req.RequestWith(ctx, c)
			if err != nil {
				t.Fatalf("fingerprint commits: %v", err)
			}
			for _, rg := range resp.Groups {
				for _, rt := range rg.Topics {
					for _, p := range rt.Partitions {
						lines = append(lines, fmt.Sprintf("commit %s %s%x/%d: %d", g.Group, rt.Topic, rt.TopicID, p.Partition, p.Offset))
					}
				}
			}
		}
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return strings.Join(lines, "\n")
}

// shop is a topic of a test's own on a broker.
type shop struct {
	topic  string
	client *kgo.Client
}
