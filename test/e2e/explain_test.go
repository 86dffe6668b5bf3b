//go:build integration

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// TestRealStuckOrderIsExplained: its row says paid, its event was published, and its message
// is in a dead letter queue, each at the time at which it came there.
func TestRealStuckOrderIsExplained(t *testing.T) {
	t.Parallel()
	s, b := postgres(t), kafka(t)
	topic := b.topic("orders", 2)
	dlq := b.topic("orders.dlq", 2)
	group := b.join(b.prefix+"-billing", topic, pace{}).group
	s.place("o-17", "paid", 20*time.Minute)
	s.place("o-18", "paid", 20*time.Minute)
	s.commit("e-17", "o-17", "00-"+trace+"-00f067aa0ba902b7-01", 21*time.Minute)
	s.Run(t, "CREATE INDEX outbox_order ON outbox (order_id)", fmt.Sprintf("UPDATE outbox SET published_at = %s", s.Ago(19*time.Minute)))
	b.send(topic, 1, "o-17", "o-18")
	b.reached(group, topic, 1, 2)
	sent := time.Now()
	b.send(dlq, 0, "o-16")
	b.send(dlq, 1, "o-17")

	c := settings{}
	s.watchOutbox(c)
	c.add("lifecycles", "name: order", "source: {database: postgres, table: orders}", "states: {paid: {max: 15m, next: [shipped]}, shipped: {}}", schedule())
	c.kafkaCluster(b.addr, b.prefix, objectives(maxAge, absentAfter))
	c.add("kafka", "name: gone", "brokers: ['127.0.0.1:1']", "order_id: key", schedule())
	p := start(t, c)
	p.lenient = true

	file := p.file
	for sentence, args := range map[string][]string{"a running lostorder": {"--url=" + p.url}, "from here": {"--config.file=" + file}} {
		t.Run(sentence, func(t *testing.T) {
			out, err := exec.Command(binary, append([]string{"explain", "o-17", "--json"}, args...)...).Output()
			if err != nil {
				t.Fatalf("explain: %v %s", err, out)
			}
			var o api.Order
			if err := json.Unmarshal(out, &o); err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for i, e := range o.Events {
				kinds = append(kinds, fmt.Sprintf("%s %s", o.Places[e.Place].Name, e.Kind))
				want := []time.Time{sent.Add(-21 * time.Minute), sent.Add(-20 * time.Minute), sent.Add(-19 * time.Minute), sent}[min(i, 3)]
				if d := e.At.Sub(want); d < -time.Minute || d > time.Minute {
					t.Errorf("%s is at %s, want %s", kinds[i], e.At, want)
				}
			}
			want := []string{"outbox row", "orders state", "outbox published", dlq + " dead_letter"}
			if !slices.Equal(kinds, want) {
				t.Errorf("the events are %q, want %q", kinds, want)
			}
			if len(o.Expected) != 1 || !o.Expected[0].Overdue || len(o.Traces) != 1 || o.Traces[0].ID != trace {
				t.Errorf("expected is %+v, traces %+v", o.Expected, o.Traces)
			}
			gaps := 0
			for _, place := range o.Places {
				gaps += len(place.Gaps)
			}
			if gaps != 1 || !strings.Contains(o.Summary, "1 of 4 places could not be searched") {
				t.Errorf("%d gaps; %s", gaps, o.Summary)
			}
		})
	}
	// Its findings are named as soon as they are open.
	eventually(t, "the finding is in the trail", func() (bool, string) {
		_, body := p.get("/api/v1/orders/o-17")
		var o api.Order
		_ = json.Unmarshal([]byte(body), &o)
		return slices.ContainsFunc(o.Findings, func(f api.Finding) bool { return f.Mode == signal.OrderOverdue }), body
	})
	if left := b.committed(group, topic, 1); left != 2 {
		t.Errorf("the group has committed %d", left)
	}
}
