//go:build integration

package database_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// makeMoments makes a table with one row of an hour ago.
func makeMoments(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf("CREATE TABLE moments (id INTEGER, at %s NOT NULL, secret VARCHAR(10))", s.Time),
		"INSERT INTO moments (id, at) VALUES (1, "+s.Ago(time.Hour)+")")
}

func checkHour(t *testing.T, got database.Tally, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
		return
	}
	if age := time.Since(got.Oldest.Time()); got.Rows.Count != 1 || got.Late.Count != 1 || (age-time.Hour).Abs() > 10*time.Second {
		t.Errorf("it is %s old, want an hour: %+v", age, got)
	}
}

func TestAGrantOfColumnsIsEnough(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments", "at")
		got, err := tally(t.Context(), open(t, s.URL, ""), "moments")
		checkHour(t, got, err)
	})
}

func TestAMissingRightIsPrintedAsAGrant(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Run(t, "CREATE TABLE other (id INTEGER)")
		s.Grant(t, "other") // without any right MariaDB shows no database at all
		db := open(t, s.URL, "")
		_, err := tally(t.Context(), db, "moments")
		if err == nil {
			t.Fatal("there is no error")
		}
		t.Log(err)
		at := strings.Index(err.Error(), "GRANT ")
		if at < 0 {
			t.Fatal("the error prints no GRANT")
		}
		for statement := range strings.SplitSeq(err.Error()[at:], ";") {
			if statement = strings.TrimSpace(statement); strings.HasPrefix(statement, "GRANT") {
				s.Run(t, statement)
			}
		}
		got, err := tally(t.Context(), db, "moments")
		checkHour(t, got, err)
	})
}

func TestWhyThereIsNoConnection(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		for _, test := range []struct{ name, url, want string }{
			{"a wrong password", s.As(s.User, "wrong-password"), "wrong password for user \"" + s.User},
			{"an unknown user", s.As("nobody_at_all", "wrong-password"), "wrong password for user \"nobody_at_all\""},
			{"a port where nothing listens", s.At(closed.Addr().String()), "nothing accepts connections there"},
			{"an unknown host", s.At("db.invalid:5432"), `host "db.invalid" is not known`},
			{"an unknown database", strings.Replace(s.URL, s.Addr+"/"+s.User, s.Addr+"/no_such_db", 1), "database \"no_such_db\""},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := tally(t.Context(), open(t, test.url, ""), "moments")
				if err == nil {
					t.Fatal("there is no error")
				}
				t.Log(err)
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("the error does not say %q", test.want)
				}
				for _, secret := range []string{s.Password, "wrong-password"} {
					if strings.Contains(err.Error(), secret) {
						t.Error("the error holds a password")
					}
				}
			})
		}
	})
}

func TestZones(t *testing.T) {
	for _, test := range []struct {
		name, kind, column, value, more string
		setup                           string
	}{
		{"a timestamp with zone on a server elsewhere", "postgres", "timestamptz", "now() - interval '1 hour'", "", "ALTER DATABASE %s SET timezone = 'America/New_York'"},
		{"a timestamp without zone in the server's zone", "postgres", "timestamp", "(now() AT TIME ZONE 'America/New_York') - interval '1 hour'", "", "ALTER DATABASE %s SET timezone = 'America/New_York'"},
		{"a timestamp without zone in UTC on a server elsewhere", "postgres", "timestamp", "(now() AT TIME ZONE 'UTC') - interval '1 hour'", ", time_zone: UTC", "ALTER DATABASE %s SET timezone = 'Asia/Kathmandu'"},
		{"a date with a zone that is configured", "postgres", "timestamp(0)", "(now() AT TIME ZONE 'Europe/Berlin') - interval '1 hour'", ", time_zone: Europe/Berlin", ""},
		{"a number of seconds", "postgres", "bigint", "extract(epoch FROM now())::bigint - 3600", "", ""},
		{"a number with a fraction", "postgres", "double precision", "extract(epoch FROM now()) - 3600", "", ""},
		{"a numeric of milliseconds", "postgres", "numeric", "(extract(epoch FROM now()) - 3600) * 1000", "", ""},
		{"a DATETIME in the server's zone", "mariadb", "datetime(6)", "now(6) - interval 1 hour", "", ""},
		{"a DATETIME in UTC", "mariadb", "datetime", "utc_timestamp() - interval 1 hour", ", time_zone: UTC", ""},
		{"a DATETIME in a zone that is configured", "mariadb", "datetime(3)", "utc_timestamp(3) - interval 1 hour + interval 330 minute", ", time_zone: '+05:30'", ""},
		{"a TIMESTAMP, whatever zone is configured", "mariadb", "timestamp(3)", "now(3) - interval 1 hour", ", time_zone: '+05:30'", ""},
		{"a number of milliseconds", "mariadb", "bigint", "(unix_timestamp() - 3600) * 1000", "", ""},
		{"a decimal of seconds", "mariadb", "decimal(20,6)", "unix_timestamp(now(6)) - 3600", "", ""},
	} {
		t.Run(test.kind+": "+test.name, func(t *testing.T) {
			databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
				if s.Kind != test.kind {
					t.Skip("another server")
				}
				if test.setup != "" {
					s.Run(t, fmt.Sprintf(test.setup, s.User))
				}
				s.Run(t, "CREATE TABLE moments (at "+test.column+" NULL)", "INSERT INTO moments VALUES ("+test.value+")")
				s.Grant(t, "moments")
				got, err := tally(t.Context(), open(t, s.URL, test.more), "moments")
				checkHour(t, got, err)
			})
		})
	}
}

// TestTheHourThatComesTwice: a moment without offset may be either at the end of
// summer time. It is the later one, for nothing may look older than it is.
func TestTheHourThatComesTwice(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		plain := map[string]string{"postgres": "timestamp(3)", "mariadb": "datetime(3)"}[s.Kind]
		db := open(t, s.URL, ", time_zone: Europe/Berlin")
		for local, utc := range map[string]string{
			"2025-10-26 01:59:59.750": "2025-10-25T23:59:59.75Z",
			"2025-10-26 02:00:00":     "2025-10-26T01:00:00Z",
			"2025-10-26 02:30:00.250": "2025-10-26T01:30:00.25Z",
			"2025-10-26 03:00:00":     "2025-10-26T02:00:00Z",
			"2025-07-01 02:30:00":     "2025-07-01T00:30:00Z",
			"2038-01-19 03:50:00":     "",
		} {
			s.Run(t, "DROP TABLE IF EXISTS moments", "CREATE TABLE moments (at "+plain+")", "INSERT INTO moments VALUES ('"+local+"')")
			s.Grant(t, "moments")
			got, err := tally(t.Context(), db, "moments")
			if utc == "" { // the last hour that MariaDB knows
				if err != nil || got.Future.Count != 1 {
					t.Errorf("%s is %+v, want one in the future; error %v", local, got, err)
				}
				continue
			}
			want, parsed := time.Parse(time.RFC3339Nano, utc)
			if parsed != nil {
				t.Fatal(parsed)
			}
			if err != nil || !got.Oldest.Time().Equal(want) {
				t.Errorf("%s is %s, want %s; error %v", local, got.Oldest.Time().UTC(), want, err)
			}
		}
	})
}

func TestAnUnknownZoneIsSaidClearly(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		_, err := tally(t.Context(), open(t, s.URL, ", time_zone: Mars/Olympus"), "moments")
		if err == nil || !strings.Contains(err.Error(), "Mars/Olympus") {
			t.Fatalf("got %v", err)
		}
		// One without its tables of zones knows none by name.
		loads := map[bool]string{true: "(mysql_tzinfo_to_sql)", false: "(mariadb-tzinfo-to-sql)"}[s.MySQL]
		if s.Kind == "mariadb" && !strings.Contains(err.Error(), "load its time zone tables "+loads+", or write an offset") {
			t.Errorf("it does not say what to do: %v", err)
		}
	})
}

func TestInfinityAndZeroAreNoMoments(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		if s.Kind == "postgres" {
			s.Run(t, "INSERT INTO moments VALUES (2, 'infinity'), (3, '-infinity')")
		} else {
			s.Run(t, "INSERT IGNORE INTO moments (id, at) VALUES (2, '0000-00-00'), (3, '0000-00-00')")
		}
		s.Grant(t, "moments")
		got, err := tally(t.Context(), open(t, s.URL, ""), "moments")
		if err != nil || got.Rows.Count != 3 || got.Unread.Count != 2 || got.Late.Count != 1 {
			t.Errorf("%+v, %v; want three rows, two of them unread", got, err)
		}
	})
}

func TestTheServerEndsAQuery(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		slow := slowly(t, s, 20*time.Second)
		db := open(t, s.URL, ", statement_timeout: 300ms")
		began := time.Now()
		_, err := tally(t.Context(), db, slow)
		if err == nil || !strings.Contains(err.Error(), "timeout: the server ended the query after the statement timeout of 300ms") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		got, err := tally(t.Context(), db, "moments")
		checkHour(t, got, err)
	})
}

func TestATableThatIsLockedIsGivenUpSoon(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		db := open(t, s.URL, "")
		if _, err := tally(t.Context(), db, "moments"); err != nil {
			t.Fatal(err)
		}
		conn, err := s.Admin.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lock, unlock := "BEGIN; LOCK TABLE moments IN ACCESS EXCLUSIVE MODE", "ROLLBACK"
		if s.Kind == "mariadb" {
			lock, unlock = "LOCK TABLES moments WRITE", "UNLOCK TABLES"
		}
		if _, err := conn.ExecContext(t.Context(), lock); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = tally(t.Context(), db, "moments")
		if err == nil || !strings.Contains(err.Error(), "timeout: the table was locked") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("it waited %s", took)
		}
		if _, err := conn.ExecContext(context.Background(), unlock); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		got, err := tally(t.Context(), db, "moments")
		checkHour(t, got, err)
	})
}

func TestLongTransactionsOfOthersDoNotHoldUsUp(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		tx, err := s.Admin.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		for _, text := range []string{"UPDATE moments SET at = " + s.Ago(0), "INSERT INTO moments (id, at) VALUES (2, " + s.Ago(0) + ")"} {
			if _, err := tx.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		got, err := tally(t.Context(), open(t, s.URL, ""), "moments")
		checkHour(t, got, err)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWeHoldNobodyUp(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		db := open(t, s.URL, "")
		err := db.Read(t.Context(), func(r *database.Reading) error {
			if _, err := r.Table(t.Context(), "moments"); err != nil {
				return err
			}
			s.Run(t, "UPDATE moments SET at = "+s.Ago(0), "DELETE FROM moments")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		s.Run(t, "DROP TABLE moments") // would wait for a transaction that was left open
	})
}

func TestTheTransactionIsAsItShouldBe(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		conditions := []string{
			"current_setting('transaction_read_only') = 'on'", "current_setting('default_transaction_read_only') = 'on'",
			"current_setting('transaction_isolation') = 'repeatable read'", "current_setting('application_name') = 'lostorder'",
			"current_setting('statement_timeout') = '5s'", "current_setting('lock_timeout') = '1s'",
			"current_setting('idle_in_transaction_session_timeout') = '5s'", "current_setting('jit') = 'off'",
		}
		switch {
		case s.MySQL: // which does not say whether there is a transaction; that nothing can be written is another test
			conditions = []string{"@@max_execution_time = 5000", "@@lock_wait_timeout = 1", "@@innodb_lock_wait_timeout = 1"}
		case s.Kind == "mariadb":
			conditions = []string{"@@max_statement_time = 5", "@@lock_wait_timeout = 1", "@@in_transaction = 1"}
		}
		db := open(t, s.URL, "")
		for _, condition := range conditions {
			got, err := tally(t.Context(), db, "moments", database.Matches(condition))
			if err != nil || got.Rows.Count != 1 {
				t.Errorf("it is not so that %s: %+v, %v", condition, got, err)
			}
			db.Forget()
		}
		if s.Kind != "postgres" {
			return
		}
		var connections, open int
		err := s.Admin.QueryRow("SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%') FROM pg_stat_activity WHERE application_name = 'lostorder' AND datname = current_database()").Scan(&connections, &open)
		if err != nil || connections != 1 || open != 0 {
			t.Errorf("%d connections, %d of them in a transaction, %v; want 1, 0", connections, open, err)
		}
	})
}

func TestAServerThatHangsEndsWithTheContext(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		proxy := collectortest.NewProxy(t, s.Addr)
		db := open(t, s.At(proxy.Addr()), "")
		if _, err := tally(t.Context(), db, "moments"); err != nil {
			t.Fatal(err)
		}
		proxy.Hang()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := tally(ctx, db, "moments"); err == nil || !strings.Contains(err.Error(), "timeout") {
			t.Errorf("got %v, want a timeout", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("reading and closing took %s", took)
		}
	})
}

func TestPartitionsAndViewsAreJudgedByWhatIsBeneath(t *testing.T) {
	s := databasetest.Postgres(t)
	s.Run(t, "CREATE TABLE parts (id BIGINT, at timestamptz) PARTITION BY RANGE (id)",
		"CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100001)",
		"CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100001) TO (1000000)",
		fmt.Sprintf("INSERT INTO parts SELECT i, %s FROM %s", s.Ago(time.Hour), s.Many(200_000)),
		"CREATE VIEW seen AS SELECT * FROM parts WHERE id > 5", "ANALYZE parts")
	s.Grant(t, "parts")
	s.Grant(t, "seen")
	for _, table := range []string{"parts", "seen", "public.Parts"} {
		if _, err := tally(t.Context(), open(t, s.URL, ""), table); !errors.Is(err, database.ErrRefused) || !strings.Contains(err.Error(), "about 100000 rows") {
			t.Errorf("%s without an index: %v", table, err)
		}
	}
	s.Run(t, "CREATE INDEX ON parts (at)")
	got, err := tally(t.Context(), open(t, s.URL, ""), "parts")
	if err != nil || !got.Rows.Capped {
		t.Errorf("with an index: %+v, %v", got, err)
	}
	// The view filters what the index does not lead to: few rows, or too many.
	if _, err := tally(t.Context(), open(t, s.URL, ""), "seen", database.Matches("at > now() - interval '1 minute'")); err != nil {
		t.Errorf("a view with an index that leads to few rows: %v", err)
	}
	if _, err := tally(t.Context(), open(t, s.URL, ""), "seen", database.Matches("at > now() - interval '1 day'")); !errors.Is(err, database.ErrRefused) {
		t.Errorf("a view with an index that leads to all rows: %v", err)
	}
}

func TestAPredicateIsUnderTheGuardToo(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Run(t, "CREATE TABLE other (id INTEGER, note VARCHAR(40))", "INSERT INTO other SELECT i, 'a note' FROM "+s.Many(60_000))
		s.Analyse(t, "other")
		s.Grant(t, "moments")
		s.Grant(t, "other")
		_, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches("EXISTS (SELECT 1 FROM other WHERE other.id = moments.id)"))
		if !errors.Is(err, database.ErrRefused) || !strings.Contains(err.Error(), "other") {
			t.Errorf("a predicate that reads another table whole: %v", err)
		}
	})
}

// TestATableThatGrewIsJudgedByWhatItIsNow: MySQL keeps for a day what information_schema
// told anybody of the size of a table, and a plan that follows an index tells no more than
// its limit. PostgreSQL keeps it until the table is analysed.
func TestATableThatGrewIsJudgedByWhatItIsNow(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (id INTEGER, at %s NOT NULL, note VARCHAR(300))", s.Time),
			fmt.Sprintf("INSERT INTO moments SELECT i, %s, repeat('y', 200) FROM %s", s.Ago(time.Hour), s.Many(100)), "CREATE INDEX moments_at ON moments (at)")
		s.Analyse(t, "moments")
		s.Grant(t, "moments")
		if s.Kind == "mariadb" { // as tools do that look at a server
			s.Run(t, "SELECT table_rows FROM information_schema.tables WHERE table_schema = database()")
		}
		s.Run(t, fmt.Sprintf("INSERT INTO moments SELECT i, %s, repeat('y', 200) FROM %s", s.Ago(time.Hour), s.Many(60_000)))
		_, err := tally(t.Context(), open(t, s.URL, ", scan_limit: 1000"), "moments", database.Matches("note = 'x'"))
		if !errors.Is(err, database.ErrRefused) {
			t.Errorf("with 60,000 rows more: %v", err)
		}
	})
}
