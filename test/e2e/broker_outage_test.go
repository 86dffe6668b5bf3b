//go:build integration

package e2e_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealBrokerOutageOpensNoFinding: the real broker stops, once cleanly and once as
// in a power cut, while a group has a backlog, and for longer than any objective. Neither
// the outage nor the slow return of the group's members opens a finding.
func TestRealBrokerOutageOpensNoFinding(t *testing.T) {
	t.Parallel()
	// The time a group may need to rejoin after the broker is back.
	const patient = 10 * time.Second
	k := startKafka(t)
	b, other, s := connect(t, k.addr), kafka(t), postgres(t)
	topic, group := b.topic("orders", 2), b.prefix+"-billing"
	for partition := range int32(2) {
		b.burst(topic, partition, orders(200))
	}
	m := b.join(group, topic, pace{slow: patient / 10}) // has work before it for the whole test
	// A group without members and without a backlog.
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
			t.Errorf("a reading from before the outage is shown as current: %s", inJSON(gone))
		}
		if _, shown := p.value("lostorder_queue_messages", "cluster=main"); shown {
			t.Error("a reading from before the outage is on /metrics")
		}
		k.start()
		p.becomes("kafka/main", true, "")
		b.reached(group, topic, 0, before+1)
		p.fresh(patient*3/2, "kafka/main", "kafka/other", "outbox/relay")
	}

	// It still finds faults.
	m.set(pace{hangs: true})
	f := p.find(signal.ConsumerStalled, queue(topic, group))
	m.set(pace{})
	p.closes(f)
}
