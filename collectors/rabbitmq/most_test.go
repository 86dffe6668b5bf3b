package rabbitmq_test

import (
	"bufio"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// crowd makes the fake answer with many queues, written as a stream.
func (f *fake) crowd(queues int) {
	list := func(each func(w *bufio.Writer, i int)) http.HandlerFunc {
		return func(response http.ResponseWriter, _ *http.Request) {
			w := bufio.NewWriter(response)
			_, _ = w.WriteString("[")
			for i := range queues {
				if i > 0 {
					_, _ = w.WriteString(",")
				}
				each(w, i)
			}
			_, _ = w.WriteString("]")
			_ = w.Flush()
		}
	}
	f.raw("/api/queues", list(func(w *bufio.Writer, i int) {
		_, _ = fmt.Fprintf(w, `{"vhost":"/","name":"orders-of-shop-%06d","type":"classic","arguments":{},"messages_ready":1,"messages_unacknowledged":0,"consumers":1}`, i)
	}))
	f.raw("/api/bindings", list(func(w *bufio.Writer, i int) {
		_, _ = fmt.Fprintf(w, `{"vhost":"/","source":"","destination":"orders-of-shop-%06d","destination_type":"queue","routing_key":"orders-of-shop-%06d"}`, i, i)
	}))
	f.raw("/metrics/detailed", func(response http.ResponseWriter, _ *http.Request) {
		w := bufio.NewWriter(response)
		for _, name := range []string{"messages_ready", "messages_unacked", "consumers", "messages_acked_total"} {
			for i := range queues {
				_, _ = fmt.Fprintf(w, "rabbitmq_detailed_queue_%s{vhost=\"/\",queue=\"orders-of-shop-%06d\"} 1\n", name, i)
			}
		}
		_ = w.Flush()
	})
}

// readAtMost takes one reading with a lower limit.
func readAtMost(t *testing.T, c rabbitmq.Config, most int) (signal.Report, error) {
	t.Helper()
	reader := rabbitmq.NewReader(c)
	defer func() { _ = reader.Close() }()
	rabbitmq.LimitQueues(reader, most)
	var r signal.Report
	err := reader.Read(t.Context(), &r)
	return r, err
}

// TestMoreQueuesThanAreKeptAreAnErrorThatSaysWhatToDo: whether the management API or the
// prometheus plugin lists them.
func TestMoreQueuesThanAreKeptAreAnErrorThatSaysWhatToDo(t *testing.T) {
	const most = 1000
	const want = "there are more than 1000 queues; watch fewer by vhosts and queues"
	f := serve(t)
	f.crowd(most + 1)
	if r, err := readAtMost(t, settings(t, f.URL), most); err == nil || !strings.Contains(err.Error(), want) || len(r.Queues) > 0 {
		t.Errorf("got %v and %d queues", err, len(r.Queues))
	}
	f.fail("/api/overview", http.StatusNotFound)
	if r, err := readAtMost(t, settings(t, f.URL), most); err == nil || !strings.Contains(err.Error(), want) || len(r.Queues) > 0 {
		t.Errorf("without the management API: got %v and %d queues", err, len(r.Queues))
	}
}

// TestExcludedQueuesDoNotCountTowardsTheLimit: the config selects one queue of too many.
func TestExcludedQueuesDoNotCountTowardsTheLimit(t *testing.T) {
	f := serve(t)
	f.crowd(1001)
	r, err := readAtMost(t, settings(t, f.URL, "queues: {include: orders-of-shop-000007}"), 1000)
	if err != nil || len(r.Queues) != 1 {
		t.Errorf("got %v and %d queues", err, len(r.Queues))
	}
}

// TestQueueTakesBoundedMemory measures one of many queues: docs/security.md promises what the
// largest cluster takes.
func TestQueueTakesBoundedMemory(t *testing.T) {
	const queues, most = 10_000, 2 << 10
	f := serve(t)
	f.crowd(queues)
	reader := rabbitmq.NewReader(settings(t, f.URL))
	defer func() { _ = reader.Close() }()
	before := collectortest.Heap()
	for range 2 {
		var r signal.Report
		if err := reader.Read(t.Context(), &r); err != nil || len(r.Queues) != queues {
			t.Fatalf("got %v and %d queues", err, len(r.Queues))
		}
	}
	taken := collectortest.Heap() - before
	t.Logf("%d queues take %d bytes each", queues, taken/queues)
	if taken > queues*most {
		t.Errorf("each queue takes %d bytes, want at most %d", taken/queues, most)
	}
	runtime.KeepAlive(reader)
}
