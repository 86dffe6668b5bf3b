package database_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// perBranch is how many visits each of two branches of each of two tenants has.
const perBranch = 6000

// tenant is a long name, so that few rows are in a block.
func tenant(i int) string { return strings.Repeat("t", 200) + fmt.Sprint(i) }

// visits makes a table whose key has three columns, in each database in its own types.
func visits(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, "CREATE TABLE visits (tenant "+strings.Replace(s.Key, "40", "210", 1)+" NOT NULL, branch INTEGER NOT NULL, no BIGINT NOT NULL, at "+s.Time+")")
	for i := range 4 {
		s.Run(t, fmt.Sprintf("INSERT INTO visits SELECT '%s', %d, i, %s FROM %s", tenant(i/2), i%2, s.Ago(time.Hour), s.Many(perBranch)))
	}
	s.Run(t, "CREATE INDEX visits_key ON visits (tenant, branch, no)")
	s.Analyse(t, "visits")
	s.Grant(t, "visits")
}

// keyed is the visits by their key.
func keyed(t *testing.T, r *database.Reading) *compare.Rows {
	t.Helper()
	table, err := r.Table(t.Context(), "visits")
	if err != nil {
		t.Fatal(err)
	}
	k := &compare.Rows{What: "visits", Table: table}
	for _, name := range []string{"tenant", "branch", "no"} {
		c, err := table.Column(name, "key")
		if err != nil {
			t.Fatal(err)
		}
		k.Key, k.KeyForms = append(k.Key, c), append(k.KeyForms, r.Form(c))
	}
	return k
}

// counted runs fn and returns how much the server read of the table for it: entries of its
// index, or blocks of it and of its index; and the queries that were asked.
func counted(t *testing.T, s *databasetest.Shop, r *database.Reading, fn func()) (read int64, asked []string) {
	t.Helper()
	count := func() (sum int64) {
		text := "SELECT relname, pg_stat_get_xact_blocks_fetched(oid) FROM pg_class WHERE relname IN ('visits', 'visits_key')"
		switch s.Kind {
		case "sqlite":
			return 0
		case "mariadb":
			text = "SHOW SESSION STATUS WHERE variable_name IN ('Handler_read_first', 'Handler_read_key', 'Handler_read_next', 'Handler_read_prev')"
		}
		err := r.Ask(t.Context(), text, func(rows *sql.Rows) error {
			var name string
			var n int64
			err := rows.Scan(&name, &n)
			sum += n
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	fn() // for the first time, which asks for the plan
	before := count()
	r.Asked(func(text string) {
		if strings.Contains(text, "visits") {
			asked = append(asked, text)
		}
	})
	fn()
	r.Asked(nil)
	read = count() - before
	if len(asked) == 0 || s.Kind != "sqlite" && read == 0 {
		t.Fatalf("nothing was counted: %d reads, of %q", read, asked)
	}
	return read, asked
}

// TestAWindowOfKeysOfSeveralColumnsIsReadAlone, and not all that begins as it does: a round
// would read each tenant as often as it has windows.
func TestAWindowOfKeysOfSeveralColumnsIsReadAlone(t *testing.T) {
	key := func(i, branch, no int) database.Key {
		return database.Key{tenant(i), fmt.Sprint(branch), fmt.Sprint(no)}
	}
	const rows = 20
	windows := map[string]compare.KeyRange{
		"in one branch":   {From: key(0, 1, 100), To: key(0, 1, 100+rows)},
		"of two branches": {From: key(0, 0, perBranch-rows/2+1), To: key(0, 1, 1+rows/2)},
		"of two tenants":  {From: key(0, 1, perBranch-rows/2+1), To: key(1, 0, 1+rows/2)},
		"of the first":    {To: key(0, 0, 1+rows)},
		"of the last":     {From: key(1, 1, perBranch-rows+1)},
	}
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		visits(t, s)
		err := open(t, s.URL, ", scan_limit: 1000").Read(t.Context(), func(r *database.Reading) error {
			k := keyed(t, r)
			for name, w := range windows {
				var entries []compare.Entry
				var last database.Key
				for what, fn := range map[string]func() error{
					"digest": func() error {
						d, err := k.Digest(t.Context(), r, w)
						if d.Rows != rows {
							t.Errorf("the digest of the window %s is %+v", name, d)
						}
						return err
					},
					"list":  func() (err error) { entries, err = k.List(t.Context(), r, w, 2*rows); return err },
					"bound": func() (err error) { last, err = k.Bound(t.Context(), r, w, rows-1); return err },
					"end": func() error {
						beyond, err := k.Bound(t.Context(), r, w, rows)
						if beyond != nil {
							t.Errorf("the window %s has %s", name, beyond)
						}
						return err
					},
				} {
					read, asked := counted(t, s, r, func() {
						if err := fn(); err != nil {
							t.Fatalf("%s %s: %v", what, name, err)
						}
					})
					// Each piece is found from the root of the index on, and each of its rows may be in
					// another block. To the end of a branch there are 180 blocks.
					if read > 6*rows {
						t.Errorf("%s %s reads %d entries or blocks for %d rows: %q", what, name, read, rows, asked)
					}
					if s.Kind != "sqlite" {
						continue
					}
					for _, text := range asked {
						plan := explained(t, r, text)
						// By all columns in which the bounds differ, from both ends.
						if strings.Contains(plan, "SCAN") || w.From != nil && w.To != nil && strings.Count(plan, "no") < 2 {
							t.Errorf("%s %s goes by %q", what, name, plan)
						}
					}
				}
				if len(entries) != rows || !slices.Equal(entries[rows-1].Key, last) || w.From != nil && !slices.Equal(entries[0].Key, w.From) {
					t.Errorf("%s are %d, up to %v: %v", name, len(entries), last, entries)
				}
				if some, err := k.List(t.Context(), r, w, rows/2+3); err != nil || !slices.Equal(ids(some), ids(entries[:rows/2+3])) {
					t.Errorf("the first %d %s are %v, %v", rows/2+3, name, some, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func ids(entries []compare.Entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Key.ID())
	}
	return all
}

// explained is the plan of a query of SQLite in one line.
func explained(t *testing.T, r *database.Reading, text string) string {
	t.Helper()
	var steps []string
	err := r.Ask(t.Context(), "EXPLAIN QUERY PLAN "+text, func(rows *sql.Rows) error {
		var id, parent, unused int
		var step string
		err := rows.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

// TestKeysOfSeveralColumnsAreLookedUpInOneSelect: a select for each of them takes the
// database longer to plan than to answer.
func TestKeysOfSeveralColumnsAreLookedUpInOneSelect(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		visits(t, s)
		s.Run(t, "INSERT INTO visits VALUES ('"+tenant(1)+"', 0, 7, "+s.Ago(0)+")") // a second time
		var keys []database.Key
		want := map[string]int64{}
		for i := range 200 {
			k := database.Key{tenant(i % 2), "0", fmt.Sprint(7 + i/2*50)}
			keys = append(keys, k)
			want[k.ID()] = 1
		}
		want[keys[1].ID()] = 2
		for _, none := range []database.Key{{tenant(0), "2", "7"}, {tenant(2), "0", "7"}, {tenant(0), "first", "7"}} {
			keys[slices.IndexFunc(keys, func(k database.Key) bool { return want[k.ID()] == 1 })] = none
			want[none.ID()] = 0
		}
		for id, n := range want { // those that were replaced, and those that are not there
			if n == 0 || !slices.ContainsFunc(keys, func(k database.Key) bool { return k.ID() == id }) {
				delete(want, id)
			}
		}
		err := open(t, s.URL, ", scan_limit: 1000").Read(t.Context(), func(r *database.Reading) error {
			k := keyed(t, r)
			var found map[string]compare.Found
			read, asked := counted(t, s, r, func() {
				var err error
				if found, err = k.Find(t.Context(), r, keys); err != nil {
					t.Fatal(err)
				}
			})
			if len(asked) != 1 || strings.Count(asked[0], "SELECT") != 1 {
				t.Errorf("asked were %d queries, the first with %d SELECT", len(asked), strings.Count(asked[0], "SELECT"))
			}
			if read > int64(8*len(keys)) { // four levels of the index, and the row
				t.Errorf("for %d keys %d entries or blocks are read", len(keys), read)
			}
			if s.Kind == "sqlite" {
				if plan := explained(t, r, asked[0]); strings.Contains(plan, "SCAN") || strings.Count(plan, "(tenant=? AND branch=? AND no=?)") == 0 {
					t.Errorf("it goes by %q", plan)
				}
			}
			if len(found) != len(want) {
				t.Errorf("found %d keys, want %d", len(found), len(want))
			}
			for id, n := range want {
				if f := found[id]; f.Rows != n || f.Held != n || f.Young != n {
					t.Errorf("under %q there is %+v, want %d rows", id, f, n)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
