//go:build integration

package kafka_test

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// cluster is three real brokers, and what a test does to one of them.
type cluster struct {
	t     *testing.T
	addrs []string
	ctl   string
	c     *kgo.Client
}

func theCluster(t *testing.T) *cluster {
	t.Helper()
	k := &cluster{t: t, addrs: strings.Fields(address(t, "KAFKACLUSTER_ADDRS")), ctl: address(t, "KAFKACLUSTER_CTL")}
	k.c = client(t, k.addrs)
	return k
}

// do has a broker go down, come up, hang or answer again; the ids begin with 1.
func (k *cluster) do(broker int32, what string) {
	k.t.Helper()
	if text, err := exec.Command(k.ctl, fmt.Sprint(broker-1), what).CombinedOutput(); err != nil {
		k.t.Fatalf("%s broker %d: %v %s", what, broker, err, text)
	}
}

// create creates a topic of six partitions, two for each broker, with so many replicas.
func (k *cluster) create(topic string, replicas int) {
	k.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 10_000
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = topic, -1, -1
	for p := range int32(6) {
		a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		a.Partition = p
		for i := range int32(replicas) {
			a.Replicas = append(a.Replicas, (p+i)%3+1)
		}
		rt.ReplicaAssignment = append(rt.ReplicaAssignment, a)
	}
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(within(k.t), k.c)
	if err != nil || resp.Topics[0].ErrorCode != 0 {
		k.t.Fatalf("create topic: %v %+v", err, resp)
	}
	k.t.Cleanup(func() { deleteTopic(k.t, k.c, topic) })
}

// coordinator is the broker that coordinates a group.
func (k *cluster) coordinator(group string) int32 {
	k.t.Helper()
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorKey, req.CoordinatorKeys = group, []string{group}
	for {
		resp, err := req.RequestWith(within(k.t), k.c)
		if err != nil {
			k.t.Fatal(err)
		}
		if len(resp.Coordinators) > 0 && resp.Coordinators[0].ErrorCode == 0 {
			return resp.Coordinators[0].NodeID
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// flow produces to every partition of a topic and has a member consume and commit.
func (k *cluster) flow(topic, group string, opts ...kgo.Opt) {
	k.t.Helper()
	ctx := k.t.Context()
	m := client(k.t, k.addrs, append(append(member(group, topic), kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(time.Second)), opts...)...)
	p := client(k.t, k.addrs, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	go func() {
		for i := int32(0); ctx.Err() == nil; i++ {
			p.Produce(ctx, order(topic, i%6, "o"), nil)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	go func() {
		for ctx.Err() == nil {
			m.PollFetches(ctx)
			within, cancel := context.WithTimeout(ctx, time.Second)
			_ = m.CommitUncommittedOffsets(within)
			cancel()
		}
	}()
}

// TestRealClusterWithOneBrokerDownNeitherFindsNorHeals: one broker of three ends, hangs and
// comes back. It leads a third of the partitions and coordinates the groups.
func TestRealClusterWithOneBrokerDownNeitherFindsNorHeals(t *testing.T) {
	k := theCluster(t)
	prefix := fmt.Sprintf("t%x", time.Now().UnixNano())
	name := func(s string) string { return prefix + "-" + s }
	for _, topic := range []string{"flows", "absent", "stalled"} {
		k.create(name(topic), 3)
	}
	k.create(name("alone"), 1) // its partitions are gone with their broker
	k.create(name("alone.dlq"), 1)
	k.flow(name("flows"), name("flows"))
	for p := range int32(6) {
		produce(t, k.c, order(name("absent"), p, "o-1"), order(name("alone"), p, "o-1"), order(name("stalled"), p, "o-1"), order(name("alone.dlq"), p, "o-1"))
	}
	all := map[int32]int64{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0}
	for _, topic := range []string{"absent", "alone", "stalled"} {
		// The session outlives a coordinator that hangs. A group that loses its member is not stalled any more.
		m := client(t, k.addrs, append(member(name(topic), name(topic)), kgo.SessionTimeout(time.Minute), kgo.HeartbeatInterval(time.Second))...)
		consume(t, m, 6)
		commits := map[string]map[int32]kgo.EpochOffset{name(topic): {}}
		for p := range all {
			commits[name(topic)][p] = kgo.EpochOffset{Epoch: -1, Offset: 0}
		}
		m.CommitOffsetsSync(within(t), commits, nil)
		if topic != "stalled" {
			m.LeaveGroup()
		}
	}

	r := watch(t, settings(t, k.addrs, "topics: {include: '"+prefix+".*'}", "groups: {include: '"+prefix+".*'}", "interval: 1s", "timeout: 4s",
		"objectives: [{max_age: 12s, absent_after: 12s}]"))
	detector := detect.New()
	var last signal.Report
	play := func(d time.Duration) (changes []string) {
		for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(time.Second) {
			began := time.Now()
			report := signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: time.Second}
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			report.Err = r.Read(ctx, &report)
			cancel()
			report.At, report.Duration = time.Now(), time.Since(began)
			seen := map[signal.QueueID]bool{}
			for i := range report.Queues {
				if id := report.Queues[i].QueueID; seen[id] {
					t.Errorf("%s is reported twice", id)
				} else {
					seen[id] = true
				}
			}
			for _, c := range detector.Observe(&report) {
				changes = append(changes, fmt.Sprintf("%s %s %s", c.Kind, c.Finding.Mode, strings.TrimPrefix(c.Finding.Subject.Destination, prefix+"-")))
			}
			last = report
		}
		slices.Sort(changes)
		return changes
	}
	open := func() (list []string) {
		for _, f := range detector.Open() {
			list = append(list, fmt.Sprintf("%s %s %s", f.ID, f.Mode, strings.TrimPrefix(f.Subject.Destination, prefix+"-")))
		}
		slices.Sort(list)
		return list
	}
	play(45 * time.Second)
	before := open()
	for _, want := range []string{"consumer_absent absent", "consumer_absent alone", "consumer_stalled stalled", "dlq_filling alone.dlq"} {
		if !slices.ContainsFunc(before, func(f string) bool { return strings.HasSuffix(f, want) }) {
			t.Fatalf("%s is not found: %q; %v", want, before, last.Err)
		}
	}
	broker := k.coordinator(name("flows"))
	for _, phase := range []struct {
		what  string
		lasts time.Duration
	}{{"down", 20 * time.Second}, {"up", 30 * time.Second}, {"hang", 20 * time.Second}, {"answer", 30 * time.Second}} {
		if phase.what == "hang" {
			broker = k.coordinator(name("flows"))
		}
		k.do(broker, phase.what)
		if changes := play(phase.lasts); len(changes) > 0 || !slices.Equal(open(), before) {
			t.Errorf("%s: %q; open %q, want %q; %v", phase.what, changes, open(), before, last.Err)
		}
		whole := phase.what == "up" || phase.what == "answer"
		if whole != (last.Err == nil) {
			t.Errorf("%s: got %v", phase.what, last.Err)
		}
		t.Logf("%s: %v", phase.what, last.Err)
	}
}
