//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealDeadLetterQueueFills(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.send(topic, 0, "o-1")
	b.join(group, topic, pace{})
	dlq := b.topic("orders.dlq", 2)
	// It has a past: what an operator took out again.
	b.send(dlq, 0, "d-0")
	operator := b.join(b.prefix+"-operator", dlq, pace{})
	b.reached(operator.group, dlq, 0, 1)
	operator.leave()
	p := start(t, watchQueues(b))
	p.silent(maxAge) // empty, and nobody reads it

	b.send(dlq, 0, "d-1")
	b.send(dlq, 1, "d-2", "d-3")
	f := p.find(signal.DLQFilling, queue(dlq, ""))
	if f.Severity != signal.Critical {
		t.Errorf("%s though messages arrive", f.Severity)
	}
	p.names(f, "d-1", "d-2", "d-3")
	p.counts(f, 3)
	p.says(p.byID(f.ID), "messages", "3", "source", topic)
	p.silent(maxAge) // no word of a consumer that is absent there

	operator = b.join(operator.group, dlq, pace{})
	b.reached(operator.group, dlq, 0, 2)
	b.reached(operator.group, dlq, 1, 2)
	p.closes(f)
	operator.leave()
	p.silent(maxAge)
}

func TestRealEmptyDeadLetterQueueAndRetryTopicAreNoTrouble(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.topic("orders.dlq", 1)
	retry := b.topic("orders.retry", 1)
	b.join(group, topic, pace{})
	// It keeps up with what comes, and always has some waiting: more than it works off
	// would be a backlog that grows.
	b.join(b.prefix+"-retry", retry, pace{slow: maxAge / 8})
	for i := range 4 {
		if err := b.write(retry, 0, fmt.Sprint("r-", i)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	repeat(t, 400*time.Millisecond, func() error {
		n++
		if err := b.write(topic, 0, fmt.Sprint("o-", n)); err != nil {
			return err
		}
		return b.write(retry, 0, fmt.Sprint("o-", n))
	})
	start(t, watchQueues(b)).silent(watchFor)
	if b.end(retry, 0) == b.committed(b.prefix+"-retry", retry, 0) {
		t.Error("no message was waiting to be tried again")
	}
}
