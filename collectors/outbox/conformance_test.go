package outbox_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestConformance(t *testing.T) {
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) {
		collectortest.Run(t, func(t *testing.T) collectortest.Env {
			s := start(t)
			makeTable(t, s)
			add(t, s, 1, time.Minute)
			env, url := databasetest.Conform(t, s, "outbox")
			env.Target = load(t, settings(url, everything, "failed: status = 'FAILED'", "timeout: 2s"))[0]
			env.Partial = func() { s.Run(t, "ALTER TABLE outbox RENAME COLUMN status TO word") }
			env.Missing = "failed rows"
			return env
		})
	})
}
