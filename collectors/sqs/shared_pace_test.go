package sqs_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestManyEntriesOfOneAccountAskNoFasterThanOne watches three hundred queues by three
// hundred entries at once.
func TestManyEntriesOfOneAccountAskNoFasterThanOne(t *testing.T) {
	login(t)
	const entries, perSecond = 300, 400
	fake := fakesqs.New()
	var mu sync.Mutex
	var asked []time.Time
	open, most := map[net.Conn]bool{}, 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, time.Now())
		mu.Unlock()
		time.Sleep(5 * time.Millisecond) // as long as AWS takes at least
		fake.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			open[conn] = true
		case http.StateClosed, http.StateHijacked:
			delete(open, conn)
		default:
		}
		most = max(most, len(open))
	}
	server.Start()
	defer server.Close()
	for i := range entries {
		request := httptest.NewRequest(http.MethodPost, server.URL, strings.NewReader(fmt.Sprintf(`{"QueueName":"queue-%d"}`, i)))
		request.Header.Set("X-Amz-Target", "AmazonSQS.CreateQueue")
		said := httptest.NewRecorder()
		if fake.ServeHTTP(said, request); said.Code != http.StatusOK {
			t.Fatalf("create a queue: %s", said.Body)
		}
	}
	began := time.Now()
	var reading sync.WaitGroup
	for i := range entries {
		r := sqs.NewReader(settings(t, server.URL, fmt.Sprintf("queues: {include: queue-%d}", i), fmt.Sprintf("max_requests_per_second: %d", perSecond), "cloudwatch: {enabled: false}"), slog.New(slog.DiscardHandler))
		reading.Go(func() {
			var report signal.Report
			if err := r.Read(t.Context(), &report); err != nil || len(report.Queues) != 1 {
				t.Errorf("entry %d: %d queues, %v", i, len(report.Queues), err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	reading.Wait()
	mu.Lock()
	defer mu.Unlock()
	if len(asked) < 2*entries {
		t.Fatalf("%d requests", len(asked))
	}
	if took := time.Since(began); float64(len(asked)) > perSecond*took.Seconds()+2 {
		t.Errorf("%d requests in %s", len(asked), took)
	}
	if most > 40 { // ten requests under way, and connections that are being closed
		t.Errorf("%d connections at once", most)
	}
	t.Logf("%d requests in %s on at most %d connections", len(asked), time.Since(began).Round(time.Millisecond), most)
}
