//go:build integration

package outbox_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// TestRealFailoverKeepsWhatIsKnownOfTheRelay: the standby that is promoted is the same database.
// Rows that the relay skipped stay skipped, and one that it skipped during the failover is found.
func TestRealFailoverKeepsWhatIsKnownOfTheRelay(t *testing.T) {
	s := databasetest.Postgres(t)
	r := newSequenced(t, s, byPosition, "columns: {order_id: aggregate_id, sequence: id}")
	standby, url := databasetest.Standby(t, s)
	memory := &collectortest.Memory{}
	next, end := live(t, settings(s.URL, byPosition, "columns: {order_id: aggregate_id, sequence: id}"), memory)
	r.place(1)
	r.relay(1)
	next()
	next()
	late2, _ := r.begin(2)
	late4, _ := r.begin(4)
	r.place(5)
	r.relay(5)
	for passed := ""; passed != "5"; {
		passed = whole(t, next()).Skipped.Position
	}
	late2()
	for found := 0; found < 1; {
		found = len(whole(t, next()).Skipped.Rows)
	}
	end()
	late4()
	var written string
	if err := s.Admin.QueryRow("SELECT pg_current_wal_insert_lsn()::text").Scan(&written); err != nil {
		t.Fatal(err)
	}
	for deadline, there := time.Now().Add(time.Minute), false; !there; time.Sleep(50 * time.Millisecond) {
		if err := standby.QueryRow("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", written).Scan(&there); err != nil || time.Now().After(deadline) {
			t.Fatalf("the standby does not catch up: %v", err)
		}
	}
	if _, err := standby.Exec("SELECT pg_promote()"); err != nil {
		t.Fatal(err)
	}
	next, end = live(t, settings(url, byPosition, "columns: {order_id: aggregate_id, sequence: id}"), memory)
	first := next()
	if got := whole(t, first).Skipped.Rows; len(got) != 2 || got[0].Sequence != 2 || got[1].Sequence != 4 || !first.Recalled || first.Rewound {
		t.Errorf("the first reading finds %+v, rewound: %t, recalled: %t", got, first.Rewound, first.Recalled)
	}
	if log := end(); !strings.Contains(log, "another server has taken over the database") || !strings.Contains(log, "timeline 2") {
		t.Errorf("log: %s", log)
	}
}

// TestRealOutboxOfAnotherDatabaseIsNotBelieved: it has the same name, and the numbers mean other
// rows.
func TestRealOutboxOfAnotherDatabaseIsNotBelieved(t *testing.T) {
	for kind, open := range map[string]func(testing.TB) *databasetest.Shop{"postgres": databasetest.Postgres, "mariadb": databasetest.MariaDB} {
		t.Run(kind, func(t *testing.T) {
			const columns = "columns: {order_id: aggregate_id, sequence: id}"
			memory := &collectortest.Memory{}
			var identities []string
			for i, s := range []*databasetest.Shop{open(t), open(t)} {
				r := newSequenced(t, s, byPosition, columns)
				next, end := live(t, settings(s.URL, byPosition, columns), memory)
				r.place(1)
				late, _ := r.begin(2)
				if i == 1 {
					late() // it was never behind the relay
				}
				r.place(3)
				r.relay(3)
				report := next()
				for whole(t, report).Skipped == nil || whole(t, report).Skipped.Position != "3" {
					report = next()
				}
				if i == 0 {
					late()
				}
				report = next()
				if got := whole(t, report).Skipped.Rows; len(got) != 1-i || report.Recalled {
					t.Errorf("reading %d finds %+v, recalled: %t", i, got, report.Recalled)
				}
				identities = append(identities, report.Identity)
				end()
			}
			if identities[0] == identities[1] || identities[0] == "" {
				t.Errorf("they are %q", identities)
			}
		})
	}
}

// TestRestoredBackupForgetsTheNumbersThatAreUsedAgain: another order gets the number of one that
// the relay had skipped, and the numbers that were rolled back get rows.
func TestRestoredBackupForgetsTheNumbersThatAreUsedAgain(t *testing.T) {
	const columns = "columns: {order_id: aggregate_id, sequence: id}"
	s := databasetest.SQLite(t)
	r := newSequenced(t, s, byPosition, columns)
	memory := &collectortest.Memory{}
	next, end := live(t, settings(s.URL, byPosition, columns), memory)
	late2, _ := r.begin(2)
	late5, _ := r.begin(5)
	r.place(1)
	r.place(3)
	r.relay(3)
	for passed := ""; passed != "3"; {
		passed = whole(t, next()).Skipped.Position
	}
	late2()
	for found := 0; found < 1; {
		found = len(whole(t, next()).Skipped.Rows)
	}
	backup := s.Path + ".backup"
	s.Run(t, "VACUUM INTO '"+backup+"'")
	r.place(6)
	r.place(7)
	r.relay(7)
	for passed := ""; passed != "7"; {
		passed = whole(t, next()).Skipped.Position
	}
	late5()
	for found := 0; found < 2; {
		found = len(whole(t, next()).Skipped.Rows)
	}
	end()
	if err := errors.Join(s.Admin.Close(), os.Remove(s.Path+"-wal"), os.Remove(s.Path+"-shm"), os.Rename(backup, s.Path)); err != nil {
		t.Fatal(err)
	}
	s = databasetest.Reopen(t, s)
	r.s = s
	s.Run(t, "INSERT INTO outbox (id, aggregate_id, status, created_at) VALUES (4, 'another-4', 'PENDING', "+s.Ago(0)+"), (5, 'another-5', 'PENDING', "+s.Ago(0)+"), (6, 'another-6', 'PENDING', "+s.Ago(0)+"), (7, 'another-7', 'PENDING', "+s.Ago(0)+"), (8, 'another-8', 'PENDING', "+s.Ago(0)+")")
	r.relay(8)
	next, end = live(t, settings(s.URL, byPosition, columns), memory)
	report := next()
	for range 2 {
		if got := whole(t, report).Skipped.Rows; len(got) != 1 || got[0].Sequence != 2 {
			t.Errorf("after the backup was restored it finds %+v", got)
		}
		report = next()
	}
	end()
}
