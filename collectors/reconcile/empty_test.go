package reconcile_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// A side without rows is reported as empty after a complete pass, until a row arrives.
// The mismatches began when they were first read, and not when their rows were written.
func TestEmptySideIsReported(t *testing.T) {
	t.Parallel()
	for _, expect := range []string{"exactly_one", "at_most_one"} {
		t.Run(expect, func(t *testing.T) {
			each(t, func(t *testing.T, s *databasetest.Shop) {
				shop(t, s, "orders", "payments")
				add(t, s, "orders", "A-1", "1", "paid")
				began := time.Now()
				w := watch(t, settings(s, s, expect))
				got := w.checked()
				if got.Left.Empty || !got.Right.Empty {
					t.Errorf("%s: empty are left %v, right %v; want only the right", expect, got.Left.Empty, got.Right.Empty)
				}
				if m, _ := got.OfKind(signal.MissingRight); expect == "exactly_one" && (m.Since < signal.InstantOf(began) || m.Oldest > signal.InstantOf(began.Add(-50*time.Minute))) {
					t.Errorf("since %s, the oldest row of %s; want since now, of an hour ago", m.Since.Time(), m.Oldest.Time())
				}
				justNow(t, s, "payments", "A-1", "captured")
				if got := w.checked(); got.Left.Empty || got.Right.Empty {
					t.Errorf("%s: after a payment, empty are left %v, right %v", expect, got.Left.Empty, got.Right.Empty)
				}
			})
		})
	}
}
