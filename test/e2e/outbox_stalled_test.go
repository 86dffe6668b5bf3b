//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

func TestRealOutboxWithoutARelayIsStalled(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		s.commit("e-0", "o-0", "", time.Hour)
		if _, err := s.publish(); err != nil {
			t.Fatal(err)
		}
		c := settings{}
		s.watchOutbox(c)
		p := start(t, c)

		s.commit("e-1", "o-1", "00-"+trace+"-00f067aa0ba902b7-01", time.Second)
		s.commit("e-2", "o-2", "", 0)
		f := p.find(signal.OutboxStalled, s.outbox())
		p.says(f, "pending_events", "2", "oldest_row", "outbox e-1", "max_age", maxAge.String())
		p.names(f, "o-1", "o-2")
		if f.TraceID != trace || f.Count != 2 || f.Severity != signal.Critical {
			t.Errorf("got %s", inJSON(f))
		}
		if n, _ := p.value("lostorder_outbox_pending_messages", "outbox=relay"); n != 2 {
			t.Errorf("the metric is %v pending", n)
		}
		// More orders open no second finding.
		s.commit("e-3", "o-3", "", 0)
		p.names(f, "o-1", "o-2", "o-3")
		p.silent(maxAge)

		for s.pending() > 0 {
			if _, err := s.publish(); err != nil {
				t.Fatal(err)
			}
		}
		p.closes(f)
		p.silent(maxAge)
	})
}

func TestRealOutboxThatDrainsSlowlyIsNotStalled(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		for i := range 200 {
			s.commit(fmt.Sprintf("e-%03d", i), fmt.Sprint("o-", i), "", time.Hour-time.Duration(i)*time.Second)
		}
		repeat(t, maxAge/10, func() error { _, err := s.publish(); return err })
		c := settings{}
		s.watchOutbox(c)
		start(t, c).silent(watchFor)
		if n := s.pending(); n < 20 {
			t.Errorf("only %d events were left: the backlog was too small", n)
		}
	})
}

func TestRealIdleOutboxIsNotStalled(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		s.commit("e-1", "o-1", "", 24*time.Hour)
		if _, err := s.publish(); err != nil {
			t.Fatal(err)
		}
		c := settings{}
		s.watchOutbox(c)
		start(t, c).silent(watchFor)
	})
}
