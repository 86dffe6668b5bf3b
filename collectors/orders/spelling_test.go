package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// spellings are types of columns that take differently written texts for equal, by kind of
// database, and types that do not.
func spellings(s *databasetest.Shop) (equal, different []string) {
	switch {
	case s.Kind == "postgres":
		return []string{"citext", "text COLLATE level2"}, []string{"text"}
	case s.Kind == "sqlite":
		return []string{"TEXT NOT NULL COLLATE NOCASE"}, []string{"TEXT"}
	case s.MySQL:
		return []string{"varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"}, []string{"varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs"}
	}
	return []string{"varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"}, []string{"varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"}
}

func prepareSpellings(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	if s.Kind == "postgres" {
		s.Run(t, "CREATE EXTENSION IF NOT EXISTS citext", "CREATE COLLATION level2 (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
	}
}

// TestStatesAreCountedOnceHoweverTheyAreWritten: a value counts for the declared state that the
// database takes for equal, or is undeclared; never both.
func TestStatesAreCountedOnceHoweverTheyAreWritten(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		prepareSpellings(t, s)
		equal, different := spellings(s)
		for i, kind := range append(equal, different...) {
			s.Run(t, "DROP TABLE IF EXISTS orders", fmt.Sprintf("CREATE TABLE orders (id INTEGER PRIMARY KEY, state %s, updated_at %s)", kind, s.Time))
			for id, state := range []string{"placed", "PLACED"} {
				s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (%d, '%s', %s)", id, state, s.Ago(time.Minute)))
			}
			s.Grant(t, "orders")
			want, unnamed := 2, ""
			if i >= len(equal) {
				want, unnamed = 1, "PLACED"
			}
			l, state := whole(t, read(t, settings(s.URL, "", "", states)))
			if got := strings.Join(l.UndeclaredStates, "|"); got != unnamed || int(state["placed"].Orders) != want {
				t.Errorf("%s: %d orders are placed, want %d; undeclared are %q, want %q", kind, state["placed"].Orders, want, got, unnamed)
			}
		}
	})
}

// TestTransitionsOfAnOrderBelongTogetherHoweverItsIDIsWritten: two services may write the id in
// their own way, and the database takes both for one order.
func TestTransitionsOfAnOrderBelongTogetherHoweverItsIDIsWritten(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		prepareSpellings(t, s)
		equal, _ := spellings(s)
		for _, kind := range equal {
			s.Run(t, "DROP TABLE IF EXISTS orders", "DROP TABLE IF EXISTS moves")
			key := s.Key
			s.Key = kind
			makeMoves(t, s)
			s.Key = key
			move(t, s, "A-1", "placed 60s")
			move(t, s, "a-1", "paid 50s")
			move(t, s, "A-1", "shipped 40s")
			move(t, s, "B-2", "placed 60s")
			move(t, s, "b-2", "shipped 40s")
			next := follow(t, settings(s.URL, "", "", shopStates))
			next()
			next()
			confirmed, suspected := conflictsOf(next())
			if len(confirmed) != 1 || len(suspected) != 0 || !strings.EqualFold(confirmed[0], "b-2 illegal_move: placed → shipped") {
				t.Errorf("%s: got %q and %q", kind, confirmed, suspected)
			}
		}
	})
}
