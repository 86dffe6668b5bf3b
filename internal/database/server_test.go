//go:build integration

package database_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// peak counts, until the test stops it, the most connections that lostorder has to the server.
func peak(t *testing.T, s *databasetest.Shop) (stop func() int) {
	t.Helper()
	text := "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lostorder' AND usename = '" + s.User + "'"
	if s.Kind == "mariadb" {
		text = "SELECT count(*) FROM information_schema.processlist WHERE user = '" + s.User + "'"
	}
	ctx, cancel := context.WithCancel(t.Context())
	most := 0
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for ctx.Err() == nil {
			var n int
			if err := s.Admin.QueryRow(text).Scan(&n); err != nil {
				t.Error(err)
				return
			}
			most = max(most, n)
		}
	})
	return func() int {
		cancel()
		sampling.Wait()
		return most
	}
}

// slowly makes a view of moments that takes a while for each row, and returns its name. A query of
// lostorder may not sleep itself.
func slowly(t *testing.T, s *databasetest.Shop, d time.Duration) string {
	t.Helper()
	pause := fmt.Sprintf("sleep(%f) = 0", d.Seconds())
	if s.Kind == "postgres" {
		pause = fmt.Sprintf("pg_sleep(%f) IS NOT NULL", d.Seconds())
	}
	s.Run(t, "CREATE VIEW slow AS SELECT * FROM moments WHERE "+pause)
	s.Grant(t, "slow")
	if s.Kind != "postgres" {
		s.Run(t, "GRANT SHOW VIEW ON slow TO "+s.Reader())
	}
	return "slow"
}

func TestThreeHundredReadersStayWithinTheLimitOfTheServer(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		const readers, limit = 300, 4
		var all []*database.DB
		for i := range readers {
			// Fifty entries of databases on one server.
			all = append(all, open(t, s.URL, fmt.Sprintf(", scan_limit: %d, statement_timeout: 20s", 1000+i%50)))
		}
		slow := slowly(t, s, 5*time.Millisecond)
		stop := peak(t, s)
		for round := range 2 {
			var reading sync.WaitGroup
			began := time.Now()
			for _, db := range all {
				reading.Go(func() {
					if _, err := tally(t.Context(), db, slow); err != nil {
						t.Error(err)
					}
				})
			}
			reading.Wait()
			// make bench-orders shows that it takes less than an interval.
			if took := time.Since(began); took > 2*time.Minute {
				t.Errorf("round %d took %s: readings wait for each other", round, took)
			} else {
				t.Logf("round %d took %s", round, took)
			}
		}
		if most := stop(); most > limit || most == 0 {
			t.Errorf("lostorder had %d connections at once, want at most %d", most, limit)
		}
	})
}

// TestReadersThatHangLeaveTurnsToTheOthers: once a target is known to be slow, such targets take
// no more than half of the connections.
func TestReadersThatHangLeaveTurnsToTheOthers(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		slow := slowly(t, s, time.Minute)
		stop := peak(t, s)
		var hanging []*database.DB
		for range 10 {
			hanging = append(hanging, open(t, s.URL, ", statement_timeout: 2s"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var reading sync.WaitGroup
		var failed atomic.Int64
		for _, db := range hanging {
			reading.Go(func() {
				for ctx.Err() == nil {
					if _, err := tally(ctx, db, slow); err != nil {
						failed.Add(1)
					}
				}
			})
		}
		for failed.Load() < 10 { // each of them is known now
			time.Sleep(10 * time.Millisecond)
		}
		healthy := open(t, s.URL, "")
		for range 20 {
			began := time.Now()
			if _, err := tally(t.Context(), healthy, "moments"); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("a healthy reading waited %s", took)
			}
		}
		cancel()
		reading.Wait()
		for _, db := range hanging { // a reload
			_ = db.Close()
		}
		again := open(t, s.URL, ", statement_timeout: 3s")
		if _, err := tally(t.Context(), again, "moments"); err != nil {
			t.Error(err)
		}
		if most := stop(); most > 4 {
			t.Errorf("lostorder had %d connections at once, want at most 4", most)
		}
	})
}
