package kafka_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// holdTransaction opens a transaction before other messages, and checks what is reported of
// groups before, at and behind it, and that nothing is once it ended.
func holdTransaction(t *testing.T, c, tx *kgo.Client, r signalReader, topic string) {
	t.Helper()
	produce(t, c, order(topic, 0, "o-1"))
	if err := tx.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, tx, order(topic, 0, "o-2"))
	produce(t, c, order(topic, 0, "o-3"), order(topic, 0, "o-4"))
	commit(t, c, "before-"+topic, topic, map[int32]int64{0: 0})
	commit(t, c, "at-"+topic, topic, map[int32]int64{0: 1})
	report := until(t, r, "the transaction", func(r signal.Report) bool { return warns(r, "an open transaction") })
	if !warns(report, "group at-"+topic+" at offset 1 of topic "+topic+", partition 0, with 3 messages", fmt.Sprintf("abort --topic %s --partition 0 --start-offset 1", topic)) {
		t.Errorf("got\n%s", show(report))
	}
	q := mustQueue(t, report, topic, "at-"+topic)
	if len(q.OpenTransactions) != 1 || q.OpenTransactions[0].Start != 1 || q.OpenTransactions[0].Messages != 3 || !q.OpenTransactions[0].Since.Known() || q.Ready != 3 {
		t.Errorf("got %+v", q)
	}
	report = until(t, r, "a sample of the group before it", func(r signal.Report) bool {
		q, _ := queueOf(r, topic, "before-"+topic)
		return q.Ready == 4
	})
	if warns(report, "group before-"+topic) || len(mustQueue(t, report, topic, "before-"+topic).OpenTransactions) > 0 {
		t.Errorf("a group with a message before the transaction is called held back: got\n%s", show(report))
	}
	if err := tx.EndTransaction(within(t), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	report = until(t, r, "no transaction", func(r signal.Report) bool { return !warns(r, "an open transaction") })
	if q := mustQueue(t, report, topic, "at-"+topic); len(q.OpenTransactions) > 0 {
		t.Errorf("got %+v", q)
	}
}

func TestOpenTransactionThatHoldsBackAGroupIsReported(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	holdTransaction(t, s.client(), s.client(kgo.TransactionalID("tx")), watch(t, s.settings(impatient...)), "orders")
}
