package kafka_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// count counts the requests of a kind that a server gets.
func (s *server) count(key kmsg.Key, when func(kmsg.Request) bool) *atomic.Int64 {
	var n atomic.Int64
	s.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Observe: true, Count: -1, When: func(req kmsg.Request) bool {
		if when == nil || when(req) {
			n.Add(1)
		}
		return false
	}})
	return &n
}

// asksTime reports whether a ListOffsets request asks for a timestamp.
func asksTime(req kmsg.Request) bool {
	for _, t := range req.(*kmsg.ListOffsetsRequest).Topics {
		for _, p := range t.Partitions {
			if p.Timestamp >= 0 {
				return true
			}
		}
	}
	return false
}

func TestAgeOfTheHeadIsMeasured(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client()
	now := time.Now().Truncate(time.Millisecond)
	var records []*kgo.Record
	for i := range 500 {
		records = append(records, orderAt("orders", 0, "o", now.Add(time.Duration(i-500)*time.Minute)))
	}
	produce(t, c, records...)
	commit(t, c, "billing", "orders", map[int32]int64{0: 300})
	commit(t, c, "shipping", "orders", map[int32]int64{0: 500})
	lookups := s.count(kmsg.ListOffsets, asksTime)
	r := watch(t, s.settings())
	q := mustQueue(t, until(t, r, "a measured age", func(r signal.Report) bool {
		q, _ := queueOf(r, "orders", "billing")
		return q.Oldest.Bound == signal.Measured
	}), "orders", "billing")
	truth := 200 * time.Minute
	if age := q.Oldest.At(signal.InstantOf(now)); age > truth || age < truth-truth/19 {
		t.Errorf("the head is said to be %s old, want %s", age, truth)
	}
	before := lookups.Load()
	if before == 0 || before > 10 {
		t.Errorf("%d lookups", before)
	}
	for range 5 {
		readWhole(t, r)
	}
	if after := lookups.Load(); after != before {
		t.Errorf("%d lookups more for a head that is known", after-before)
	}
	if q := mustQueue(t, readWhole(t, r), "orders", "shipping"); q.Oldest.Known() {
		t.Errorf("a queue in which nothing waits is %v old", q.Oldest)
	}
}

func TestNothingIsProbedWithoutLag(t *testing.T) {
	s := serve(t, kfake.SeedTopics(4, "orders"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-1"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 1, 1: 0})
	lookups, fetches := s.count(kmsg.ListOffsets, asksTime), s.count(kmsg.Fetch, nil)
	r := watch(t, s.settings("order_id: key"))
	for range 5 {
		readWhole(t, r)
	}
	if lookups.Load() != 0 || fetches.Load() != 0 {
		t.Errorf("%d lookups, %d fetches", lookups.Load(), fetches.Load())
	}
}

// TestNewMessageIsYoung: the age of the head is not the time without progress.
func TestNewMessageIsYoung(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client()
	old := time.Now().Add(-72 * time.Hour)
	produce(t, c, orderAt("orders", 0, "o-1", old))
	commit(t, c, "billing", "orders", map[int32]int64{0: 1})
	r := watch(t, s.settings())
	readWhole(t, r)
	for name, at := range map[string]time.Time{"replayed": old, "from the future": time.Now().Add(time.Hour)} {
		produce(t, c, orderAt("orders", 0, "o-2", at))
		seen := signal.InstantOf(time.Now())
		q := mustQueue(t, readWhole(t, r), "orders", "billing")
		if age := q.Oldest.At(seen); !q.Oldest.Known() || age > 10*time.Second || q.Oldest.Since > signal.InstantOf(time.Now()) {
			t.Errorf("a message %s that just came is %s old: %v", name, age, q.Oldest)
		}
	}
}

func TestCommitBelowTheLogStartIsReadAfterTheStart(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client()
	for range 10 {
		produce(t, c, order("orders", 0, "o-1"))
	}
	commit(t, c, "billing", "orders", map[int32]int64{0: 2})
	deleteRecords(t, c, "orders", 0, 6)
	q := mustQueue(t, readWhole(t, watch(t, s.settings())), "orders", "billing")
	if p := q.Partitions[0]; p.Committed != 2 || p.Start != 6 || p.End != 10 || q.Ready != 4 {
		t.Errorf("got %+v", q)
	}
	// A group may advance between two requests. That a commit lies below the start
	// is certain only if it was read after the start; that lag is not understated,
	// if it was read before the end.
	order := s.order(kmsg.ListOffsets, kmsg.OffsetFetch)
	readWhole(t, watch(t, s.settings()))
	if got := order(); len(got) < 3 || got[0] != "start" || got[1] != "commits" || got[2] != "end" {
		t.Errorf("asked in the order %v, want the start, the commits, the end", got)
	}
}

// order notes the order in which offsets are asked for.
func (s *server) order(keys ...kmsg.Key) func() []string {
	seen := make(chan string, 100)
	s.Fault(kfake.Fault{Keys: keys, Observe: true, Count: -1, When: func(req kmsg.Request) bool {
		switch req := req.(type) {
		case *kmsg.OffsetFetchRequest:
			seen <- "commits"
		case *kmsg.ListOffsetsRequest:
			seen <- map[int64]string{-2: "start", -1: "end"}[req.Topics[0].Partitions[0].Timestamp]
		}
		return false
	}})
	return func() []string {
		close(seen)
		var list []string
		for s := range seen {
			if len(list) == 0 || list[len(list)-1] != s {
				list = append(list, s)
			}
		}
		return list
	}
}

// transaction writes messages and ends their transaction.
func transaction(t *testing.T, c *kgo.Client, end kgo.TransactionEndTry, records ...*kgo.Record) {
	t.Helper()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, c, records...)
	if err := c.EndTransaction(within(t), end); err != nil {
		t.Fatal(err)
	}
}

// impatient are objectives that make a reading sample a partition soon.
var impatient = []string{"objectives: [{max_age: 1s}]"}

func TestInvisibleMessagesAreNoBacklog(t *testing.T) {
	for name, test := range map[string]struct {
		write   func(t *testing.T, s *server)
		commit  int64
		visible bool
	}{
		"a transaction marker": {func(t *testing.T, s *server) {
			transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryCommit, order("orders", 0, "o-1"))
		}, 1, false},
		"an aborted transaction": {func(t *testing.T, s *server) {
			c := s.client(kgo.TransactionalID("tx"))
			transaction(t, c, kgo.TryCommit, order("orders", 0, "o-1"))
			transaction(t, c, kgo.TryAbort, order("orders", 0, "o-2"), order("orders", 0, "o-3"))
		}, 2, false},
		"a message behind a marker": {func(t *testing.T, s *server) {
			transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryCommit, order("orders", 0, "o-1"))
			produce(t, s.client(), order("orders", 0, "o-2"))
		}, 1, true},
		"a committed transaction": {func(t *testing.T, s *server) {
			transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryCommit, order("orders", 0, "o-1"))
		}, 0, true},
		"one aborted, then one committed": {func(t *testing.T, s *server) {
			c := s.client(kgo.TransactionalID("tx"))
			transaction(t, c, kgo.TryAbort, order("orders", 0, "o-1"))
			transaction(t, c, kgo.TryCommit, order("orders", 0, "o-2"))
		}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"))
			test.write(t, s)
			commit(t, s.client(), "billing", "orders", map[int32]int64{0: test.commit})
			fetches := s.count(kmsg.Fetch, nil)
			r := watch(t, s.settings(append(impatient, "order_id: key")...))
			report := until(t, r, "a sample", func(signal.Report) bool { return fetches.Load() > 0 })
			q := mustQueue(t, report, "orders", "billing")
			if q.Partitions[0].NothingToDeliver == test.visible || len(q.Sample) > 0 != test.visible ||
				q.Ready > 0 != test.visible || q.Oldest.Known() != test.visible {
				t.Errorf("got\n%s", show(report))
			}
			looked := fetches.Load()
			for range 3 {
				if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Partitions[0].NothingToDeliver == test.visible {
					t.Errorf("a later reading forgot what was seen: %+v", q)
				}
			}
			if fetches.Load() != looked {
				t.Errorf("%d fetches more for what was seen already", fetches.Load()-looked)
			}
		})
	}
}

// TestOpenTransactionIsNotInvisible: its messages may still become visible.
func TestOpenTransactionIsNotInvisible(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client(kgo.TransactionalID("tx"))
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, c, order("orders", 0, "o-1"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	fetches := s.count(kmsg.Fetch, nil)
	report := until(t, watch(t, s.settings(impatient...)), "a sample", func(signal.Report) bool { return fetches.Load() > 0 })
	if q := mustQueue(t, report, "orders", "billing"); q.Partitions[0].NothingToDeliver || q.Ready != 1 {
		t.Errorf("got\n%s", show(report))
	}
	if err := c.EndTransaction(within(t), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
}

func TestWaitingOrdersAreNamed(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"))
	c := s.client()
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i := range 8 {
		for p := range int32(2) {
			r := orderAt("orders", p, fmt.Sprintf("o-%d-%d", p, i), at.Add(time.Duration(i)*time.Minute))
			r.Headers = []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}}
			produce(t, c, r)
		}
	}
	produce(t, c, &kgo.Record{Topic: "orders", Partition: 0, Key: []byte{0xff, 0x00}, Value: []byte("x")})
	commit(t, c, "billing", "orders", map[int32]int64{0: 2, 1: 2})
	r := watch(t, s.settings(append(impatient, "order_id: key")...))
	q := mustQueue(t, until(t, r, "names", func(r signal.Report) bool {
		q, _ := queueOf(r, "orders", "billing")
		return len(q.Sample) == 10
	}), "orders", "billing")
	want := signal.OrderRef{ID: "o-0-2", Since: signal.InstantOf(at.Add(2 * time.Minute)), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7"}
	if !slices.Contains(q.Sample[:2], want) || q.Sample[9].ID[4:] != "6" {
		t.Errorf("got %v", q.Sample)
	}
	// Without order_id nothing is named.
	r = watch(t, s.settings(impatient...))
	fetches := s.count(kmsg.Fetch, nil)
	report := until(t, r, "a sample", func(signal.Report) bool { return fetches.Load() > 0 })
	if q := mustQueue(t, report, "orders", "billing"); len(q.Sample) != 0 || q.Partitions[0].NothingToDeliver {
		t.Errorf("got\n%s", show(report))
	}
}

func TestMissingReadRightIsAWarning(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-1"), order("orders.dlq", 0, "o-2"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 0})
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	fetches := s.count(kmsg.Fetch, nil)
	r := watch(t, s.settings(append(impatient, "order_id: key")...))
	report := until(t, r, "the warning", func(r signal.Report) bool {
		return len(r.Warnings) > 0 && strings.Contains(r.Warnings[0], "orders, orders.dlq")
	})
	want := "not authorized to read messages: findings name no orders, and transaction markers count as backlog; grant READ on topics orders, orders.dlq"
	if !slices.Equal(report.Warnings, []string{want}) || mustQueue(t, report, "orders", "billing").Ready != 1 {
		t.Errorf("got\n%s", show(report))
	}
	looked := fetches.Load()
	for range 3 {
		readWhole(t, r)
	}
	if fetches.Load() != looked {
		t.Error("it keeps trying")
	}
}
