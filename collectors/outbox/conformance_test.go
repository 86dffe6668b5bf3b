package outbox_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestConformance(t *testing.T) {
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) {
		collectortest.Parallel(t, func(t *testing.T) collectortest.Env {
			s := start(t)
			makeTable(t, s)
			add(t, s, 1, time.Minute)
			env, url := databasetest.Conform(t, s, "outbox")
			env.Target = often(t, settings(url, everything, "failed: status = 'FAILED'", "timeout: 2s"))
			env.Partial = func() { s.Run(t, "ALTER TABLE outbox RENAME COLUMN status TO word") }
			env.Missing = "failed rows"
			return env
		})
	})
}

// often is the target of a config, with a shorter interval than a config file allows.
func often(t *testing.T, text string) collectors.Target {
	t.Helper()
	f := parse(t, text)
	config.Items[outbox.Config](f, "outboxes")[0].Schedule.Interval = config.Duration(20 * time.Millisecond)
	return outbox.Source().Targets(f)[0]
}
