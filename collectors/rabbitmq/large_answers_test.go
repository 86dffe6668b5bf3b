package rabbitmq_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// gigabyte writes a piece again and again, and notes the most that was held in
// memory meanwhile.
func gigabyte(piece string, most *uint64) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(piece, 1<<20/len(piece)))
		for range 1 << 10 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*most = max(*most, m.HeapAlloc)
		}
	}
}

// TestAnswerOfAGigabyteIsNotKeptInMemory: whatever comes, it ends in a clear error, and memory stays
// where it was.
func TestAnswerOfAGigabyteIsNotKeptInMemory(t *testing.T) {
	const tooLarge = "the answer is larger than any answer of RabbitMQ"
	for name, test := range map[string]struct{ path, begin, piece, err, warning string }{
		"a list that does not end":     {"/api/bindings", "[{}", `,{"vhost":"elsewhere","source":"","destination":"` + strings.Repeat("x", 4000) + `"}`, tooLarge, ""},
		"a name that does not end":     {"/api/queues", `[{"vhost":"/","name":"`, "x", tooLarge, ""},
		"white space":                  {"/api/queues", "", " ", tooLarge, ""},
		"HTML":                         {"/api/overview", "<!doctype html>", "<p>", "the answer is not JSON", ""},
		"metrics that do not end":      {"/metrics/detailed", detailed, "rabbitmq_detailed_queue_messages{vhost=\"/\",queue=\"" + strings.Repeat("x", 4000) + "\"} 0\n", "", tooLarge},
		"a line that does not end":     {"/metrics/detailed", "rabbitmq_x", "x", "", "the answer is not from the prometheus plugin"},
		"HTML from another web server": {"/metrics/detailed", "<!doctype html>", "<p>", "", "the answer is not from the prometheus plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			var most uint64
			f.set(test.path, test.begin)
			f.then(test.path, gigabyte(test.piece, &most))
			c := settings(t, f.URL, "vhosts: {exclude: elsewhere}")
			c.Timeout = config.Duration(5 * time.Minute) // on a machine that is busy; it is the size that ends it
			r, err := read(t, c)
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v", err)
			}
			if warnings := strings.Join(r.Warnings, "; "); test.warning != "" && (err != nil || !strings.Contains(warnings, test.warning) || len(r.Queues) != 4) {
				t.Errorf("got %v, %q and %d queues", err, warnings, len(r.Queues))
			}
			f.Close() // waits until all was written
			if most > 100<<20 {
				t.Errorf("%d MiB were held", most>>20)
			}
		})
	}
}

// drip writes a byte now and then until the client leaves.
func drip(w http.ResponseWriter, r *http.Request) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
		}
	}
}

func TestSlowServerEndsAtTheTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		path, begin string
		queues      int // that are read all the same
	}{
		"the management API":    {"/api/queues", "[", 0},
		"the prometheus plugin": {"/metrics/detailed", "#", 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set(test.path, test.begin)
			f.then(test.path, drip)
			c := settings(t, f.URL)
			c.Timeout = config.Duration(3 * time.Second)
			reader := rabbitmq.NewReader(c)
			defer func() { _ = reader.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(c.Timeout))
			defer cancel()
			began := time.Now()
			var r signal.Report
			err := reader.Read(ctx, &r)
			if (err == nil) != (test.queues > 0) || len(r.Queues) != test.queues || time.Since(began) > time.Minute {
				t.Errorf("got %v and %d queues after %s", err, len(r.Queues), time.Since(began))
			}
		})
	}
}

func TestOneQueueOfTenThousandIsWatched(t *testing.T) {
	f := serve(t)
	f.many(10_000)
	c := settings(t, f.URL, "queues: {include: q-07123}")
	r, err := read(t, c)
	if err != nil || len(r.Queues) != 1 || r.Queues[0].Destination != "q-07123" || r.Queues[0].Ready != 0 {
		t.Errorf("got %v and %d queues", err, len(r.Queues))
	}
}
