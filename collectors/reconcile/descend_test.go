package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// Wherever a difference is in its key range, it takes few queries and few listed rows.
func TestDifferenceIsFoundWithFewQueries(t *testing.T) { // not in parallel: it records all queries
	const rows = 20_000
	s := databasetest.SQLite(t)
	for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
		s.Run(t, "CREATE TABLE "+table+" ("+key+" BIGINT PRIMARY KEY)", "INSERT INTO "+table+" SELECT i FROM "+s.Many(rows))
	}
	text := sides(s, s, "{key: id, at: ''}", "{key: order_id, at: ''}", "exactly_one")
	for _, missing := range []int{1, 3333, rows} {
		s.Run(t, fmt.Sprintf("DELETE FROM payments WHERE order_id = %d", missing))
		recorder := tracetest.NewSpanRecorder()
		otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
		began := time.Now()
		got := collectors.Examine(t.Context(), load(t, text)[0]).Report
		otel.SetTracerProvider(noop.NewTracerProvider())
		if !got.Complete() || got.Reconciliations[0].Suspects != 1 || got.Reconciliations[0].Pass.Completed != 1 {
			t.Fatalf("without the payment of %d the reading is %+v, %v", missing, got.Reconciliations, got.Err)
		}
		asked := map[string]int{}
		for _, span := range recorder.Ended() {
			for _, a := range span.Attributes() {
				if a.Key != attribute.Key("db.query.text") || strings.HasPrefix(a.Value.AsString(), "EXPLAIN") {
					continue
				}
				for kind, in := range map[string]string{"digests": "SELECT count(*)", "bounds": " OFFSET ", "lists": "lostorder_hash("} {
					if strings.Contains(a.Value.AsString(), in) && (kind != "lists" || strings.Contains(a.Value.AsString(), " ORDER BY ")) {
						asked[kind]++
					}
				}
			}
		}
		t.Logf("%d: %v, %d rows listed, in %s", missing, asked, got.Reconciliations[0].Listed, time.Since(began))
		// The key range, its parts of 3126 rows, of one of them those of 196, and of one of those
		// those of 64, on both sides.
		if most := 2 * (1 + 7 + 16 + 4); asked["digests"] == 0 || asked["digests"] > most || asked["bounds"] > most || asked["lists"] != 2 {
			t.Errorf("for the payment of %d there were %v queries, want %d at the most of digests and bounds, and two lists", missing, asked, most)
		}
		if listed := got.Reconciliations[0].Listed; listed > 2*64+1 {
			t.Errorf("%d rows were listed", listed)
		}
		s.Run(t, fmt.Sprintf("INSERT INTO payments VALUES (%d)", missing))
	}
}
