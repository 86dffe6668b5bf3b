//go:build integration

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// becomes waits until a target is up, or down with an error that contains a text.
func (p *program) becomes(name string, up bool, says string) api.Target {
	p.t.Helper()
	var got api.Target
	eventually(p.t, fmt.Sprintf("target %s is up: %v", name, up), func() (bool, string) {
		got = p.target(name)
		return got.Up == up && strings.Contains(got.Error, says) && (says != "" || got.Error == ""), inJSON(got)
	})
	collector, target, _ := strings.Cut(name, "/")
	want := 0.0
	if up {
		want = 1
	}
	if value, ok := p.value("lostorder_collector_up", "collector="+collector, "target="+target); !ok || value != want {
		p.t.Errorf("lostorder_collector_up of %s is %v, want %v", name, value, want)
	}
	return got
}

// TestRealDatabaseOutageOpensNoFinding: during the outage its target is red and the
// others are fresh. Time that was not observed opens no finding.
func TestRealDatabaseOutageOpensNoFinding(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]struct {
		how  func(*collectortest.Proxy)
		says string
	}{
		"it refuses": {(*collectortest.Proxy).Refuse, "connect to database postgres"},
		"it hangs":   {(*collectortest.Proxy).Hang, "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := kafka(t), postgres(t)
			topic := b.topic("orders", 1)
			b.join(b.prefix+"-billing", topic, pace{})
			repeat(t, 200*time.Millisecond, func() error { return b.write(topic, 0, "o-1") })
			// The relay's backlog is already old and does not shrink during the outage,
			// because the relay has no database either.
			for i := range 200 {
				s.commit(fmt.Sprintf("e-%03d", i), fmt.Sprint("o-", i), "", time.Hour-time.Duration(i)*time.Second)
			}
			relay := repeat(t, maxAge/10, func() error { _, err := s.publish(); return err })
			proxy := collectortest.NewProxy(t, s.Addr)
			away := s
			shop := *s.Shop
			away.Shop = &shop
			away.URL = s.At(proxy.Addr())
			c := watchQueues(b)
			away.watchOutbox(c)
			// The reading of a hanging server ends at its timeout.
			c["outboxes"][0] = strings.Replace(c["outboxes"][0], "timeout: 20s", "timeout: 5s", 1)
			p := start(t, c)
			p.silent(maxAge)

			relay()
			breaks.how(proxy)
			p.becomes("outbox/relay", false, breaks.says)
			p.fresh(2*maxAge, "kafka/main")
			if red := p.target("outbox/relay"); !red.Stale || red.ReadingAgeSeconds != nil {
				t.Errorf("a reading from before the outage is shown as current: %s", inJSON(red))
			}
			if _, shown := p.value("lostorder_outbox_pending_messages", "outbox=relay"); shown {
				t.Error("a reading from before the outage is on /metrics")
			}
			proxy.Pass()
			p.becomes("outbox/relay", true, "") // and has the same row before it as before
			relay = repeat(t, maxAge/10, func() error { _, err := s.publish(); return err })
			p.fresh(watchFor, "kafka/main", "outbox/relay")
			relay()
		})
	}
}

// TestRealTargetThatIsDownAtStartIsWatchedOnceItIsUp: lostorder starts,
// reports the error, watches the others, and finds the target's fault once it is up.
func TestRealTargetThatIsDownAtStartIsWatchedOnceItIsUp(t *testing.T) {
	t.Parallel()
	b, s := kafka(t), mariadb(t)
	topic := b.topic("orders", 1)
	b.send(topic, 0, "o-1")
	b.join(b.prefix+"-billing", topic, pace{})
	proxy := collectortest.NewProxy(t, s.Addr)
	proxy.Refuse()
	s.URL = s.At(proxy.Addr())
	s.place("o-1", "placed", time.Hour)
	c := watchQueues(b)
	s.watchOrders(c)
	p := start(t, c)
	p.becomes("orders/order", false, "nothing accepts connections there")
	p.fresh(maxAge, "kafka/main")
	proxy.Pass()
	p.becomes("orders/order", true, "")
	f := p.find(signal.OrderOverdue, s.placed())
	p.names(f, "o-1")
}
