package kafka_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestInvisibleMessagesAreNoDeadLetters: transaction markers and aborted messages stay in
// the log, and no consumer can process them.
func TestInvisibleMessagesAreNoDeadLetters(t *testing.T) {
	dead := func(id string) *kgo.Record { return order("orders.dlq", 0, id) }
	for name, test := range map[string]struct {
		write   func(t *testing.T, s *server, tx *kgo.Client)
		taken   int64 // committed by a group; 0: no group
		want    signal.Count
		arrived signal.Count
	}{
		"an aborted transaction": {func(t *testing.T, _ *server, tx *kgo.Client) {
			transaction(t, tx, kgo.TryAbort, dead("o-1"))
		}, 0, 0, 2},
		"the marker after a consumed message": {func(t *testing.T, _ *server, tx *kgo.Client) {
			transaction(t, tx, kgo.TryCommit, dead("o-1"))
		}, 1, 0, 2},
		"a message of a transaction": {func(t *testing.T, _ *server, tx *kgo.Client) {
			transaction(t, tx, kgo.TryCommit, dead("o-1"))
		}, 0, 2, 2},
		"a message after many aborted ones": {func(t *testing.T, s *server, tx *kgo.Client) {
			for i := range 20 {
				transaction(t, tx, kgo.TryAbort, dead(fmt.Sprintf("o-%d", i)))
			}
			produce(t, s.client(), dead("o-20"))
		}, 0, 41, 41},
		"a message before many aborted ones": {func(t *testing.T, s *server, tx *kgo.Client) {
			produce(t, s.client(), dead("o-0"))
			for i := range 20 {
				transaction(t, tx, kgo.TryAbort, dead(fmt.Sprintf("o-%d", i+1)))
			}
		}, 0, 41, 41},
		"a message without a transaction": {func(t *testing.T, s *server, _ *kgo.Client) {
			produce(t, s.client(), dead("o-1"))
		}, 0, 1, 1},
	} {
		for _, config := range [][]string{nil, {"order_id: key"}} {
			t.Run(strings.Join(append(config, name), ", "), func(t *testing.T) {
				s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
				test.write(t, s, s.client(kgo.TransactionalID("tx")))
				if test.taken > 0 {
					commit(t, s.client(), "replayer", "orders.dlq", map[int32]int64{0: test.taken})
				}
				fetches := s.count(kmsg.Fetch, nil)
				r := watch(t, s.settings(config...))
				d := deadLetters(readWhole(t, r))["orders.dlq"]
				if d.Messages != test.want || d.Arrived != test.arrived || d.Oldest.Known() != (test.want > 0) {
					t.Errorf("got %+v", d)
				}
				looked := fetches.Load()
				if looked == 0 || looked > 4 {
					t.Errorf("%d fetches", looked)
				}
				for range 3 {
					if d = deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != test.want {
						t.Errorf("a later reading forgot what was seen: %+v", d)
					}
				}
				if fetches.Load() != looked {
					t.Errorf("%d fetches more, though nothing came", fetches.Load()-looked)
				}
			})
		}
	}
}

// TestNewDeadLetterIsFoundAfterInvisibleMessages: a result is valid until a message
// arrives, a group commits or the topic is recreated.
func TestNewDeadLetterIsFoundAfterInvisibleMessages(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders", "orders.dlq"))
	c, tx := s.client(), s.client(kgo.TransactionalID("tx"))
	transaction(t, tx, kgo.TryAbort, order("orders.dlq", 0, "o-1"), order("orders.dlq", 1, "o-2"))
	r := watch(t, s.settings())
	holds := func(what string, want signal.Count) {
		t.Helper()
		if d := deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != want {
			t.Errorf("%s: got %+v, want %d", what, d, want)
		}
	}
	holds("nothing but what was aborted", 0)
	transaction(t, tx, kgo.TryCommit, order("orders.dlq", 1, "o-3"))
	holds("a message came into one partition", 4)
	commit(t, c, "replayer", "orders.dlq", map[int32]int64{1: 3})
	holds("it was taken out", 0)
	commit(t, c, "replayer", "orders.dlq", map[int32]int64{1: 0})
	holds("the replay begins anew", 4)
	deleteTopic(t, c, "orders.dlq")
	createTopic(t, c, 2, "orders.dlq")
	c = s.client()
	produce(t, c, order("orders.dlq", 0, "o-4"), order("orders.dlq", 0, "o-5"))
	holds("another topic of the same name and length", 2)
}

// TestOpenTransactionIsADeadLetter: it may still be committed.
func TestOpenTransactionIsADeadLetter(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
	tx := s.client(kgo.TransactionalID("tx"))
	if err := tx.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, tx, order("orders.dlq", 0, "o-1"))
	r := watch(t, s.settings())
	if d := deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != 1 {
		t.Errorf("got %+v", d)
	}
	if err := tx.EndTransaction(within(t), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	if d := deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != 0 {
		t.Errorf("got %+v", d)
	}
}

func TestDeadLettersCountWithoutTheReadRight(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
	transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryAbort, order("orders.dlq", 0, "o-1"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	fetches := s.count(kmsg.Fetch, nil)
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	r := watch(t, s.settings())
	readWhole(t, r)
	looked := fetches.Load()
	for range 3 {
		report := readWhole(t, r)
		if d := deadLetters(report)["orders.dlq"]; d.Messages != 2 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "grant READ on topics orders.dlq") {
			t.Errorf("got\n%s", show(report))
		}
	}
	if looked == 0 || fetches.Load() != looked {
		t.Errorf("%d fetches, then %d more", looked, fetches.Load()-looked)
	}
}

// TestManyAbortedMessagesAreReadInParts: a reading is bounded, and the next one resumes.
func TestManyAbortedMessagesAreReadInParts(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
	tx := s.client(kgo.TransactionalID("tx"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for range 12 {
		big := order("orders.dlq", 0, "o-1")
		big.Value = make([]byte, 60<<10)
		transaction(t, tx, kgo.TryAbort, big)
	}
	r := watch(t, s.settings())
	if d := deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != 24 {
		t.Fatalf("one reading looked through all of it: %+v", d)
	}
	until(t, r, "the end", func(r signal.Report) bool { return deadLetters(r)["orders.dlq"].Messages == 0 })
}
