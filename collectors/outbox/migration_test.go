package outbox_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// A migration is visible in the next reading, not only after the hour for which query
// plans are cached.
func TestMigrationIsVisibleInTheNextReading(t *testing.T) {
	steps := []struct {
		name string
		sql  func(s *databasetest.Shop) string
		want string // in the error; empty for a whole reading
	}{
		{"a column is missing", nil, `no column "published_at"`},
		{"it is added", func(s *databasetest.Shop) string {
			return "ALTER TABLE outbox ADD COLUMN published_at " + s.Time + " NULL"
		}, ""},
		{"it is renamed", func(*databasetest.Shop) string { return "ALTER TABLE outbox RENAME COLUMN published_at TO published" }, `no column "published_at"`},
		{"it is renamed back", func(*databasetest.Shop) string { return "ALTER TABLE outbox RENAME COLUMN published TO published_at" }, ""},
		{"another is added", func(*databasetest.Shop) string { return "ALTER TABLE outbox ADD COLUMN topic VARCHAR(20)" }, ""},
		{"it is dropped", func(*databasetest.Shop) string { return "ALTER TABLE outbox DROP COLUMN published_at" }, `no column "published_at"`},
		{"it is added as another type", func(*databasetest.Shop) string { return "ALTER TABLE outbox ADD COLUMN published_at BIGINT" }, ""},
		{"the table is renamed", func(*databasetest.Shop) string { return "ALTER TABLE outbox RENAME TO outbox_old" }, `find table "outbox"`},
		{"the table is renamed back", func(*databasetest.Shop) string { return "ALTER TABLE outbox_old RENAME TO outbox" }, ""},
	}
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, 1, time.Minute)
		s.Run(t, "ALTER TABLE outbox DROP COLUMN published_at")
		next := watch(t, settings(s.URL, "columns: {published_at: published_at}"))
		for _, step := range steps {
			if step.sql != nil {
				s.Run(t, step.sql(s))
			}
			r := next()
			switch {
			case step.want == "" && whole(t, r).Pending != 1:
				t.Errorf("%s: pending is %d, want 1", step.name, r.Outboxes[0].Pending)
			case step.want != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), step.want) || !r.Empty()):
				t.Errorf("%s: the error is %v, want %q and no outbox", step.name, r.Err, step.want)
			}
		}
	})
}

// watch runs the only target of a config. next returns the first report of a reading
// that began after the call.
func watch(t *testing.T, text string) (next func() signal.Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	sink := make(reports)
	done := make(chan error, 1)
	go func() { done <- load(t, text)[0].New(slog.New(slog.DiscardHandler)).Run(ctx, sink) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return func() signal.Report {
		began := time.Now()
		for {
			select {
			case r := <-sink:
				if r.At.Add(-r.Duration).After(began) {
					return r
				}
			case <-time.After(2 * time.Minute):
				t.Fatal("there was no report")
			}
		}
	}
}
