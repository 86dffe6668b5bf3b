// Command rabbitmq measures what a reading of many queues costs a real RabbitMQ,
// beside what others ask of it: /metrics/per-object and /api/queues.
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
	"slices"
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
	rounds := flag.Int("rounds", 10, "readings to measure")
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
	fmt.Printf("%-22s %10s %12s %14s\n", "median of each call", "wall s", "bytes", "broker CPU s")
	// Bytes are those of the answers that a reading is made of, asked for once more.
	ours := []string{
		b.prometheus + "/metrics/detailed?family=queue_coarse_metrics&family=queue_delivery_metrics&family=queue_exchange_metrics&vhost=" + vhost,
		b.management + "/api/nodes?columns=name,running,mem_alarm,disk_free_alarm",
	}
	if err := b.measure(ctx, "lostorder", *rounds, read, ours...); err != nil {
		return err
	}
	for _, address := range []string{b.prometheus + "/metrics/per-object", b.management + "/api/queues"} {
		name := address[strings.LastIndex(address, ":"):]
		name = name[strings.IndexByte(name, '/'):]
		err := b.measure(ctx, name, *rounds, func() error { _, err := b.get(ctx, address); return err }, address)
		if err != nil {
			return err
		}
	}
	return nil
}

// settings are those that a user would write.
func (b *broker) settings() (rabbitmq.Config, error) {
	text := fmt.Sprintf("rabbitmq: [{name: bench, url: '%s', prometheus_url: '%s', username: %s, password: %s, vhosts: {include: %s}, timeout: 60s}]",
		b.management, b.prometheus, b.user, b.password, vhost)
	f, err := config.Parse("bench.yml", []byte(text), ".", []config.Section{rabbitmq.Source().Section})
	if err != nil {
		return rabbitmq.Config{}, err
	}
	return config.Items[rabbitmq.Config](f, "rabbitmq")[0], nil
}

// measure calls again and again, once unmeasured, and prints the medians.
func (b *broker) measure(ctx context.Context, name string, rounds int, call func() error, answers ...string) error {
	if err := call(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	size := 0
	for _, address := range answers {
		n, err := b.get(ctx, address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		size += n
	}
	var walls []time.Duration
	before := b.cpu()
	for range rounds {
		began := time.Now()
		if err := call(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		walls = append(walls, time.Since(began))
	}
	used := (b.cpu() - before) / float64(rounds)
	slices.Sort(walls)
	fmt.Printf("%-22s %10.3f %12d %14.3f\n", name, walls[len(walls)/2].Seconds(), size, used)
	return nil
}
