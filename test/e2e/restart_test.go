//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// again restarts lostorder with the same config.
func (p *program) again() *program {
	p.t.Helper()
	p.failOnUnexpected()
	p.stop()
	return startFile(p.t, binary, p.file)
}

// TestRealRestartBesideASlowConsumerOpensNoFinding: a backlog from before
// the restart opens no finding.
func TestRealRestartBesideASlowConsumerOpensNoFinding(t *testing.T) {
	t.Parallel()
	b, s := kafka(t), postgres(t)
	topic, group := b.topic("orders", 2), b.prefix+"-billing"
	for partition := range int32(2) {
		b.burst(topic, partition, orders(300))
	}
	for i := range 200 {
		s.commit(fmt.Sprintf("e-%03d", i), fmt.Sprint("o-", i), "", time.Hour-time.Duration(i)*time.Second)
	}
	b.join(group, topic, pace{slow: maxAge / 6})
	repeat(t, maxAge/6, func() error { _, err := s.publish(); return err })
	c := watchQueues(b)
	s.watchOutbox(c)
	p := start(t, c)
	for range 3 {
		p.silent(maxAge * 3 / 2)
		p = p.again()
	}
	p.silent(watchFor)
}

// TestRealFindingKeepsItsIDAcrossARestart: the same fault has the same id, so
// that it is not reported twice.
func TestRealFindingKeepsItsIDAcrossARestart(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	s.commit("e-1", "o-1", "", time.Hour)
	s.place("o-1", "placed", time.Hour)
	c := settings{}
	s.watchOutbox(c)
	s.watchOrders(c)
	p := start(t, c)
	stalled, overdue := p.find(signal.OutboxStalled, s.outbox()), p.find(signal.OrderOverdue, s.placed())
	p = p.again()
	if f := p.find(signal.OutboxStalled, s.outbox()); f.ID != stalled.ID || !f.Since.Equal(stalled.Since) {
		t.Errorf("got\n%s\nafter\n%s", inJSON(f), inJSON(stalled))
	}
	if f := p.find(signal.OrderOverdue, s.placed()); f.ID != overdue.ID || !f.Since.Equal(overdue.Since) {
		t.Errorf("got\n%s\nafter\n%s", inJSON(f), inJSON(overdue))
	}
}
