package orders_test

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
			add(t, s, "a", "placed", time.Minute)
			env, url := databasetest.Conform(t, s, "orders")
			env.Target = load(t, settings(url, "", "", states+"    timeout: 2s\n"))[0]
			return env
		})
	})
}
