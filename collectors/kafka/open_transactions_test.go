package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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

// heldBy returns the open transaction at which the group stands on partition 0 of orders.
func heldBy(t *testing.T, r signalReader, so func(signal.OpenTransaction) bool) signal.OpenTransaction {
	t.Helper()
	var found signal.OpenTransaction
	until(t, r, "the transaction", func(r signal.Report) bool {
		if q, _ := queueOf(r, "orders", "billing"); len(q.OpenTransactions) == 1 {
			found = q.OpenTransactions[0]
		}
		return found.Start > 0 && so(found)
	})
	return found
}

// holdOrders opens a transaction at offset 1 of orders, where the group billing stands.
func holdOrders(t *testing.T, s *server) *kgo.Client {
	t.Helper()
	c, tx := s.client(), s.client(kgo.TransactionalID("it's tx"), kgo.TransactionTimeout(10*time.Minute))
	produce(t, c, order("orders", 0, "o-1"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 1})
	if err := tx.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, tx, order("orders", 0, "o-2"))
	return tx
}

func TestOpenTransactionIsDescribed(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "other"))
	tx, r := holdOrders(t, s), watch(t, s.settings(append(impatient, "order_id: key", "topics: {exclude: [other]}")...))
	began := time.Now()
	first := heldBy(t, r, func(o signal.OpenTransaction) bool { return o.LastWrite.Known() })
	if first.ID != "it's tx" || first.Producer < 0 || first.Timeout != 10*time.Minute || first.Ended || first.Began.Time().After(began) {
		t.Errorf("got %+v", first)
	}
	if want := `forceTerminateTransaction --transactionalId 'it'\''s tx'`; !strings.HasSuffix(first.Remedy, want) {
		t.Errorf("the remedy is %q, want %q", first.Remedy, want)
	}
	// It writes on, to a topic that is not even watched.
	produce(t, tx, order("other", 0, "o-3"))
	heldBy(t, r, func(o signal.OpenTransaction) bool { return o.LastWrite > first.LastWrite })
	report := readWhole(t, r)
	if q := mustQueue(t, report, "orders", "billing"); len(q.Sample) != 1 || q.Sample[0].ID != "o-2" {
		t.Errorf("what waits behind it is %+v", q.Sample)
	}
}

func TestTransactionThatItsCoordinatorEndedIsAbortedOnThePartition(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	producer, _, err := holdOrders(t, s).ProducerID(within(t))
	if err != nil {
		t.Fatal(err)
	}
	s.ControlKey(int16(kmsg.DescribeTransactions), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		answer := request.ResponseKind().(*kmsg.DescribeTransactionsResponse)
		for _, id := range request.(*kmsg.DescribeTransactionsRequest).TransactionalIDs {
			one := kmsg.NewDescribeTransactionsResponseTransactionState()
			one.TransactionalID, one.State, one.ProducerID = id, "CompleteAbort", producer
			answer.TransactionStates = append(answer.TransactionStates, one)
		}
		return answer, nil, true
	})
	o := heldBy(t, watch(t, s.settings(impatient...)), func(o signal.OpenTransaction) bool { return o.ID != "" })
	if !o.Ended || o.AbortsAt().Known() || !strings.HasSuffix(o.Remedy, "abort --topic orders --partition 0 --start-offset 1") {
		t.Errorf("got %+v", o)
	}
}

// TestOpenTransactionIsFoundWithoutTheRightToDescribeIt: brokers refuse producers, and leave
// transactions out of lists.
func TestOpenTransactionIsFoundWithoutTheRightToDescribeIt(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	holdOrders(t, s)
	s.ControlKey(int16(kmsg.DescribeProducers), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		answer := request.ResponseKind().(*kmsg.DescribeProducersResponse)
		for _, topic := range request.(*kmsg.DescribeProducersRequest).Topics {
			one := kmsg.NewDescribeProducersResponseTopic()
			for _, p := range topic.Partitions {
				part := kmsg.NewDescribeProducersResponseTopicPartition()
				part.Partition, part.ErrorCode = p, kerr.TopicAuthorizationFailed.Code
				one.Topic, one.Partitions = topic.Topic, append(one.Partitions, part)
			}
			answer.Topics = append(answer.Topics, one)
		}
		return answer, nil, true
	})
	s.ControlKey(int16(kmsg.ListTransactions), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		return request.ResponseKind(), nil, true
	})
	o := heldBy(t, watch(t, s.settings(impatient...)), func(signal.OpenTransaction) bool { return true })
	if o.ID != "" || o.Producer != signal.Unknown || o.Timeout != 0 || o.LastWrite.Known() || o.Ended || !o.Since.Known() {
		t.Errorf("got %+v", o)
	}
}

func TestGroupThatReadsUncommittedMessagesIsNotHeldBack(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	holdOrders(t, s)
	c := s.client()
	produce(t, c, order("orders", 0, "o-3"))
	commit(t, c, "uncommitted", "orders", map[int32]int64{0: 2})
	r := watch(t, s.settings(impatient...))
	heldBy(t, r, func(signal.OpenTransaction) bool { return true })
	for range 5 {
		if q := mustQueue(t, readWhole(t, r), "orders", "uncommitted"); len(q.OpenTransactions) > 0 || q.Ready != 1 {
			t.Errorf("got %+v", q)
		}
	}
}
