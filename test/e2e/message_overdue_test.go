//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealMessagesThatAreAllLateAreOverdue keeps a consumer six seconds behind, with an
// objective of three: it processes as many messages as arrive.
// TestRealBurstThatDrainsIsNotAGrowingBacklog is the benign twin.
func TestRealMessagesThatAreAllLateAreOverdue(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("labels", 1), b.prefix+"-printing"
	b.send(topic, 0, "o-0")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	p := start(t, watchQueues(b))
	p.silent(maxAge)

	// A message arrives when one is processed, so that the backlog keeps its length on a
	// machine of any speed.
	const behind = 60
	m.set(pace{slow: 100 * time.Millisecond})
	b.burst(topic, 0, orders(behind))
	n := behind
	busy := repeat(t, 20*time.Millisecond, func() error {
		if b.end(topic, 0)-b.committed(group, topic, 0) > behind {
			return nil
		}
		n++
		return b.write(topic, 0, fmt.Sprint("o-", n))
	})
	f := p.find(signal.MessageOverdue, queue(topic, group))
	p.says(f, "objective_max_age", "3s", "consumers", "1")
	if f.Count == 0 || f.Summary == "" {
		t.Errorf("it is %+v", f)
	}
	busy()
	m.set(pace{})
	p.closes(f)
}
