package terminal_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// stuck is the trail of an order whose event went to a dead letter queue.
func stuck() *api.Order {
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	return &api.Order{
		ID: "A-1017", At: now,
		Summary: "It is in state paid since 02:41 (38 min). Overdue since 02:46: leaves state paid for shipped or refunded. 1 of 5 places could not be searched.",
		Places: []api.OrderPlace{
			{Store: "shop", Name: "orders", Events: 1},
			{Store: "shop", Name: "outbox", Events: 2},
			{Store: "kafka main", Name: "orders.of.the.shop.dlq", Events: 1, Searched: "the newest 640 of 12,000 messages"},
			{Store: "billing", Name: "payments", Holds: "rows"},
			{Store: "billing", Name: "refunds", Gaps: []api.OrderGap{{Source: "reconcile/refunds", Reason: "look up rows of refunds: refused, because it would read all of table refunds, about 2000000 rows; to have it answered, create this index (its price: every insert also writes to it): CREATE INDEX CONCURRENTLY refunds_order_id ON refunds (order_id);"}}},
		},
		Events: []api.OrderEvent{
			{At: at(27 * time.Hour), Place: 1, Kind: signal.EventRow, What: "event was written to outbox orders", Key: "8812"},
			{At: at(39 * time.Minute), Place: 1, Kind: signal.EventPublished, What: "event was published", Key: "8812"},
			{At: at(38 * time.Minute), Place: 0, Kind: signal.EventState, What: "is in state paid"},
			{Place: 2, Kind: signal.EventDeadLetter, What: "message is in the dead letter queue", Key: "partition 0, offset 17", Detail: "charge failed"},
		},
		Expected: []api.OrderExpectation{{What: "leaves state paid for shipped or refunded", By: at(33 * time.Minute), Overdue: true, Place: 0}},
		Traces:   []api.OrderTrace{{ID: "4bf92f3577b34da6a3ce929d0e0e4736", URL: "https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"}},
		Findings: []api.Finding{{ID: "a1b2c3d4e5f6", Severity: signal.Critical, Mode: signal.OrderOverdue, Subject: "order in state paid (database shop)"}},
	}
}

func TestTrailOfAnOrder(t *testing.T) {
	var b strings.Builder
	if err := style.Order(&b, stuck()); err != nil {
		t.Fatal(err)
	}
	const want = `Order A-1017
It is in state paid since 02:41 (38 min). Overdue since 02:46: leaves state paid
for shipped or refunded. 1 of 5 places could not be searched.

2026-03-13 UTC
  00:19:00  shop · outbox               event was written to outbox orders
                                        (8812)

2026-03-14 UTC
  02:40:00  shop · outbox               event was published (8812)
  02:41:00  shop · orders               is in state paid

Time not known
  -         kafka main ·                message is in the dead letter queue
            orders.of.the.shop.dlq      (partition 0, offset 17): charge failed

Expected
  02:46:00  shop · orders               leaves state paid for shipped or
                                        refunded, by 02:46: 33 min overdue

Not searched
  billing · refunds (reconcile/refunds)
    look up rows of refunds: refused, because it would read all of table
    refunds, about 2000000 rows; to have it answered, create this index (its
    price: every insert also writes to it): CREATE INDEX CONCURRENTLY
    refunds_order_id ON refunds (order_id);

Nothing found
  billing · payments: no rows

Searched in part
  kafka main · orders.of.the.shop.dlq: the newest 640 of 12,000 messages

Traces
  https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736

Findings
  a1b2c3 critical order_overdue: order in state paid (database shop)
`
	if b.String() != want {
		t.Errorf("writes\n%s\nwant\n%s", b.String(), want)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
		}
	}
}
