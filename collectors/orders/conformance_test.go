package orders_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/orders"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestConformance(t *testing.T) {
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) {
		collectortest.Parallel(t, func(t *testing.T) collectortest.Env {
			s := start(t)
			makeTable(t, s)
			add(t, s, "a", "placed", time.Minute)
			env, url := databasetest.Conform(t, s, "orders")
			env.Target = often(t, settings(url, "", "", states+"    timeout: 2s\n"))
			return env
		})
	})
}

// often is the target of a config, with a shorter interval than a file may have.
func often(t *testing.T, text string) collectors.Target {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	config.Items[orders.Config](f, "lifecycles")[0].Schedule.Interval = config.Duration(20 * time.Millisecond)
	return orders.Source().Targets(f)[0]
}
