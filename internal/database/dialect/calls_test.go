package dialect_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func TestCalls(t *testing.T) {
	for sql, want := range map[string]string{
		"status = 'PENDING'":                                "",
		"pg_sleep(1) IS NULL":                               "pg_sleep",
		"Lower (status) IN ('a', 'b(')":                     "lower in",
		`pg_catalog."pg_advisory_lock"(1)`:                  "pg_catalog.pg_advisory_lock",
		"`get_lock`('a', 1) = 1":                            "get_lock",
		`(SELECT "count" (*) FROM t) > 0`:                   "count",
		`note = 'it''s sleep(1)'`:                           "",
		`note = E'it\' OR pg_sleep(1) IS NULL OR note = E'`: "pg_sleep",
		`note = 'a\' OR sleep(1) OR note = 'b'`:             "sleep",
		`note = $$it's$$ OR pg_sleep(1) IS NULL OR n = 'x'`: "pg_sleep",
		"a = 1 AND (b = 2)":                                 "and",
		"\"weird \"\"name\" (1)":                            `weird "name`,
	} {
		var names []string
		for _, c := range dialect.Calls(sql) {
			names = append(names, c.String())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s calls %q, want %q", sql, got, want)
		}
	}
}

func TestLocks(t *testing.T) {
	for sql, want := range map[string]string{
		"status = 'FOR UPDATE'":                                   "",
		"SELECT id FROM orders WHERE a IN (SELECT 1 FOR UPDATE)":  "FOR UPDATE",
		"SELECT id FROM orders for  share":                        "FOR SHARE",
		"SELECT id FROM orders FOR NO KEY UPDATE":                 "FOR NO KEY UPDATE",
		"SELECT id FROM orders FOR\nKEY SHARE SKIP LOCKED":        "FOR KEY SHARE",
		"SELECT id FROM orders LOCK IN SHARE MODE":                "LOCK IN SHARE MODE",
		"SELECT id FROM orders INTO OUTFILE '/tmp/x'":             "INTO",
		"SELECT NEXT VALUE FOR numbers":                           "NEXT VALUE FOR",
		`SELECT U&"pg\005fsleep"(1)`:                              "U&",
		"SELECT substring(note FROM 2 FOR 3), \"for\", u FROM o":  "",
		`SELECT "into", "update" FROM orders WHERE "lock" = 'in'`: "",
	} {
		if got := dialect.Locks(sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func FuzzCalls(f *testing.F) {
	for _, sql := range []string{"status = 'PENDING'", `E'\' OR pg_sleep(1)`, "\"a\"\"b\" (", "for update", "$$'$$", "u&\"x\""} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		for _, c := range dialect.Calls(sql) {
			if c.Name == "" && !c.Quoted {
				t.Errorf("%q calls nothing: %+v", sql, c)
			}
		}
		dialect.Locks(sql)
		// What follows a text without quotes is always found.
		if plain := strings.Map(func(r rune) rune {
			if strings.ContainsRune("'\"`", r) {
				return -1
			}
			return r
		}, sql); len(dialect.Calls(plain+" , pg_sleep (1)")) == 0 {
			t.Errorf("%q hides a call", plain)
		}
	})
}
