package collectortest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// TestAGoodSourcePasses runs the suite against the smallest source on a server:
// it asks for two depths over TCP.
func TestAGoodSourcePasses(t *testing.T) {
	for name, run := range map[string]func(*testing.T, func(*testing.T) collectortest.Env){"one by one": collectortest.Run, "side by side": collectortest.Parallel} {
		t.Run(name, func(t *testing.T) { run(t, depths) })
	}
}

// depths is a source, and a server of its own.
func depths(t *testing.T) collectortest.Env {
	var broken atomic.Bool
	addr := depthServer(t, &broken)
	proxy := collectortest.NewProxy(t, addr)
	id := signal.TargetID{Collector: "depths", Target: "test"}
	schedule := collectors.Schedule{Interval: config.Duration(20 * time.Millisecond), Timeout: config.Duration(500 * time.Millisecond)}
	return collectortest.Env{
		Target: collectors.Target{
			ID: id,
			New: func(log *slog.Logger) collectors.Collector {
				return collectors.Poll(id, schedule, log, func() collectors.Reader { return depthReader{proxy.Addr()} })
			},
		},
		Hang: proxy.Hang, Break: proxy.Refuse, Heal: proxy.Pass,
		Partial:     func() { broken.Store(true) },
		Missing:     "payments",
		Fingerprint: func() string { return addr },
		Secrets:     []string{"hunter2"},
	}
}

// depthServer answers the name of a queue with its depth, and "payments" with an
// error once it is broken.
func depthServer(t *testing.T, broken *atomic.Bool) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					answer := "3\n"
					if lines.Text() == "payments" && broken.Load() {
						answer = "error\n"
					}
					_, _ = io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

type depthReader struct{ addr string }

func (d depthReader) Read(ctx context.Context, r *signal.Report) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", d.addr)
	if err != nil {
		return fmt.Errorf("connect to server: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	lines := bufio.NewReader(conn)
	var missing error
	for _, name := range []string{"orders", "payments"} {
		_, end := span.Call(ctx, "depth")
		_, _ = fmt.Fprintln(conn, name)
		answer, err := lines.ReadString('\n')
		end(err)
		switch {
		case ctx.Err() != nil:
			r.Queues = nil
			return fmt.Errorf("read depth of %s: %w", name, ctx.Err())
		case err != nil:
			r.Queues = nil
			return fmt.Errorf("read depth of %s: %w", name, err)
		case strings.HasPrefix(answer, "error"):
			missing = fmt.Errorf("the depth of %s cannot be read", name)
		default:
			r.Queues = append(r.Queues, signal.NewQueue(signal.QueueID{Destination: name}))
		}
	}
	return missing
}

func (d depthReader) Close() error { return nil }
