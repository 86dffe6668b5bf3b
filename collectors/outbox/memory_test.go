package outbox_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// live runs the only target of a config with a memory until end is called, and returns its
// readings, and its log after the end.
func live(t *testing.T, text string, memory collectors.Memory) (next func() signal.Report, end func() (log string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(collectors.WithMemory(t.Context(), memory))
	sink := make(reports)
	done := make(chan error, 1)
	var log bytes.Buffer
	go func() { done <- load(t, text)[0].New(slog.New(slog.NewTextHandler(&log, nil))).Run(ctx, sink) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	next = func() signal.Report {
		t.Helper()
		select {
		case r := <-sink:
			return r
		case <-time.After(2 * time.Minute):
			t.Fatal("there was no report")
			return signal.Report{}
		}
	}
	return next, func() string { stop(); return log.String() }
}

// TestRowThatARelaySkippedBeforeOrDuringADowntimeIsFound: no column shows that it was not
// published, so that only the memory knows.
func TestRowThatARelaySkippedBeforeOrDuringADowntimeIsFound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		r := newSequenced(t, s, byPosition, "columns: {order_id: aggregate_id, sequence: id}")
		text := settings(s.URL, byPosition, "columns: {order_id: aggregate_id, sequence: id}")
		memory := &collectortest.Memory{}
		next, end := live(t, text, memory)
		r.place(1)
		r.relay(1)
		next()
		next()
		// 2 and 4 are numbers of open transactions. The relay passes one while lostorder
		// watches, and one while it is down.
		late2, _ := r.begin(2)
		late4, _ := r.begin(4)
		r.place(3)
		r.relay(3)
		for passed := ""; passed != "3"; {
			passed = whole(t, next()).Skipped.Position
		}
		crashed := &collectortest.Memory{Kept: memory.Copy()}
		end()
		late2()
		r.place(5)
		r.relay(5)
		next, end = live(t, text, crashed)
		if got := whole(t, next()).Skipped.Rows; len(got) != 1 || got[0].Sequence != 2 {
			t.Errorf("the first reading finds %+v", got)
		}
		late4()
		for found := 0; found < 2; {
			found = len(whole(t, next()).Skipped.Rows)
		}
		if log := end(); !strings.Contains(log, "target resumed") {
			t.Errorf("log: %s", log)
		}
	})
}

// TestUselessMemoryOfAnOutboxIsIgnored: the log says why.
func TestUselessMemoryOfAnOutboxIsIgnored(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	add(t, s, 1, time.Minute)
	text := settings(s.URL)
	id := load(t, text)[0].ID
	memory := &collectortest.Memory{}
	next, end := live(t, text, memory)
	next()
	next()
	end()
	for name, tc := range map[string]struct {
		text, says string
		memory     []byte
	}{
		"it is damaged":              {text, "it is damaged", []byte("no memory")},
		"the outbox was another one": {strings.Replace(text, "table: outbox", "table: main.outbox", 1), "it is of another configuration", memory.Kept[id]},
	} {
		t.Run(name, func(t *testing.T) {
			next, end := live(t, tc.text, &collectortest.Memory{Kept: map[signal.TargetID][]byte{id: tc.memory}})
			r := next()
			if log := end(); r.Err != nil || r.Recalled || !strings.Contains(log, tc.says) {
				t.Errorf("err %v, recalled: %t, log: %s", r.Err, r.Recalled, log)
			}
		})
	}
}
