//go:build integration

package e2e_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealMessageThatCrashesItsConsumerIsARetryLoop(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("points", 2), b.prefix+"-loyalty"
	b.send(topic, 0, "o-0")
	b.send(topic, 1, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	b.reached(group, topic, 1, 1)
	p := start(t, watchQueues(b))
	p.cycles(2)

	m.set(pace{hangs: true}, 1)
	b.send(topic, 1, "o-poison", "o-behind")
	b.send(topic, 0, "o-fine")
	b.reached(group, topic, 0, 2)
	for range 6 { // it dies, and is started again
		m.leave()
		m = b.joining(group, topic, pace{})
		m.set(pace{hangs: true}, 1)
		p.cycles(2)
	}
	f := p.find(signal.RetryLoop, queue(topic, group))
	p.says(f, "position", "partition 1: committed 1, log end 3", "waiting_messages", "2")
	if f.Severity != signal.Critical || f.Count != 2 {
		t.Errorf("%d messages, %s", f.Count, f.Severity)
	}
	p.names(f, "o-poison", "o-behind")
	m.set(pace{})
	p.closes(f)
}

func TestRealRestartsBesideProgressAreNotARetryLoop(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("points", 1), b.prefix+"-loyalty"
	b.burst(topic, 0, orders(400))
	m := b.join(group, topic, pace{slow: 200 * time.Millisecond})
	c := settings{}
	// A restart is not progress, and may take a while on a busy machine.
	c.kafkaCluster(b.addr, b.prefix, objectives(4*maxAge, 4*absentAfter))
	p := start(t, c)
	for range 8 {
		m.leave()
		before := b.committed(group, topic, 0)
		m = b.joining(group, topic, pace{slow: 200 * time.Millisecond})
		b.reached(group, topic, 0, before+1)
		p.silent(maxAge / 2)
	}
	p.silent(maxAge)
}
