//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealDeadLetterQueueFills(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.send(topic, 0, "o-1")
	b.join(group, topic, pace{})
	dlq := b.topic("orders.dlq", 2)
	// It has a history: messages that an operator removed.
	b.send(dlq, 0, "d-0")
	operator := b.join(b.prefix+"-operator", dlq, pace{})
	b.reached(operator.group, dlq, 0, 1)
	operator.leave()
	p := start(t, watchQueues(b))
	p.silent(maxAge) // empty and without a consumer

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

func TestRealEmptyDeadLetterQueueAndRetryTopicOpenNoFinding(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.topic("orders.dlq", 1)
	retry := b.topic("orders.retry", 1)
	b.join(group, topic, pace{})
	retries := b.join(b.prefix+"-retry", retry, pace{slow: maxAge / 12}).group
	const waiting = 4
	b.burst(retry, 0, orders(waiting))
	n := 0
	repeat(t, 600*time.Millisecond, func() error { n++; return b.write(topic, 0, fmt.Sprint("o-", n)) })
	// Messages always wait there for a retry. They arrive at the rate at which they are
	// processed: more would be a growing backlog.
	repeat(t, 100*time.Millisecond, func() error {
		answer, err := b.admin.ListConsumerGroupOffsets(retries, map[string][]int32{retry: {0}})
		if err != nil {
			return nil // the next time
		}
		end, err := b.client.GetOffset(retry, 0, sarama.OffsetNewest)
		if err != nil {
			return nil
		}
		for block := answer.GetBlock(retry, 0); block != nil && end < max(0, block.Offset)+waiting; end++ {
			if err := b.write(retry, 0, "o-again"); err != nil {
				return err
			}
		}
		return nil
	})
	start(t, watchQueues(b)).silent(watchFor)
	b.reached(retries, retry, 0, waiting+1)
}
