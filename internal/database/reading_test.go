package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// open opens the database with the defaults of a config file.
func open(t *testing.T, url, more string) *database.DB {
	t.Helper()
	f, err := config.Parse("test.yml", []byte("databases: [{name: shop, url: '"+url+"'"+more+"}]"), "", []config.Section{database.Section()})
	if err != nil {
		t.Fatal(err)
	}
	db := database.Open(database.Find(f, "shop"))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// tally counts all rows of a table by its column at, those above ten minutes as
// late.
func tally(ctx context.Context, db *database.DB, table string, where ...database.Condition) (database.Tally, error) {
	var result database.Tally
	err := db.Read(ctx, func(r *database.Reading) error {
		found, err := r.Table(ctx, table)
		if err != nil {
			return err
		}
		at, err := found.Column("at", "at")
		if err != nil {
			return err
		}
		result, err = r.Tally(ctx, database.Selection{What: "rows", Table: found, Since: at, Where: where}, 1000, 10*time.Minute)
		return err
	})
	return result, err
}

func TestMomentsInSQLite(t *testing.T) {
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	utc := at.UTC()
	east := at.In(time.FixedZone("CEST", 2*60*60))
	west := at.In(time.FixedZone("", -(3*60+30)*60))
	for _, test := range []struct {
		name, value string
		want        time.Time // zero: no time
	}{
		{"datetime('now')", "'" + utc.Format("2006-01-02 15:04:05") + "'", at},
		{"with milliseconds", "'" + utc.Format("2006-01-02 15:04:05") + ".250'", at.Add(250 * time.Millisecond)},
		{"ISO 8601 in UTC", "'" + utc.Format("2006-01-02T15:04:05Z") + "'", at},
		{"ISO 8601 with an offset", "'" + east.Format("2006-01-02T15:04:05-07:00") + "'", at},
		{"with microseconds and an offset, as Python and mattn write it", "'" + west.Format("2006-01-02 15:04:05.000000-07:00") + "'", at},
		{"Go's time.Time in UTC", "'" + utc.Format("2006-01-02 15:04:05.999999999 -0700 MST") + "'", at},
		{"Go's time.Time with nanoseconds", "'" + utc.Format("2006-01-02 15:04:05") + ".123456789 +0000 UTC'", at.Add(123 * time.Millisecond)},
		{"Go's time.Time elsewhere", "'" + east.String() + "'", at},
		{"Go's time.Time in a zone without a name", "'" + west.String() + "'", at},
		{"Go's time.Time with its monotonic clock", "'" + east.String() + " m=+0.012'", at},
		{"seconds", fmt.Sprint(at.Unix()), at},
		{"milliseconds", fmt.Sprint(at.UnixMilli()), at},
		{"microseconds", fmt.Sprint(at.UnixMicro()), at},
		{"nanoseconds", fmt.Sprint(at.UnixNano()), at},
		{"seconds with a fraction", fmt.Sprintf("%d.5", at.Unix()), at.Add(500 * time.Millisecond)},
		{"no time", "'yesterday'", time.Time{}},
		{"an empty text", "''", time.Time{}},
		{"a blob", "x'00'", time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := databasetest.SQLite(t)
			s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES ("+test.value+")")
			got, err := tally(t.Context(), open(t, s.URL, ""), "moments")
			if err != nil {
				t.Fatal(err)
			}
			if test.want.IsZero() {
				if got.Unread.Count != 1 || got.Rows.Count != 1 || got.Late.Count != 0 {
					t.Errorf("it is %+v, want one row that cannot be read", got)
				}
				return
			}
			if got.Oldest.Time().Sub(test.want).Abs() > time.Millisecond || got.Late.Count != 1 {
				t.Errorf("%s is taken for %s, want %s; late %d", test.value, got.Oldest.Time(), test.want, got.Late.Count)
			}
		})
	}
}

func TestTheGuardLooksAgain(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (at %s NULL)", s.Time))
		s.Grant(t, "moments")
		db := open(t, s.URL, ", scan_limit: 1000")
		read := func() error { _, err := tally(t.Context(), db, "moments"); return err }
		if err := read(); err != nil {
			t.Fatal(err)
		}
		s.Run(t, fmt.Sprintf("INSERT INTO moments SELECT %s FROM %s", s.Ago(time.Hour), s.Many(30_000)))
		s.Analyse(t, "moments")
		if err := read(); err != nil {
			t.Errorf("a plan that was found good is looked at again within the hour: %v", err)
		}
		db.Forget()
		if err := read(); !errors.Is(err, database.ErrRefused) {
			t.Errorf("after an hour the error is %v, want a refusal", err)
		}
		s.Run(t, "CREATE INDEX moments_at ON moments (at)")
		if err := read(); err != nil {
			t.Errorf("with an index it is still refused: %v", err)
		}
	})
}

func TestNothingIsWritten(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (at %s)", s.Time), "INSERT INTO moments VALUES ("+s.Ago(0)+")")
		s.Grant(t, "moments")
		predicate, want := "nextval(numbers) > 0", "READ ONLY transaction"
		// Even a user with too many rights writes nothing.
		switch {
		case s.Kind == "postgres":
			predicate, want = "(SELECT count(*) FROM (SELECT setval('numbers', 7)) AS x) = 1", "read-only transaction"
			s.Run(t, "CREATE SEQUENCE numbers", "GRANT ALL ON SEQUENCE numbers TO "+s.User, "GRANT ALL ON moments TO "+s.User)
		case s.MySQL: // which has no sequences
			predicate = "grow() > 0"
			s.Run(t, "CREATE TABLE numbers (id INTEGER)", "CREATE FUNCTION grow() RETURNS INTEGER DETERMINISTIC BEGIN INSERT INTO numbers VALUES (1); RETURN 1; END",
				"GRANT ALL ON *.* TO "+s.Reader())
		default:
			s.Run(t, "CREATE SEQUENCE numbers", "GRANT ALL ON *.* TO "+s.Reader())
		}
		if _, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches(predicate)); !errors.Is(err, database.ErrUnsafe) {
			t.Errorf("lostorder asks %s: %v", predicate, err)
		}
		// Nor would the server write, were it asked.
		err := open(t, s.URL, "").Read(t.Context(), func(r *database.Reading) error {
			return r.Ask(t.Context(), "SELECT count(*) FROM moments WHERE "+predicate, func(*sql.Rows) error { return nil })
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	})
}

func TestAnIndexExcusesAReadOnlyWhenItCoversTheCondition(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE moments (id INTEGER, status %s, published INTEGER, at %s NOT NULL)", s.Key, s.Time),
			fmt.Sprintf("INSERT INTO moments SELECT i, CASE WHEN i <= 20 THEN 'RARE' ELSE 'NEW' END, 1, %s FROM %s", s.Ago(time.Hour), s.Many(30_000)),
			"CREATE INDEX moments_status ON moments (status, at, id)")
		s.Analyse(t, "moments")
		s.Grant(t, "moments")
		counted := func(predicates ...string) error {
			var where []database.Condition
			for _, p := range predicates {
				where = append(where, database.Matches(p))
			}
			_, err := tally(t.Context(), open(t, s.URL, ", scan_limit: 1000"), "moments", where...)
			return err
		}
		err := counted("status = 'NEW' AND published = 0")
		switch {
		case s.Kind == "sqlite": // its plan does not say how many rows an index leads to
			if err != nil {
				t.Errorf("with an index that leads: %v", err)
			}
		case !errors.Is(err, database.ErrRefused) || !strings.Contains(err.Error(), "does not cover its whole condition"):
			t.Errorf("with an index that leads to 29980 rows, of which a filter leaves none: %v", err)
		}
		if err := counted("status = 'RARE'", "published = 0"); err != nil {
			t.Errorf("with an index that leads to 20 rows, of which a filter leaves none: %v", err)
		}
		if err := counted("status = 'NEW'"); err != nil {
			t.Errorf("with an index that covers the condition: %v", err)
		}
		covering := "CREATE INDEX moments_unpublished ON moments (at) WHERE status = 'NEW' AND published = 0"
		if s.Kind == "mariadb" {
			covering = "CREATE INDEX moments_unpublished ON moments (status, published, at)"
		}
		s.Run(t, covering)
		s.Analyse(t, "moments")
		if err := counted("status = 'NEW' AND published = 0"); err != nil {
			t.Errorf("with the index that was recommended: %v", err)
		}
	})
}
