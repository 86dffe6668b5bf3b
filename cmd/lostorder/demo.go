package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/mattn/go-isatty"
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
	clause := app.Command("demo", "Run a shop with an embedded Kafka, SQS and SQLite, break it in every known way, and show what lostorder finds. Needs no set-up.")
	duration := clause.Flag("duration", "How long the demo lasts.").Default("60s").Duration()
	faults := clause.Flag("faults", "Which faults to inject: all, none, or failure modes with commas.").Default("all").String()
	seed := clause.Flag("seed", "Seed of the schedule.").Default("1").Uint64()
	asJSON := clause.Flag("json", "Print one JSON object per line, the last one {\"summary\": …}.").Bool()
	listen := clause.Flag("web.listen-address", "Address of the status page, the API and the metrics while the demo runs.").Default(defaultListen).String()

	rabbitURL := clause.Flag("rabbitmq", "Management API of a RabbitMQ of yours, on which a part of the shop then runs, too: http://USER:PASSWORD@HOST:15672, guest without a user. The demo makes queues whose names begin with lostorder-demo-, and removes them at the end.").PlaceHolder("URL").String()
	rabbitAMQP := clause.Flag("rabbitmq.amqp", "Where that RabbitMQ speaks AMQP: amqp://HOST:5672/VHOST, as the same user unless it names another. Without it the broker is asked, and the virtual host is /.").PlaceHolder("URL").String()
	slower := clause.Flag("slower", "How many times as long everything takes, for a machine that is slow or busy.").Default("1").Int()
	linger := clause.Flag("linger", "How long the shop and its page stay after the end, for a look around or a last scrape.").Default("0s").Duration()

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
		teller := demo.JSON(stdout, url)
		if !*asJSON {
			teller = demo.Text(stdout, wantsColor(stdout), url)
		}
		// The tale is told by the teller; the log would tell every finding twice.
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

		f, err := config.Parse("demo.yml", []byte(shop.Config()), ".", builtin.Sections())
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
		serving := serve(func() error { return web.ServeOn(ctx, listener, s.handler(nil, false), log) })
		defer serving.stop(cancel)
		if err := waitReady(ctx, url, serving); err != nil {
			return err
		}

		summary, err := shop.Play(ctx, demo.Options{
			Duration: *duration, Faults: modes, Rand: rand.New(rand.NewPCG(*seed, 1)), Teller: teller,
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

// server is a web server that runs; err is set once it has ended.
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

// waitReady waits until lostorder has read everything once.
func waitReady(ctx context.Context, url string, serving *server) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("not everything could be read once within %s", readyWithin)
			}
			return errors.New("interrupted before everything was read once")
		case <-serving.ended:
			return serving.err
		case <-tick.C:
			if _, err := (client{base: url}).get(ctx, "-/ready"); err == nil {
				return nil
			}
		}
	}
}

// pageURL is where a listen address is seen in a browser, with the port that the system
// chose where that was left to it.
func pageURL(address string, listens net.Addr) string {
	host, _, _ := net.SplitHostPort(address) // or nobody could listen there
	_, port, _ := net.SplitHostPort(listens.String())
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// wantsColor reports whether w is a terminal whose user has not asked for plain
// text (https://no-color.org).
func wantsColor(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && !strings.EqualFold(os.Getenv("TERM"), "dumb") && isatty.IsTerminal(f.Fd())
}
