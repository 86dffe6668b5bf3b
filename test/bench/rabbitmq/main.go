// Command rabbitmq measures the cost of reading many queues on a real RabbitMQ, beside the
// requests of other exporters: /metrics/per-object and /api/queues.
//
//	test/parts/run --parts=rabbitmq go run ./test/bench/rabbitmq
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	readings "github.com/lostorder/lostorder/internal/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	queues := flag.Int("queues", 10_000, "queues to declare, and to remove again")
	rounds := flag.Int("rounds", 20, "rounds to measure")
	flag.Parse()
	u, err := url.Parse(os.Getenv("RABBITMQ_URL"))
	if err != nil || u.User == nil {
		return errors.New("RABBITMQ_URL is not set; run it with: test/parts/run --parts=rabbitmq go run ./test/bench/rabbitmq")
	}
	b := &broker{user: u.User.Username(), prometheus: os.Getenv("RABBITMQ_PROMETHEUS_URL")}
	b.password, _ = u.User.Password()
	u.User = nil
	b.management = u.String()
	if err := b.declare(ctx, *queues); err != nil {
		return err
	}
	defer b.remove()
	c, err := b.settings()
	if err != nil {
		return err
	}
	reader := rabbitmq.NewReader(c)
	defer func() { _ = reader.Close() }()
	read := func() error {
		var r readings.Report
		if err := reader.Read(ctx, &r); err != nil {
			return err
		}
		if len(r.Queues) != *queues || len(r.Warnings) > 0 {
			return fmt.Errorf("%d queues were read, and the warnings: %s", len(r.Queues), strings.Join(r.Warnings, "; "))
		}
		return nil
	}
	began := time.Now()
	if err := read(); err != nil {
		return err
	}
	fmt.Printf("first reading, with definitions, consumers and losses: %.2f s (consumers and losses are read each minute, and not below)\n\n", time.Since(began).Seconds())
	// Bytes are those of the same responses, requested once more.
	contestants := []*contestant{{
		name: "lostorder", call: read,
		answers: []string{
			b.prometheus + "/metrics/detailed?family=queue_coarse_metrics&family=queue_delivery_metrics&family=queue_exchange_metrics&family=stream_consumer_metrics&vhost=" + vhost,
			b.management + "/api/nodes?columns=name,running,mem_alarm,disk_free_alarm",
		},
	}}
	for _, path := range []string{"/metrics/per-object", "/api/queues"} {
		address := b.prometheus + path
		if strings.HasPrefix(path, "/api") {
			address = b.management + path
		}
		contestants = append(contestants, &contestant{
			name: path, call: func() error { _, err := b.get(ctx, address); return err }, answers: []string{address},
		})
	}
	if err := b.measure(ctx, contestants, *rounds); err != nil {
		return err
	}
	show(contestants)
	return nil
}

// settings are what a user would write.
func (b *broker) settings() (rabbitmq.Config, error) {
	text := fmt.Sprintf("rabbitmq: [{name: bench, url: '%s', prometheus_url: '%s', username: %s, password: %s, vhosts: {include: %s}, timeout: 60s}]",
		b.management, b.prometheus, b.user, b.password, vhost)
	f, err := config.Parse("bench.yml", []byte(text), ".", []config.Section{rabbitmq.Source().Section})
	if err != nil {
		return rabbitmq.Config{}, err
	}
	return config.Items[rabbitmq.Config](f, "rabbitmq")[0], nil
}
