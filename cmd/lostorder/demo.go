//go:build !nodemo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// readyWithin is how long the demo waits for the first readings.
const readyWithin = 2 * time.Minute

func demoCommand(app *kingpin.Application, stdout io.Writer, logging *promslog.Config) command {
	clause := app.Command("demo", "Run a shop with an embedded Kafka, SQS and SQLite, break it in every known way, and show what lostorder finds. It needs no setup.")
	duration := clause.Flag("duration", "How long the demo lasts.").Default("60s").Duration()
	faults := clause.Flag("faults", "Which faults to inject: all, none, or failure modes separated by commas.").Default("all").String()
	seed := clause.Flag("seed", "Seed of the schedule.").Default("1").Uint64()
	asJSON := clause.Flag("json", "Print one JSON object per line, the last one {\"summary\": …}.").Bool()
	listen := clause.Flag("web.listen-address", "Address of the status page, the API and the metrics while the demo runs.").Default(defaultListen).String()

	rabbitURL := clause.Flag("rabbitmq", "Management API of your own RabbitMQ, to run a part of the shop on it: http://USER:PASSWORD@HOST:15672. The user is guest if omitted. The demo declares queues named lostorder-demo-* and removes them at the end.").PlaceHolder("URL").String()
	rabbitAMQP := clause.Flag("rabbitmq.amqp", "AMQP address of that RabbitMQ: amqp://HOST:5672/VHOST. The user is that of --rabbitmq if omitted. By default the demo asks the broker, and the virtual host is /.").PlaceHolder("URL").String()
	slower := clause.Flag("slower", "Factor by which everything takes longer, for a slow or busy machine.").Default("1").Int()
	linger := clause.Flag("linger", "How long the shop and its page stay open after the end.").Default("0s").Duration()

	return command{clause, func(ctx context.Context, _ *slog.Logger) (err error) {
		modes, err := demo.ParseFaults(*faults)
		if err != nil {
			return fmt.Errorf("--faults: %w", err)
		}
		rabbit, err := demo.ParseRabbit(*rabbitURL, *rabbitAMQP)
		if err != nil {
			return err
		}
		if *slower < 1 || *slower > 60 {
			return fmt.Errorf("--slower: %d is not between 1 and 60", *slower)
		}
		listener, err := net.Listen("tcp", *listen)
		if err != nil {
			return fmt.Errorf("serve http: %w; choose another --web.listen-address", err)
		}
		defer func() { _ = listener.Close() }()
		url := pageURL(*listen, listener.Addr())
		reporter := demo.JSON(stdout, url)
		if !*asJSON {
			reporter = demo.Text(stdout, wantsColor(stdout), url)
		}
		// The reporter prints every finding; the log would print each a second time.
		log := promslog.New(logging)
		if logging.Level.String() == "info" {
			log = slog.New(slog.DiscardHandler)
		}

		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		shop, err := demo.Open(ctx, rand.New(rand.NewPCG(*seed, 0)), rabbit, *slower)
		if err != nil {
			return err
		}
		defer func() {
			if left := shop.Close(); left != nil && (err == nil || errors.Is(err, errFailed)) {
				err = left
			}
		}()

		text, err := shop.Config()
		if err != nil {
			return err
		}
		f, err := config.Parse("demo.yml", []byte(text), ".", builtin.Sections())
		if err != nil {
			return fmt.Errorf("config of the demo: %w", err)
		}
		s := newService(log, web.External{})
		unsend, err := s.send(ctx, f)
		if err != nil {
			return err
		}
		defer unsend()
		s.apply(ctx, f)
		defer s.manager.Stop()
		serving := serve(func() error { return web.ServeOn(ctx, listener, s.handler(nil, false, false), log) })
		defer serving.stop(cancel)
		if err := waitReady(ctx, url, serving); err != nil {
			return err
		}

		summary, err := shop.Play(ctx, demo.Options{
			Duration: *duration, Faults: modes, Rand: rand.New(rand.NewPCG(*seed, 1)), Reporter: reporter,
			Findings: func(ctx context.Context) ([]api.Finding, error) {
				answer, err := client{base: url}.findings(ctx, "state=all")
				return answer.Findings, err
			},
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(*linger):
		}
		if !summary.Perfect() {
			return errFailed
		}
		return nil
	}}
}

// server is a running web server; err is set once it has ended.
type server struct {
	ended chan struct{}
	err   error
}

func serve(run func() error) *server {
	s := &server{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.err = run()
	}()
	return s
}

func (s *server) stop(cancel context.CancelFunc) {
	cancel()
	<-s.ended
}

// waitReady waits until lostorder has read every target once.
func waitReady(ctx context.Context, url string, serving *server) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("not every target could be read within %s", readyWithin)
			}
			return errors.New("interrupted before every target was read")
		case <-serving.ended:
			return serving.err
		case <-tick.C:
			if _, err := (client{base: url}).get(ctx, "-/ready"); err == nil {
				return nil
			}
		}
	}
}

// pageURL returns the address of the page for a browser, with the port that the system
// chose if the address left it open.
func pageURL(address string, listens net.Addr) string {
	host, _, _ := net.SplitHostPort(address) // it is valid, because the server listens on it
	_, port, _ := net.SplitHostPort(listens.String())
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
