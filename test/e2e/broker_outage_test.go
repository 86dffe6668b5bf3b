//go:build integration

package e2e_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealBrokerGoesAndComesBack: the real broker stops, once in good order and
// once as in a power cut, while a group has messages before it and for longer than
// any objective. That nobody read while there was nothing to read from is no
// finding; neither is a group that takes a while to gather again.
func TestRealBrokerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	// What a group may take to gather after the broker is back.
	const patient = 10 * time.Second
	k := startKafka(t)
	b, other, s := connect(t, k.addr), kafka(t), postgres(t)
	topic, group := b.topic("orders", 2), b.prefix+"-billing"
	for partition := range int32(2) {
		b.burst(topic, partition, orders(200))
	}
	m := b.join(group, topic, pace{slow: patient / 10}) // has work before it for the whole test
	// A group that nobody runs and that has nothing before it.
	idle := b.topic("idle", 1)
	b.send(idle, 0, "o-1")
	done := b.join(b.prefix+"-done", idle, pace{})
	b.reached(done.group, idle, 0, 1)
	done.leave()

	alive := other.topic("orders", 1)
	other.join(other.prefix+"-billing", alive, pace{})
	repeat(t, 200*time.Millisecond, func() error { return other.write(alive, 0, "o-1") })

	c := settings{}
	c.kafkaCluster(b.addr, b.prefix, objectives(patient, patient))
	s.watchOutbox(c)
	c.add("kafka", "name: other", fmt.Sprintf("brokers: [%q]", other.addr), fmt.Sprintf("topics: {include: [%q]}", other.prefix+".*"),
		fmt.Sprintf("groups: {include: [%q]}", other.prefix+".*"), schedule())
	p := start(t, c)
	p.silent(patient / 2)

	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		before := b.committed(group, topic, 0)
		k.stop(how)
		red := p.becomes("kafka/main", false, "connection refused")
		t.Logf("after %s: %s", how, red.Error)
		p.fresh(patient*3/2, "kafka/other", "outbox/relay")
		if gone := p.target("kafka/main"); !gone.Stale || gone.ReadingAgeSeconds != nil {
			t.Errorf("a reading of before the outage is shown as the present: %s", inJSON(gone))
		}
		if _, shown := p.value("lostorder_queue_messages", "cluster=main"); shown {
			t.Error("a reading of before the outage is on /metrics")
		}
		k.start()
		p.becomes("kafka/main", true, "")
		b.reached(group, topic, 0, before+1)
		p.fresh(patient*3/2, "kafka/main", "kafka/other", "outbox/relay")
	}

	// It has not become blind.
	m.set(pace{hangs: true})
	f := p.find(signal.ConsumerStalled, queue(topic, group))
	m.set(pace{})
	p.closes(f)
}
