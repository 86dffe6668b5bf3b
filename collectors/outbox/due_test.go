package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// Laravel reserves a job by writing when. Its worker has retry_after, 90 seconds by default.
func TestLaravelJobsThatAreNotDueOrReservedAreNotPending(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		libraries["Laravel"].make(t, s)
		job := func(due time.Duration, reserved string) {
			now := time.Now()
			s.Run(t, fmt.Sprintf("INSERT INTO jobs (queue, payload, attempts, reserved_at, available_at, created_at) VALUES ('default', '{}', 0, %s, %d, %d)",
				reserved, now.Add(due).Unix(), now.Add(-time.Hour).Unix()))
		}
		for range 3 {
			job(24*time.Hour, "NULL")
		}
		job(-10*time.Minute, fmt.Sprint(time.Now().Add(-time.Minute).Unix()))
		r := read(t, withPreset(s.URL, "", "laravel"))
		if o := whole(t, r); o.Pending != 0 || o.HeadKey != "" || o.Oldest.Known() || len(r.Warnings) > 0 {
			t.Errorf("pending %d, head %q, oldest known %v, warnings %q; want nothing pending", o.Pending, o.HeadKey, o.Oldest.Known(), r.Warnings)
		}
		job(-2*time.Minute, "NULL")
		job(-4*time.Minute, fmt.Sprint(time.Now().Add(-3*time.Minute).Unix())) // its worker died
		r = read(t, withPreset(s.URL, "", "laravel"))
		o := whole(t, r)
		if o.Pending != 2 || o.PendingCapped || o.HeadKey != "6" {
			t.Errorf("pending %d (capped %v), head %q; want 2 (false), 6", o.Pending, o.PendingCapped, o.HeadKey)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(r.At)), 4*time.Minute)
		o = whole(t, read(t, withPreset(s.URL, "", "laravel", "lease: 5m")))
		if o.Pending != 1 || o.HeadKey != "5" {
			t.Errorf("with a longer lease: pending %d, head %q; want 1, 5", o.Pending, o.HeadKey)
		}
		o = whole(t, read(t, withPreset(s.URL, "", "laravel", "cap: 1")))
		if o.Pending != 1 || !o.PendingCapped {
			t.Errorf("with a cap of 1: pending %d, capped %v", o.Pending, o.PendingCapped)
		}
	})
}

func TestRowsWaitFromTheMomentTheyAreDueAndNobodyHasReservedThem(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE outbox (id BIGINT PRIMARY KEY, created_at %s NOT NULL, run_at %[1]s NULL, locked_until %[1]s NULL)", s.Time))
		s.Grant(t, "outbox")
		row := func(id int, created, due, locked string) {
			s.Run(t, fmt.Sprintf("INSERT INTO outbox VALUES (%d, %s, %s, %s)", id, created, due, locked))
		}
		hour, tomorrow := s.Ago(time.Hour), s.Ago(-24*time.Hour)
		row(1, hour, tomorrow, "NULL")
		row(2, hour, "NULL", s.Ago(-time.Minute))
		row(3, hour, s.Ago(2*time.Minute), s.Ago(time.Minute)) // due two minutes ago, and free again
		row(4, s.Ago(time.Minute), "NULL", "NULL")
		columns := "columns: {due: run_at, reserved_until: locked_until}"
		r := read(t, settings(s.URL, columns))
		o := whole(t, r)
		if o.Pending != 2 || o.HeadKey != "3" || len(r.Warnings) > 0 {
			t.Errorf("pending %d, head %q, warnings %q; want 2, 3, none", o.Pending, o.HeadKey, r.Warnings)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(r.At)), 2*time.Minute)
	})
}

func TestManyRowsThatAreNotDueHideNoneThatIs(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE outbox (id BIGINT PRIMARY KEY, run_at %s NOT NULL)", s.Time), "CREATE INDEX due ON outbox (run_at, id)")
		s.Grant(t, "outbox")
		n, limit := rows(s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox SELECT i, %s FROM %s", s.Ago(-24*time.Hour), s.Many(n)),
			fmt.Sprintf("INSERT INTO outbox VALUES (%d, %s)", n+1, s.Ago(5*time.Minute)))
		s.Analyse(t, "outbox")
		o := whole(t, read(t, settingsWith(s.URL, limit, "columns: {due: run_at}")))
		if o.Pending != 1 || o.PendingCapped || o.HeadKey != fmt.Sprint(n+1) {
			t.Errorf("pending %d (capped %v), head %q; want 1 (false), %d", o.Pending, o.PendingCapped, o.HeadKey, n+1)
		}
	})
}

func TestWarningAboutTheFutureNamesTheColumnThatExplainsIt(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, 1, -time.Hour)
		r := read(t, settings(s.URL))
		if len(r.Warnings) != 1 || !strings.HasSuffix(r.Warnings[0], "name it in columns.due.") {
			t.Errorf("warnings: %q", r.Warnings)
		}
		if r = read(t, settings(s.URL, "columns: {due: created_at}")); len(r.Warnings) > 0 {
			t.Errorf("with columns.due: %q", r.Warnings)
		}
	})
}
