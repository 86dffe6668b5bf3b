//go:build integration

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealMetricsPassPromlint lints the metrics of a shop with many faults, so that all kinds of
// series exist.
func TestRealMetricsPassPromlint(t *testing.T) {
	t.Parallel()
	b, s := kafka(t), postgres(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	dlq := b.topic("orders.dlq", 1)
	b.send(topic, 0, "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 1)
	s.commit("e-1", "o-1", "00-"+trace+"-00f067aa0ba902b7-01", time.Hour)
	s.place("o-1", "placed", time.Hour)
	c := watchQueues(b)
	s.watchOutbox(c)
	s.watchOrders(c)
	p := start(t, c)
	m.set(pace{hangs: true})
	b.send(topic, 0, "o-2")
	b.send(dlq, 0, "o-3")
	p.find(signal.ConsumerStalled, queue(topic, group))
	p.find(signal.DLQFilling, queue(dlq, ""))
	p.find(signal.OutboxStalled, s.outbox())
	p.find(signal.OrderOverdue, s.placed())

	_, body := p.get("/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	for _, name := range []string{"lostorder_queue_messages", "lostorder_dlq_messages", "lostorder_outbox_pending_messages", "lostorder_orders_overdue", "lostorder_findings", "lostorder_detection_delay_seconds", "process_resident_memory_bytes"} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, mode := range []signal.Mode{signal.ConsumerStalled, signal.DLQFilling, signal.OutboxStalled, signal.OrderOverdue} {
		if n, _ := p.value("lostorder_findings", "mode="+string(mode), "severity=critical"); n != 1 {
			t.Errorf("lostorder_findings of %s is %v", mode, n)
		}
		if n, _ := p.value("lostorder_findings_total", "mode="+string(mode)); n != 1 {
			t.Errorf("lostorder_findings_total of %s is %v", mode, n)
		}
	}
}
