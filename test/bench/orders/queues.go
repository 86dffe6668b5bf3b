package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	sqsQueues     = 300
	everySQS      = 30 * time.Second // 300 requests at 20 a second take half of it
	mostSQSClient = 10               // requests in flight, each on a connection
)

// queues watches 300 queues of an embedded SQS in one entry and in fifty entries of the same account,
// and prints the connections, the requests and how late readings are.
func queues(ctx context.Context, length time.Duration) error {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	fmt.Println("\n| SQS queues | entries of sqs | connections at the peak | requests a second | readings | failed | late, median | late, most |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var errs []error
	for _, entries := range []int{1, 50} {
		w, most, requests, err := watchQueues(ctx, entries, length)
		if err != nil {
			return err
		}
		late := w.late(everySQS)
		fmt.Printf("| %d | %d | %d | %.1f | %d | %d | %.2f s | %.2f s |\n", sqsQueues, entries, most, float64(requests)/length.Seconds(), w.readings, w.failed, median(late).Seconds(), slices.Max(late).Seconds())
		if most > mostSQSClient || w.failed > 0 || w.readings == 0 {
			errs = append(errs, fmt.Errorf("%d entries of sqs: at most %d connections and no failed reading are allowed; the last failure: %s", entries, mostSQSClient, w.lastFailure()))
		}
	}
	return errors.Join(errs...)
}

func watchQueues(ctx context.Context, entries int, length time.Duration) (w *watched, most, requests int, err error) {
	cloud := fakesqs.New()
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	server := httptest.NewUnstartedServer(cloud)
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			open[conn] = true
			most = max(most, len(open))
		case http.StateClosed, http.StateHijacked:
			delete(open, conn)
		}
	}
	server.Start()
	defer server.Close()
	var text strings.Builder
	text.WriteString("sqs:\n")
	for i := range entries {
		fmt.Fprintf(&text, "  - {name: shop%d, region: eu-central-1, endpoint: %q, queues: {prefix: shop%d-}, cloudwatch: {enabled: false}, interval: %s, timeout: 25s}\n", i, server.URL, i, everySQS)
	}
	for i := range sqsQueues {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(fmt.Sprintf(`{"QueueName":"shop%d-orders-%d"}`, i%entries, i)))
		if err != nil {
			return nil, 0, 0, err
		}
		request.Header.Set("X-Amz-Target", "AmazonSQS.CreateQueue")
		answer, err := server.Client().Do(request)
		if err != nil {
			return nil, 0, 0, fmt.Errorf("create queue: %w", err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, 0, 0, fmt.Errorf("create queue: %s", answer.Status)
		}
	}
	f, err := config.Parse("bench.yml", []byte(text.String()), "", []config.Section{sqs.Source().Section})
	if err != nil {
		return nil, 0, 0, err
	}
	server.Client().CloseIdleConnections()
	time.Sleep(100 * time.Millisecond) // the server notices
	before := total(cloud.Requests())
	mu.Lock()
	most = 0
	mu.Unlock()
	w = &watched{at: map[signal.TargetID][]time.Time{}}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	manager := collectors.NewManager(w, slog.New(slog.DiscardHandler))
	manager.Apply(ctx, sqs.Source().Targets(f))
	<-ctx.Done()
	manager.Stop()
	mu.Lock()
	defer mu.Unlock()
	return w, most, total(cloud.Requests()) - before, nil
}

func total(requests map[string]int) (n int) {
	for _, one := range requests {
		n += one
	}
	return n
}
