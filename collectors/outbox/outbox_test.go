package outbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// shop is an SQLite file with an outbox, in WAL mode, held open as a live
// application holds it.
type shop struct {
	*sql.DB
	path string
}

func newShop(t *testing.T, statements ...string) shop {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := shop{db, path}
	s.run(t, statements...)
	return s
}

func (s shop) run(t *testing.T, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := s.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

const table = `CREATE TABLE outbox (id INTEGER PRIMARY KEY, aggregate_id TEXT, status TEXT, created_at TEXT, published_at TEXT,
	traceparent TEXT, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT)`

// ago is a moment as SQLite writes it.
func ago(d time.Duration) string {
	return time.Now().Add(-d).UTC().Format("2006-01-02 15:04:05.000")
}

// target makes the target of an outbox on the file; extra are further lines of
// its config.
func target(t *testing.T, url string, extra ...string) collectors.Target {
	t.Helper()
	lines := []string{
		"databases:", "  - name: shop", "    url: '" + url + "'",
		"outboxes:", "  - name: orders", "    database: shop", "    table: outbox",
	}
	for _, line := range extra {
		lines = append(lines, "    "+line)
	}
	return targets(t, strings.Join(lines, "\n"))[0]
}

func targets(t *testing.T, text string) []collectors.Target {
	t.Helper()
	f, err := config.Parse("test.yml", []byte(text), t.TempDir(), []config.Section{database.Section(), outbox.Source().Section})
	if err != nil {
		t.Fatal(err)
	}
	return outbox.Source().Targets(f)
}

// read runs the target until its first report.
func read(t *testing.T, target collectors.Target) signal.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	reports := make(reports, 100)
	done := make(chan error, 1)
	go func() { done <- target.New(slog.New(slog.DiscardHandler)).Run(ctx, reports) }()
	report, ok := <-reports, true
	cancel()
	if err := <-done; err != nil || !ok {
		t.Fatalf("run: %v", err)
	}
	return report
}

type reports chan signal.Report

func (r reports) Report(report signal.Report) {
	select {
	case r <- report:
	default:
	}
}

func TestSmoke(t *testing.T) {
	s := newShop(t, table,
		fmt.Sprintf("INSERT INTO outbox (aggregate_id, created_at, traceparent) VALUES ('o-1', '%s', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')", ago(time.Minute)))
	r := read(t, target(t, "sqlite://"+s.path, "columns: {published_at: published_at, order_id: aggregate_id, traceparent: traceparent, attempts: attempts, error: last_error}"))
	t.Logf("%+v %v %v", r.Outboxes, r.Err, r.Warnings)
	_ = os.Stdout
}
