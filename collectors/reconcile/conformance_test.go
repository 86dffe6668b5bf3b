package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) {
		collectortest.Parallel(t, func(t *testing.T) collectortest.Env {
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
			// Each side reports a broken database; there is nothing to read in part.
			env.Target = often(t, text)
			return env
		})
	})
}

// often is the target of a config, with a shorter interval than a config file allows.
func often(t *testing.T, text string) collectors.Target {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	config.Items[reconcile.Config](f, "reconciliations")[0].Schedule.Interval = config.Duration(20 * time.Millisecond)
	return reconcile.Source().Targets(f)[0]
}
