package rabbitmq_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

func BenchmarkReadingOf10000Queues(b *testing.B) {
	f := serve(b)
	f.many(10_000)
	c := settings(b, f.URL, "timeout: 10s")
	c.ConfigInterval = config.Duration(time.Hour)
	reader := rabbitmq.NewReader(c)
	defer func() { _ = reader.Close() }()
	for b.Loop() {
		var r signal.Report
		if err := reader.Read(b.Context(), &r); err != nil || len(r.Queues) != 10_000 {
			b.Fatalf("got %v and %d queues", err, len(r.Queues))
		}
	}
}

// many makes the fake have n idle queues.
func (f *fake) many(n int) {
	var queues, metrics strings.Builder
	for i := range n {
		fmt.Fprintf(&queues, `,{"vhost":"/","name":"q-%05d","type":"classic","arguments":{}}`, i)
	}
	for _, name := range []string{"messages_ready", "messages_unacked", "messages", "process_reductions_total"} {
		for i := range n {
			fmt.Fprintf(&metrics, "rabbitmq_detailed_queue_%s{vhost=\"/\",queue=\"q-%05d\"} 0\n", name, i)
		}
	}
	f.set("/api/queues", "["+queues.String()[1:]+"]")
	f.set("/metrics/detailed", metrics.String())
}
