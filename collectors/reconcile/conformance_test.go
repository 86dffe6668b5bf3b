package reconcile_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestConformance(t *testing.T) {
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) {
		collectortest.Run(t, func(t *testing.T) collectortest.Env {
			s := start(t)
			shop(t, s, "payments")
			s.Run(t, "CREATE TABLE orders (id "+s.Key+" PRIMARY KEY, created_at "+s.Time+")")
			s.Grant(t, "orders")
			s.Run(t, "INSERT INTO orders VALUES ('A-1', "+s.Ago(0)+")")
			add(t, s, "payments", "A-1", "1", "captured")
			env, url := databasetest.Conform(t, s, "orders")
			there := *s
			there.URL = url
			text := settings(&there, &there, "exactly_one")
			if !strings.Contains(text, patience) {
				t.Fatalf("no %q in %s", patience, text)
			}
			text = strings.Replace(text, patience, "timeout: 2s", 1)
			// A broken database is told by each side; there is nothing to read in part.
			env.Target = load(t, text)[0]
			return env
		})
	})
}
