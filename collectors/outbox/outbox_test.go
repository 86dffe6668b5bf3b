package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// everything names all columns that the config may name.
const everything = "columns: {published_at: published_at, order_id: aggregate_id, traceparent: traceparent, attempts: attempts, error: last_error}"

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// makeTable creates an outbox that the user of lostorder may read.
func makeTable(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf(`CREATE TABLE outbox (id BIGINT PRIMARY KEY, aggregate_id %s, status %s, created_at %s NULL, published_at %s NULL,
		traceparent VARCHAR(80), attempts INTEGER DEFAULT 0, last_error TEXT)`, s.Key, s.Key, s.Time, s.Time))
	s.Grant(t, "outbox")
}

// add adds a pending row.
func add(t *testing.T, s *databasetest.Shop, id int, age time.Duration) {
	t.Helper()
	s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, status, created_at, traceparent) VALUES (%d, 'order-%d', 'PENDING', %s, '%s')", id, id, s.Ago(age), traceparent))
}

// settings is a config file with one outbox; more are further keys of it.
func settings(url string, more ...string) string {
	return settingsWith(url, "", more...)
}

func settingsWith(url, database string, more ...string) string {
	lines := []string{
		"databases:", "  - {name: shop, max_connections: 100, url: '" + url + "'" + database + "}",
		"outboxes:", "  - name: orders", "    interval: 100ms", "    database: shop", "    table: outbox",
	}
	for _, line := range more {
		lines = append(lines, "    "+line)
	}
	return strings.Join(lines, "\n") + "\n"
}

func load(t *testing.T, text string) []collectors.Target {
	t.Helper()
	return outbox.Source().Targets(parse(t, text))
}

func parse(t *testing.T, text string) *config.File {
	t.Helper()
	f, err := config.Parse("test.yml", []byte(text), t.TempDir(), []config.Section{database.Section(), outbox.Source().Section})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reports is a sink.
type reports chan signal.Report

// Report takes a report if a test waits for it.
func (r reports) Report(report signal.Report) {
	select {
	case r <- report:
	default:
	}
}

// read runs the only target of a config until its first report.
func read(t *testing.T, text string) signal.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	sink := make(reports, 1)
	done := make(chan error, 1)
	target := load(t, text)[0]
	go func() { done <- target.New(slog.New(slog.DiscardHandler)).Run(ctx, sink) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	select {
	case r := <-sink:
		return r
	case <-ctx.Done():
		t.Fatal("there was no report")
		return signal.Report{}
	}
}

// whole returns the outbox of a reading and fails if the reading is not complete.
func whole(t *testing.T, r signal.Report) signal.Outbox {
	t.Helper()
	if r.Err != nil {
		t.Fatalf("the reading is not complete: %v", r.Err)
	}
	if len(r.Outboxes) != 1 {
		t.Fatalf("the reading has %d outboxes, want 1", len(r.Outboxes))
	}
	return r.Outboxes[0]
}

// checkAge compares an age with the expected one, with room for the time of the test itself.
func checkAge(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want-time.Second || got > want+10*time.Second {
		t.Errorf("%s is %s old, want %s", what, got, want)
	}
}

func TestPendingRowsAreCountedAndNamed(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, 7, 3*time.Minute)
		add(t, s, 3, 2*time.Minute)
		add(t, s, 9, time.Minute)
		add(t, s, 1, time.Hour)
		s.Run(t, "UPDATE outbox SET published_at = created_at WHERE id = 1",
			"UPDATE outbox SET attempts = 4, last_error = 'no broker' WHERE id = 7",
			"UPDATE outbox SET attempts = 1, traceparent = 'nonsense' WHERE id = 3")
		if o := whole(t, read(t, settings(s.URL, everything, "where: id <> 7 AND id <> 3"))); o.HeadKey != "9" || !o.HeadUntried {
			t.Errorf("the head is %q, never tried %v; want 9, true", o.HeadKey, o.HeadUntried)
		}
		r := read(t, settings(s.URL, everything, "sample: 2"))
		o := whole(t, r)
		if o.Pending != 3 || o.PendingCapped || o.Retried != 2 || o.Failed != 1 {
			t.Errorf("pending %d (capped %v), retried %d, failed %d; want 3 (false), 2, 1", o.Pending, o.PendingCapped, o.Retried, o.Failed)
		}
		if o.HeadKey != "7" || o.HeadUntried {
			t.Errorf("the head is %q, never tried %v; want 7, false", o.HeadKey, o.HeadUntried)
		}
		if o.Name != "orders" || o.Database != "shop" || o.Table != "outbox" || o.MaxAge != time.Minute {
			t.Errorf("it is %s, %s, %s, %s", o.Name, o.Database, o.Table, o.MaxAge)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(r.At)), 3*time.Minute)
		if len(o.Sample) != 2 || o.Sample[0].ID != "order-7" || o.Sample[1].ID != "order-3" {
			t.Fatalf("waiting are %v, want order-7 and order-3", o.Sample)
		}
		if got := o.Sample[0].TraceID; got != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("the trace is %q", got)
		}
		if got := o.Sample[1].TraceID; got != "" {
			t.Errorf("an invalid traceparent gives the trace %q", got)
		}
		if len(r.Warnings) != 0 {
			t.Errorf("warnings: %q", r.Warnings)
		}
	})
}

func TestOrderIDOfSeveralColumns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, 7, time.Minute)
		add(t, s, 8, time.Second)
		s.Run(t, "UPDATE outbox SET aggregate_id = NULL WHERE id = 8") // an event without an order
		o := whole(t, read(t, settings(s.URL, "columns: {published_at: published_at, order_id: [status, aggregate_id], traceparent: traceparent}")))
		if len(o.Sample) != 1 || o.Sample[0].ID != "PENDING/order-7" || o.Sample[0].TraceID != traceparent[3:35] {
			t.Errorf("orders that wait: %+v", o.Sample)
		}
	})
}
