//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// keptFor is the retention.ms of the topics in these tests. A real broker removes messages
// up to five minutes later.
const keptFor = "20000"

func TestRealMessagesOfASlowConsumerExpire(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("clicks", 2, "retention.ms", keptFor), b.prefix+"-analytics"
	b.send(topic, 0, "o-0")
	b.send(topic, 1, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	b.reached(group, topic, 1, 1)
	p := start(t, unhurried(b))
	n := 1
	busy := repeat(t, 100*time.Millisecond, func() error {
		n++
		return b.write(topic, int32(n%2), fmt.Sprint("o-", n))
	})
	p.silent(maxAge)
	if _, threatened := p.value("lostorder_queue_time_to_loss_seconds", "messaging_destination_name="+topic); threatened {
		t.Error("a queue that is read in time has a forecast of loss")
	}

	m.set(pace{slow: time.Second}, 1) // the other partition is as fast as ever
	f := p.find(signal.MessageExpiring, queue(topic, group))
	p.says(f, "removed_at_age", "at least 20s")
	if f.Severity != signal.Critical || f.Count == 0 {
		t.Errorf("%d messages, %s", f.Count, f.Severity)
	}
	if left, ok := p.value("lostorder_queue_time_to_loss_seconds", "messaging_destination_name="+topic); !ok || left > 20 {
		t.Errorf("the metric is %v, %v", left, ok)
	}
	busy()
	m.set(pace{}, 1)
	p.closes(f)
	eventually(t, "nothing is threatened any more", func() (bool, string) {
		left, threatened := p.value("lostorder_queue_time_to_loss_seconds", "messaging_destination_name="+topic)
		return !threatened, fmt.Sprint(left)
	})
}

func TestRealOldBacklogProcessedInTimeDoesNotExpire(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("clicks", 1, "retention.ms", "60000"), b.prefix+"-analytics"
	compacted := b.topic("names", 1, "retention.ms", "2000", "cleanup.policy", "compact")
	for _, name := range []string{topic, compacted} {
		b.send(name, 0, "o-0")
	}
	m := b.join(group, topic, pace{})
	other := b.join(b.prefix+"-other", compacted, pace{})
	b.reached(group, topic, 0, 1)
	b.reached(b.prefix+"-other", compacted, 0, 1)
	p := start(t, unhurried(b))
	m.set(pace{hangs: true})
	other.set(pace{hangs: true}) // nothing is removed there
	const burst = 50
	b.burst(topic, 0, orders(burst))
	b.send(compacted, 0, "o-1")
	p.silent(watchFor)                        // longer than from when on heads are watched
	m.set(pace{slow: 100 * time.Millisecond}) // which takes seconds, and many are left
	b.reached(group, topic, 0, burst+1)
	p.silent(maxAge)
}
