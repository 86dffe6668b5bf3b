//go:build integration

package database_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// originOf reads whose data a database shows, as a user that may do nothing else.
func originOf(t *testing.T, url string) (o signal.Origin) {
	t.Helper()
	db := open(t, url, "")
	defer db.Close()
	err := db.Read(t.Context(), func(in *database.Reading) (err error) {
		o, err = in.Origin(t.Context())
		return err
	})
	if err != nil || o.Name == "" {
		t.Fatalf("it shows %+v, err %v", o, err)
	}
	return o
}

func became(t *testing.T, what string, before, now signal.Origin, want signal.Continuity) {
	t.Helper()
	if got := now.Since(before); got != want {
		t.Errorf("%s became %q, want %q: it was %+v and is %+v", what, got, want, before, now)
	}
}

// busy writes to the database.
func busy(t *testing.T, admin *sql.DB) {
	t.Helper()
	for _, statement := range []string{"CREATE TABLE IF NOT EXISTS busy (text VARCHAR(4000))", "INSERT INTO busy VALUES ('" + strings.Repeat("x", 4000) + "')"} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 { // about a megabyte
		if _, err := admin.Exec("INSERT INTO busy SELECT text FROM busy"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRealServerSaysWhoseDataItShows(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, "CREATE TABLE orders (id INTEGER)")
		s.Grant(t, "orders")
		before := originOf(t, s.URL)
		t.Logf("%+v", before)
		if before.Position == 0 {
			t.Errorf("it does not say how far it has written: %+v", before)
		}
		became(t, "it", before, originOf(t, s.URL), signal.Continued)
		busy(t, s.Admin)
		after := originOf(t, s.URL)
		for late := time.Now().Add(time.Minute); after.Position <= before.Position && time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
			after = originOf(t, s.URL) // InnoDB says it a moment later
		}
		became(t, "it, written to,", before, after, signal.Continued)
		became(t, "a backup from before that", after, before, signal.Rewound)
	})
}

func TestRealDatabaseOfAnotherShopIsAnother(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		other := map[string]func(testing.TB) *databasetest.Shop{"postgres": databasetest.Postgres, "mariadb": databasetest.MariaDB, "mysql": databasetest.MySQL}
		kind := s.Kind
		if s.MySQL {
			kind = "mysql"
		}
		next := other[kind](t)
		for _, shop := range []*databasetest.Shop{s, next} {
			shop.Run(t, "CREATE TABLE orders (id INTEGER)")
			shop.Grant(t, "orders")
		}
		became(t, "the database", originOf(t, s.URL), originOf(t, next.URL), signal.Replaced)
	})
}

// TestRealPostgresWithoutTheRightToItsIdentifier: some operators revoke it.
func TestRealPostgresWithoutTheRightToItsIdentifier(t *testing.T) {
	s := databasetest.Postgres(t)
	before := originOf(t, s.URL)
	s.Run(t, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
	o := originOf(t, s.URL)
	if !strings.HasPrefix(before.Name, "system ") || !strings.HasPrefix(o.Name, "database ") || !strings.HasSuffix(before.Name, o.Name) {
		t.Errorf("it is %q, and without the right %q", before.Name, o.Name)
	}
}

// TestRealPromotedStandbyIsTheSameDatabase: unless it had not received all that its primary had
// written, which is what a restored backup looks like, too.
func TestRealPromotedStandbyIsTheSameDatabase(t *testing.T) {
	s := databasetest.Postgres(t)
	busy(t, s.Admin)
	standby, url := databasetest.Standby(t, s)
	primary := originOf(t, s.URL)
	became(t, "the primary, read from its standby,", primary, originOf(t, url), signal.Continued)
	caughtUp := func() (done bool) {
		var at int64
		if err := standby.QueryRow("SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at >= primary.Position
	}
	for late := time.Now().Add(time.Minute); !caughtUp(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the standby does not catch up")
		}
	}
	if _, err := standby.Exec("SELECT pg_promote()"); err != nil {
		t.Fatal(err)
	}
	busy(t, s.Admin)
	ahead := originOf(t, s.URL)
	promoted := originOf(t, url)
	if promoted.Branch == primary.Branch || promoted.Branch == "" {
		t.Errorf("it is on timeline %q, and the primary was on %q", promoted.Branch, primary.Branch)
	}
	became(t, "the primary", primary, promoted, signal.Continued)
	became(t, "the primary that had written more", ahead, promoted, signal.Rewound)
}

// TestRealPromotedReplicaIsTheSameDatabase: where transactions have global ids, as both have by
// default in these versions.
func TestRealPromotedReplicaIsTheSameDatabase(t *testing.T) {
	databasetest.EachReplica(t, func(t *testing.T, r *databasetest.Replica) {
		s := r.Shop
		s.Run(t, "CREATE TABLE orders (id INTEGER)")
		s.Grant(t, "orders")
		r.Await(t, "the table", "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'orders'")
		s.Run(t, "CREATE TABLE more (id INTEGER)")
		r.Await(t, "the other table", "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'more'")
		primary := originOf(t, s.URL)
		if _, err := r.Admin.Exec("SET GLOBAL read_only = ON"); err != nil {
			t.Fatal(err)
		}
		became(t, "the primary, read from its replica,", primary, originOf(t, r.URL), signal.Continued)
		r.Promote(t)
		if _, err := r.Admin.Exec("SET GLOBAL read_only = OFF"); err != nil {
			t.Fatal(err)
		}
		busy(t, s.Admin)
		ahead := originOf(t, s.URL)
		promoted := originOf(t, r.URL)
		t.Logf("%+v, then %+v", primary, promoted)
		became(t, "the primary", primary, promoted, signal.Continued)
		became(t, "the primary that had written more", ahead, promoted, signal.Rewound)
		if _, err := r.Admin.Exec("CREATE TABLE shop.later (id INTEGER)"); err != nil {
			t.Fatal(err)
		}
		became(t, "the promoted replica", promoted, originOf(t, r.URL), signal.Continued)
	})
}

// TestFileInThePlaceOfAnotherHasLostWrites: a restored backup of SQLite.
func TestFileInThePlaceOfAnotherHasLostWrites(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE orders (id INTEGER)")
	path := s.Path
	before := originOf(t, s.URL)
	s.Run(t, "INSERT INTO orders VALUES (1)", "CREATE TABLE more (id INTEGER)")
	after := originOf(t, s.URL)
	became(t, "the file", before, after, signal.Continued)
	became(t, "an older copy in the same file", after, before, signal.Rewound)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(filepath.Dir(path), "restored")
	if err := os.WriteFile(restored, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(restored, path); err != nil {
		t.Fatal(err)
	}
	became(t, "the file", after, originOf(t, s.URL), signal.Rewound)
}
