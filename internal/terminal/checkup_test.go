package terminal_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
)

func TestCheckup(t *testing.T) {
	r := &checkup.Result{Targets: []checkup.Target{
		{Collector: "kafka", Target: "main", OK: true, Reachable: "12 topics, 3 consumer groups", TookSeconds: 0.12, Advice: []collectors.Advice{
			{Kind: collectors.Warning, Text: "2 topics with no dead letter topic by the patterns of dlq: " + strings.Repeat("a-topic-with-a-long-name ", 4)},
		}},
		{Collector: "orders", Target: "order", Reachable: "1 lifecycle", Error: "no right to read", Advice: []collectors.Advice{
			{Kind: collectors.Index, Text: "count orders: it would read all of table orders", Paste: "CREATE INDEX i ON orders (state);"},
			{Kind: collectors.Picture, Text: "placed\n└─▶ paid\n"},
			{Kind: collectors.Grant, Text: "to read table orders and nothing else", Paste: "GRANT SELECT (id) ON orders TO lostorder;"},
		}},
		{Collector: "sqs", Target: "main", OK: true, Reachable: "1 queue", Advice: []collectors.Advice{{Kind: collectors.Cost, Text: "0.46 US dollars per month at most"}}},
		{Collector: "outbox", Target: "orders", Error: "connection refused"},
	}}
	var b strings.Builder
	if err := style.Checkup(&b, r); err != nil {
		t.Fatal(err)
	}
	const want = `ok    kafka/main  reachable: 12 topics, 3 consumer groups, in 0.12 s
      warning  2 topics with no dead letter topic by the patterns of dlq: a-topic-with-a-long-name
               a-topic-with-a-long-name a-topic-with-a-long-name a-topic-with-a-long-name

PART  orders/order  read in part: 1 lifecycle, in 0.00 s
      error    no right to read
      index    count orders: it would read all of table orders
               CREATE INDEX i ON orders (state);
      placed
      └─▶ paid
      grant    to read table orders and nothing else
               GRANT SELECT (id) ON orders TO lostorder;

ok    sqs/main  reachable: 1 queue, in 0.00 s
      cost     0.46 US dollars per month at most

FAIL  outbox/orders  cannot be read, in 0.00 s
      error    connection refused

2 of 4 targets cannot be read completely.
`
	if b.String() != want {
		t.Errorf("writes\n%s\nwant\n%s", b.String(), want)
	}
}

func TestCheckupOfOneTarget(t *testing.T) {
	for want, target := range map[string]checkup.Target{
		"The target cannot be read completely.": {Error: "connection refused"},
		"1 target can be read. Nothing to fix.": {OK: true},
	} {
		var b strings.Builder
		if err := style.Checkup(&b, &checkup.Result{Targets: []checkup.Target{target}}); err != nil || !strings.HasSuffix(b.String(), "\n"+want+"\n") {
			t.Errorf("it ends %q, want %q (%v)", b.String(), want, err)
		}
	}
}
