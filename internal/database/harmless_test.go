package database_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestALockingClauseIsNoPredicateAndNoQuery(t *testing.T) {
	for _, clause := range []string{"FOR UPDATE", "for share", "FOR NO KEY UPDATE NOWAIT", "FOR KEY SHARE", "LOCK IN SHARE MODE", "INTO OUTFILE '/tmp/x'"} {
		if got := database.CheckQuery("SELECT id FROM orders " + clause); !strings.Contains(got, "locks rows or writes") {
			t.Errorf("a query with %s: %q", clause, got)
		}
		if got := database.CheckPredicate("id IN (SELECT id FROM orders " + clause + ")"); !strings.Contains(got, "locks rows or writes") {
			t.Errorf("a predicate with %s: %q", clause, got)
		}
	}
}

// TestAFunctionThatIsNotKnownToBeHarmlessIsRefused gives the user of the test every right,
// so that only lostorder stands between the function and the server.
func TestAFunctionThatIsNotKnownToBeHarmlessIsRefused(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (id INTEGER, status %s, at %s)", s.Key, s.Time), "INSERT INTO moments VALUES (1, 'NEW', "+s.Ago(0)+")")
		refused := []string{
			"get_lock('lostorder', 1) = 1", "benchmark(10, md5('a')) = 0", "load_file('/etc/passwd') IS NULL", "`get_lock`('lostorder', 1) = 1", "ours(1) = 1", "sleep(0.001) = 0",
			"status = 'a\\' AND get_lock('lostorder', 1) = 1 AND status <> 'b'",
		}
		allowed := []string{
			"lower(status) = 'new' AND char_length(status) > 1", "CAST(id AS DECIMAL(10,2)) > 0 AND (status IN ('NEW', 'sleep(1)')) AND coalesce(id, 0) BETWEEN (1) AND (2)",
			"id IN (SELECT max(id) FROM moments GROUP BY status HAVING count(*) > (0))", "at < now() - INTERVAL (0) SECOND OR EXISTS (SELECT 1)",
		}
		if s.Kind == "postgres" {
			s.Run(t, "ALTER ROLE "+s.User+" SUPERUSER", "CREATE FUNCTION ours(n int) RETURNS int LANGUAGE sql AS 'SELECT n'",
				"CREATE FUNCTION pure(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n'")
			refused = []string{
				"pg_advisory_lock(7) IS NULL", "pg_try_advisory_lock(7)", "pg_terminate_backend(0)", "pg_catalog.pg_advisory_lock(0) IS NULL", `"pg_advisory_lock" (0) IS NULL`, "ours(1) = 1",
				"(SELECT count(*) FROM pg_create_physical_replication_slot('planted')) = 1", "pg_read_file('PG_VERSION') <> ''", "txid_current() > 0", "pg_catalog.pg_sleep(0) IS NOT NULL", "pg_sleep_for('1 ms') IS NOT NULL",
				`status = E'a\' AND pg_advisory_lock(7) IS NULL AND status <> E'b'`,
			}
			allowed = []string{
				"lower(status) = 'new' AND length(status) > 1", "pure(1) = 1 AND id::numeric(10,2) > 0 AND status IN ('NEW', 'pg_sleep(1)')", "random() < 2 AND clock_timestamp() > at",
				"id IN (SELECT max(id) FROM moments GROUP BY status HAVING count(*) > (0))", "at < now() + interval '1 hour' OR EXISTS (SELECT 1)",
			}
		} else {
			s.Run(t, "CREATE FUNCTION ours(n INTEGER) RETURNS INTEGER DETERMINISTIC RETURN n", "GRANT ALL ON *.* TO "+s.Reader())
		}
		s.Grant(t, "moments")
		for _, predicate := range refused {
			if _, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches(predicate)); !errors.Is(err, database.ErrUnsafe) {
				t.Errorf("%s: %v", predicate, err)
			}
			err := open(t, s.URL, "").Read(t.Context(), func(r *database.Reading) error {
				_, err := r.Query(t.Context(), "query", "SELECT * FROM moments WHERE "+predicate)
				return err
			})
			if !errors.Is(err, database.ErrUnsafe) {
				t.Errorf("a query with %s: %v", predicate, err)
			}
		}
		for _, predicate := range allowed {
			if _, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches(predicate)); err != nil {
				t.Errorf("%s: %v", predicate, err)
			}
		}
		var left int
		query := "SELECT count(*) FROM information_schema.processlist WHERE is_used_lock('lostorder') IS NOT NULL"
		if s.Kind == "postgres" {
			query = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') + (SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'planted')"
		}
		if s.MySQL {
			query = "SELECT is_used_lock('lostorder') IS NOT NULL"
		}
		if err := s.Admin.QueryRow(query).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d locks or slots are left (%v)", left, err)
		}
	})
}

// TestRightsBeyondReadingAreListed gives a user rights and takes them away.
func TestRightsBeyondReadingAreListed(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (id INTEGER, at %s)", s.Time))
		s.Grant(t, "moments")
		excess := func() string {
			db := open(t, s.URL, "")
			if err := db.Read(t.Context(), func(r *database.Reading) error {
				return r.Ask(t.Context(), "SELECT 1", func(*sql.Rows) error { return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(db.Excess(t.Context()), "\n")
		}
		if got := excess(); got != "" {
			t.Errorf("a user that only reads has %s", got)
		}
		s.Run(t, "GRANT INSERT, UPDATE ON moments TO "+s.Reader())
		want := "may change table moments"
		if s.Kind != "postgres" {
			want = "has INSERT, UPDATE on "
		}
		if got := excess(); !strings.Contains(got, want) || strings.Count(got, "\n") > 0 {
			t.Errorf("with rights to write it is %q, want %q", got, want)
		}
		if s.Kind == "postgres" {
			s.Run(t, "ALTER ROLE "+s.User+" SUPERUSER")
			want = "is a superuser"
		} else {
			s.Run(t, "GRANT ALL ON *.* TO "+s.Reader())
			want = " on *.*; lostorder only needs to read"
		}
		if got := excess(); !strings.Contains(got, want) {
			t.Errorf("with every right it is %q, want %q", got, want)
		}
	})
}
