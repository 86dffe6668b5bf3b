//go:build integration

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// deaths are the ways in which a consumer can end, for each kind of group. Each starts a
// consumer that reads and commits everything, and returns a function that ends it.
var deaths = map[string]func(b *broker, group, topic string) (die func()){
	"it leaves its group": func(b *broker, group, topic string) func() {
		return b.join(group, topic, pace{}).leave
	},
	"it falls silent": func(b *broker, group, topic string) func() {
		// A static member does not leave the group: the broker notices after the session
		// timeout, as when a machine dies.
		return b.franz(group, topic, kgo.InstanceID("one"), kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(time.Second))
	},
	"it leaves a group of the new protocol": func(b *broker, group, topic string) func() {
		return b.franz(group, topic, newProtocol)
	},
}

// newProtocol is KIP-848, in which the broker assigns the partitions.
var newProtocol = kgo.ServerSideBalancer()

// franz starts a member with franz-go, which supports protocols that sarama does not. It
// reads and commits everything until it is stopped.
func (b *broker) franz(group, topic string, options ...kgo.Opt) (stop func()) {
	b.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.addr), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(kgo.RangeBalancer()), kgo.DisableAutoCommit(),
	}, options...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if records := client.PollFetches(ctx).Records(); len(records) > 0 {
				_ = client.CommitRecords(ctx, records...) // or the test sees that it is missing
			}
		}
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			<-ended
			client.Close()
		}
	}
	b.t.Cleanup(stop)
	return stop
}

func TestRealDeadConsumerIsAbsent(t *testing.T) {
	t.Parallel()
	for name, begin := range deaths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kafka(t)
			topic, group := b.topic("orders", 2), b.prefix+"-email"
			b.send(topic, 0, "o-1")
			b.send(topic, 1, "o-2")
			die := begin(b, group, topic)
			b.reached(group, topic, 0, 1)
			b.reached(group, topic, 1, 1)
			c := settings{}
			// Until the broker removes a silent member, it looks stalled.
			c.kafkaCluster(b.addr, b.prefix, objectives(time.Minute, absentAfter))
			p := start(t, c)
			p.sees("lostorder_queue_consumers", 1, topic, group)

			die()
			b.send(topic, 1, "o-3", "o-4")
			f := p.find(signal.ConsumerAbsent, queue(topic, group))
			p.says(f, "consumers", "0", "waiting_messages", "2", "group_state", "Empty")
			if f.Count != 2 || f.Severity != signal.Critical || evidence(f, "never_seen_with_consumers") != "" {
				t.Errorf("got %s", inJSON(f))
			}
			p.names(f, "o-3", "o-4")
			p.silent(absentAfter)

			begin(b, group, topic)
			p.closes(f)
		})
	}
}

// sees waits until a metric of a queue has a value.
func (p *program) sees(metric string, want float64, topic, group string, labels ...string) {
	p.t.Helper()
	eventually(p.t, metric+" is seen", func() (bool, string) {
		got, ok := p.value(metric, append(labels, "messaging_destination_name="+topic, "messaging_consumer_group_name="+group)...)
		return ok && got == want, fmt.Sprintf("there is a series: %v, it is %v, and should be %v", ok, got, want)
	})
}

func TestRealStallIsFoundInAGroupOfTheNewProtocol(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-email"
	b.send(topic, 0, "o-1")
	b.franz(group, topic, newProtocol)
	b.reached(group, topic, 0, 1)
	p := start(t, watchQueues(b))
	b.send(topic, 0, "o-2")
	b.reached(group, topic, 0, 2)
	p.silent(maxAge)

	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.ConsumerGroup(group+"2"), kgo.ConsumeTopics(topic), newProtocol,
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(kgo.RangeBalancer()), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	records := client.PollFetches(t.Context()).Records()
	if err := client.CommitRecords(t.Context(), records[0]); err != nil {
		t.Fatal(err)
	}
	f := p.find(signal.ConsumerStalled, queue(topic, group+"2"))
	p.says(f, "position", "partition 0: committed 1, log end 2", "consumers", "1", "group_state", "Stable")
	p.names(f, "o-2")
	if err := client.CommitRecords(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	if len(records) < 2 {
		records = client.PollFetches(t.Context()).Records()
		if err := client.CommitRecords(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
	p.closes(f)
}

func TestRealDeployIsNotAnAbsentConsumer(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 2), b.prefix+"-email"
	b.send(topic, 0, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	repeat(t, 300*time.Millisecond, func() error { return b.write(topic, 1, "o-2") })
	c := settings{}
	const deploy = 5 * absentAfter // several of them are longer than that, and none is
	c.kafkaCluster(b.addr, b.prefix, objectives(deploy, deploy))
	p := start(t, c)
	for range 4 {
		p.silent(maxAge / 3)
		m.leave()
		p.silent(deploy / 4)
		end := b.end(topic, 1)
		m = b.join(group, topic, pace{})
		b.reached(group, topic, 1, end)
	}
	p.silent(maxAge)
}

func TestRealEmptyGroupWithoutABacklogIsNotAnAbsentConsumer(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 2), b.prefix+"-email"
	b.send(topic, 0, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	p := start(t, watchQueues(b))
	p.sees("lostorder_queue_consumers", 1, topic, group)
	m.leave()
	p.sees("lostorder_queue_consumers", 0, topic, group)
	p.silent(watchFor)
}

// TestRealGroupDeletedWithABacklogIsAnAbsentConsumer: the broker has
// forgotten the group, and lostorder has not.
func TestRealGroupDeletedWithABacklogIsAnAbsentConsumer(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-email"
	b.send(topic, 0, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	c := settings{}
	c.kafkaCluster(b.addr, b.prefix, objectives(maxAge, 2*absentAfter))
	p := start(t, c)
	m.leave()
	b.send(topic, 0, "o-2", "o-3")
	p.sees("lostorder_queue_messages", 2, topic, group, "messaging_message_state=ready")
	if err := b.admin.DeleteConsumerGroup(group); err != nil {
		t.Fatal(err)
	}
	f := p.find(signal.ConsumerAbsent, queue(topic, group))
	if f.Severity != signal.Warning || f.Count != 2 || !strings.Contains(evidence(f, "group"), "deleted") {
		t.Errorf("got %s", inJSON(f))
	}
	b.join(group, topic, pace{})
	p.closes(f)
}
