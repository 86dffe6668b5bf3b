package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// traceOf is the trace of an order, and spanOf the span that wrote its row on a side.
func traceOf(order int) string             { return fmt.Sprintf("%032x", order) }
func spanOf(order int, side string) string { return fmt.Sprintf("%015x%c", order, side[0]%10+'0') }

func TestMismatchLinksTheTraceOfItsOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s BIGINT, amount DECIMAL(12, 2), trace VARCHAR(60), created_at %s)", table, key, s.Time))
			s.Grant(t, table, key, "amount", "trace", "created_at")
		}
		row := func(table string, order, amount int, trace string) {
			s.Run(t, fmt.Sprintf("INSERT INTO %s VALUES (%d, %d, '%s', %s)", table, order, amount, trace, s.Ago(time.Hour)))
		}
		traced := func(table string, order, amount int) {
			row(table, order, amount, "00-"+traceOf(order)+"-"+spanOf(order, table)+"-01")
		}
		traced("orders", 1, 10) // has no payment
		traced("payments", 2, 10)
		traced("orders", 3, 10)
		traced("payments", 3, 11)
		traced("orders", 4, 10)
		traced("payments", 4, 10)
		traced("payments", 4, 10)
		row("orders", 5, 10, "none that we know")
		row("orders", 6, 10, traceOf(6)) // the id alone
		w := watch(t, sides(s, s, "{key: id, values: amount, traceparent: trace}", "{key: order_id, values: amount, traceparent: trace}", "equal"))
		got := w.checked()
		want := map[string]signal.OrderRef{
			"missing_right 1": {TraceID: traceOf(1), SpanID: spanOf(1, "orders")},
			"missing_left 2":  {TraceID: traceOf(2), SpanID: spanOf(2, "payments")},
			"different 3":     {TraceID: traceOf(3), SpanID: spanOf(3, "orders")},
			"duplicate 4":     {TraceID: traceOf(4), SpanID: spanOf(4, "payments")},
			"missing_right 5": {},
			"missing_right 6": {TraceID: traceOf(6)},
		}
		found := 0
		for _, m := range got.Mismatches {
			for _, o := range m.Sample {
				found++
				if ref := want[string(m.Kind)+" "+o.ID]; o.TraceID != ref.TraceID || o.SpanID != ref.SpanID {
					t.Errorf("%s of order %s leads to trace %q and span %q, want %q and %q", m.Kind, o.ID, o.TraceID, o.SpanID, ref.TraceID, ref.SpanID)
				}
			}
		}
		if found != len(want) {
			t.Errorf("%d orders are reported, want %d: %+v", found, len(want), got.Mismatches)
		}
	})
}
