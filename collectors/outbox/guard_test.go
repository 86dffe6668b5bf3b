package outbox_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

var createIndex = regexp.MustCompile(`CREATE INDEX [^;]*;`)

// paste creates the indexes that an error recommends.
func paste(t *testing.T, s *databasetest.Shop, err error) {
	t.Helper()
	statements := createIndex.FindAllString(err.Error(), -1)
	slices.Sort(statements)
	for _, text := range slices.Compact(statements) {
		t.Log(text)
		s.Run(t, text)
	}
}

// rows is how many rows the table has: many on a server, which creates them fast, and
// just above a lower limit in a SQLite file.
func rows(s *databasetest.Shop) (n int, limit string) {
	if s.Kind == "sqlite" {
		return 3000, ", scan_limit: 1000"
	}
	return 200_000, ""
}

func TestLargeTableIsReadByIndexOrRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		done    string // which rows are published, of column i
		more    []string
		want    string // in the recommended index
		pending int    // of 3000
	}{
		{"nearly all published", "i > 20", []string{everything}, "WHERE \"published_at\" IS NULL", 20},
		{"nearly all pending", "i <= 20", []string{everything}, "WHERE \"published_at\" IS NULL", 2980},
		{"pending by predicate", "i > 20", []string{"pending: status = 'PENDING'", "failed: status = 'FAILED'"}, "WHERE status = 'PENDING'", 20},
		{"every row is pending", "1 = 0", nil, "(\"created_at\", \"id\");", 3000},
	} {
		t.Run(test.name, func(t *testing.T) {
			databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
				makeTable(t, s)
				n, limit := rows(s)
				s.Run(t, fmt.Sprintf(`INSERT INTO outbox (id, aggregate_id, created_at, published_at, status)
					SELECT i, 'order', %[1]s, CASE WHEN %[2]s THEN %[1]s END, CASE WHEN %[2]s THEN 'DONE' ELSE 'PENDING' END FROM %[3]s`,
					s.Ago(time.Hour), test.done, s.Many(n)))
				s.Analyse(t, "outbox")
				text := settingsWith(s.URL, limit, test.more...)
				before := read(t, text)
				if before.Err == nil {
					t.Fatal("a query that reads the whole table was not refused")
				}
				t.Log(before.Err)
				for _, want := range []string{"read the oldest pending rows", "refused", "outbox", "its price: "} {
					if !strings.Contains(before.Err.Error(), want) {
						t.Errorf("the error does not say %q", want)
					}
				}
				if s.Kind != "mariadb" && !strings.Contains(before.Err.Error(), test.want) {
					t.Errorf("the recommended index does not say %q", test.want)
				}
				paste(t, s, before.Err)
				after := read(t, text)
				o := whole(t, after)
				if want := signal.Count(min(test.pending, 2980)); o.Pending < want {
					t.Errorf("with the index %d rows are pending, want %d", o.Pending, want)
				}
				if after.Duration > 3*time.Second {
					t.Errorf("the reading took %s", after.Duration)
				}
			})
		})
	}
}

func TestTableWithoutStatisticsIsRefusedBySize(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		n, limit := rows(s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, created_at) SELECT i, %s FROM %s", s.Ago(time.Hour), s.Many(n)))
		if r := read(t, settingsWith(s.URL, limit, everything)); r.Err == nil || !strings.Contains(r.Err.Error(), "refused") {
			t.Errorf("the error is %v, want a refusal", r.Err)
		}
	})
}

func TestSmallTableNeedsNoIndex(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, created_at) SELECT i, %s FROM %s", s.Ago(time.Hour), s.Many(900)))
		s.Analyse(t, "outbox")
		whole(t, read(t, settingsWith(s.URL, ", scan_limit: 1000", everything)))
	})
}

// The primary key has the order of the query, and every published row in it; the index of the
// shop has the pending rows alone, in another order. Few rows are to be sorted then.
func TestIndexOfPendingRowsInAnotherOrderIsEnough(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		n, limit := rows(s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, created_at, published_at) SELECT i, %[1]s, CASE WHEN i <= %[2]d THEN %[1]s END FROM %[3]s", s.Ago(time.Hour), n-15, s.Many(n)))
		if s.Kind == "mariadb" {
			s.Run(t, "CREATE INDEX pending ON outbox (published_at, created_at)")
		} else {
			s.Run(t, "CREATE INDEX pending ON outbox (created_at) WHERE published_at IS NULL")
		}
		s.Analyse(t, "outbox")
		next := watch(t, settingsWith(s.URL, limit, "columns: {published_at: published_at, sequence: id}"))
		for range 2 { // the second reading takes the plans for good
			if o := whole(t, next()); o.Pending != 15 || o.HeadKey != fmt.Sprint(n-14) {
				t.Errorf("pending %d, head %s; want 15, %d", o.Pending, o.HeadKey, n-14)
			}
		}
	})
}
