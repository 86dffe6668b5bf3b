package databasetest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
)

// Conform gives the ways to break a database to the conformance suite: url is what
// the config of the target must name. What it does not set is up to the source.
func Conform(t *testing.T, s *Shop, table string) (env collectortest.Env, url string) {
	t.Helper()
	s.settle(t, table)
	env.Fingerprint = func() string { return s.fingerprint(t, table) }
	if s.Kind != "sqlite" {
		proxy := collectortest.NewProxy(t, s.Addr)
		env.Hang, env.Break, env.Heal = proxy.Hang, proxy.Refuse, proxy.Pass
		env.Secrets = []string{s.Password}
		return env, s.At(proxy.Addr())
	}
	// A file that is gone stands for a server that is down.
	away := s.Path + ".away"
	env.Break = func() { rename(t, s.Path, away) }
	env.Heal = func() { rename(t, away, s.Path) }
	return env, s.URL
}

// settle waits until PostgreSQL has counted what the test itself wrote, which it
// does with a delay, or from version 15 on when it is set up to.
func (s *Shop) settle(t testing.TB, table string) {
	t.Helper()
	if s.Kind != "postgres" {
		return
	}
	query := "SELECT n_tup_ins >= (SELECT count(*) FROM " + table + ") FROM pg_stat_user_tables WHERE relname = '" + table + "'"
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var counted bool
		_, _ = s.Admin.Exec("SELECT pg_stat_force_next_flush()")
		if err := s.Admin.QueryRow(query).Scan(&counted); err != nil {
			t.Fatalf("read statistics: %v", err)
		}
		if counted {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the server did not count the rows of the test")
		}
	}
}

// rename moves a file of SQLite with those beside it.
func rename(t testing.TB, from, to string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(from+end, to+end); err != nil && !os.IsNotExist(err) {
			t.Errorf("move the file away: %v", err)
		}
	}
}

// fingerprint is what must not change in a database that is only read.
func (s *Shop) fingerprint(t testing.TB, table string) string {
	t.Helper()
	one := func(query string) string {
		var text string
		if err := s.Admin.QueryRow(query).Scan(&text); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		return text
	}
	rows := one("SELECT count(*) FROM " + table)
	switch s.Kind {
	case "postgres":
		return rows + " rows, " + one(`SELECT (n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd)::text FROM pg_stat_user_tables WHERE relname = '`+table+`'`) +
			", tables: " + one("SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'i', 'S', 't') AND relname NOT LIKE 'pg_%'")
	case "mariadb":
		return rows + " rows, " + one("SELECT sum(crc32(concat_ws(',', t.id))) FROM "+table+" AS t") + ", tables: " +
			one("SELECT group_concat(table_name) FROM information_schema.tables WHERE table_schema = database()")
	default:
		content, err := os.ReadFile(s.Path)
		return fmt.Sprintf("%s rows, %x %v", rows, sha256.Sum256(content), err)
	}
}
