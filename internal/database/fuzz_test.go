package database_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database"
)

// FuzzPredicate checks that what is accepted as a predicate cannot end the parentheses or
// the quotes around it.
func FuzzPredicate(f *testing.F) {
	for _, sql := range []string{"status = 'PENDING'", "a = 1) OR (b = 2", "a = 'it''s", "a --", "a /* */", "\"a\" = `b`", "select 1", "a; b", "a FOR UPDATE"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		database.CheckQuery(sql)
		if sql == "" || database.CheckPredicate(sql) != "" {
			return
		}
		if wrong := database.CheckQuery("SELECT id FROM orders WHERE (" + sql + ") AND (id = '7')"); wrong != "" {
			t.Errorf("%q is accepted, and within a query it is not: %s", sql, wrong)
		}
	})
}
