//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealBacklogGrowsWhereMessagesArriveFasterThanTheyAreProcessed(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("invoices", 1), b.prefix+"-accounting"
	b.send(topic, 0, "o-0")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	p := start(t, watchQueues(b))
	n := 0
	busy := repeat(t, 200*time.Millisecond, func() error {
		n++
		return b.write(topic, 0, fmt.Sprint("o-", n))
	})
	p.silent(maxAge)

	m.set(pace{slow: time.Second})
	f := p.find(signal.BacklogGrowing, queue(topic, group))
	p.says(f, "objective_max_age", "3s", "consumers", "1")
	if f.Count == 0 {
		t.Error("nothing waits")
	}
	p.silent(maxAge)
	busy()
	m.set(pace{})
	p.closes(f)
}

func TestRealBurstThatDrainsIsNotAGrowingBacklog(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("invoices", 1), b.prefix+"-accounting"
	b.send(topic, 0, "o-0")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	p := start(t, watchQueues(b))
	p.silent(maxAge) // so that the window is full
	m.set(pace{slow: 60 * time.Millisecond})
	const burst = 150
	b.burst(topic, 0, orders(burst)) // at once: one that lasts as long as a message may wait is no burst
	if left := b.end(topic, 0) - b.committed(group, topic, 0); left < 60 {
		t.Errorf("only %d messages are left: it was not a burst", left)
	}
	p.silent(watchFor)
	b.reached(group, topic, 0, burst+1)
}
