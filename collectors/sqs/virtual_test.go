package sqs_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/turn" // as the poller has it
)

// virtual is a server whose clock is the bubble's, reached through memory: minutes
// pass in no time, and nothing depends on how busy the machine is.
type virtual struct {
	*fakesqs.Server
	t     *testing.T
	conns chan net.Conn
	ended chan struct{}

	mu    sync.Mutex
	asked []time.Time
}

// inVirtualTime runs a test with a server in a bubble.
func inVirtualTime(t *testing.T, test func(t *testing.T, v *virtual)) {
	t.Helper()
	login(t)
	inVirtualTimeOn(t, nil, test)
}

// inVirtualTimeOn runs a test with another server than the embedded one.
func inVirtualTimeOn(t *testing.T, other http.Handler, test func(t *testing.T, v *virtual)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{Server: fakesqs.New(), t: t, conns: make(chan net.Conn), ended: make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v.mu.Lock()
			v.asked = append(v.asked, time.Now())
			v.mu.Unlock()
			if other != nil {
				other.ServeHTTP(w, r)
				return
			}
			v.ServeHTTP(w, r)
		}), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(v) }()
		t.Cleanup(func() { _ = server.Close() })
		test(t, v)
	})
}

// Accept, Close and Addr make it a listener.
func (v *virtual) Accept() (net.Conn, error) {
	select {
	case conn := <-v.conns:
		return conn, nil
	case <-v.ended:
		return nil, net.ErrClosed
	}
}

func (v *virtual) Close() error {
	close(v.ended)
	return nil
}

func (v *virtual) Addr() net.Addr { return &net.TCPAddr{} }

func (v *virtual) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case v.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// watch returns a reader of the server, with the defaults but for the lines given.
func (v *virtual) watch(lines ...string) collectors.Reader {
	r := sqs.NewReader(settings(v.t, "http://sqs.test", lines...), slog.New(slog.DiscardHandler))
	sqs.Dial(r, v.dial)
	v.t.Cleanup(func() { _ = r.Close() })
	return r
}

// client returns a client that sends and receives, as a shop's services do.
func (v *virtual) client() *awssqs.Client {
	return awssqs.New(awssqs.Options{
		Region: fakesqs.Region, BaseEndpoint: aws.String("http://sqs.test"), Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		HTTPClient: sqs.ClientOn(&http.Transport{}, v.dial),
	})
}

// queue makes a queue without a request that would count.
func (v *virtual) queue(name string) {
	v.t.Helper()
	request := httptest.NewRequest(http.MethodPost, "http://sqs.test/", strings.NewReader(fmt.Sprintf(`{"QueueName":%q}`, name)))
	request.Header.Set("X-Amz-Target", "AmazonSQS.CreateQueue")
	var said httptest.ResponseRecorder
	said.Body = &bytes.Buffer{}
	if v.ServeHTTP(&said, request); said.Code >= 300 {
		v.t.Fatalf("create queue %s: %s", name, said.Body)
	}
}

// minutes reads once a minute, within the timeout of 55 seconds.
func (v *virtual) minutes(r collectors.Reader, n int, look func(i int, report signal.Report, took time.Duration, err error)) {
	for i := range n {
		ctx, cancel := turn.WithTimeout(v.t.Context(), 55*time.Second)
		began := time.Now()
		var report signal.Report
		err := r.Read(ctx, &report)
		cancel()
		look(i, report, time.Since(began), err)
		time.Sleep(time.Until(began.Add(time.Minute)))
	}
}

// busiest returns the most requests that came in any second.
func (v *virtual) busiest() (most int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, from := 0, 0; i < len(v.asked); i++ {
		for v.asked[i].Sub(v.asked[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func (v *virtual) requests() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.asked)
}

func TestAThousandQueuesStayWithinTheirPaceAndTheirMinute(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		for i := range 1000 {
			v.queue(fmt.Sprintf("orders-%04d", i))
		}
		before := v.Requests()
		v.minutes(v.watch(), 7, func(i int, r signal.Report, took time.Duration, err error) {
			if err != nil || len(r.Queues) != 1000 || took > 55*time.Second {
				t.Errorf("reading %d: %d queues in %s: %v", i, len(r.Queues), took, err)
			}
			asked := v.Requests()
			if n := asked["GetQueueAttributes"] - before["GetQueueAttributes"]; n != 1000 {
				t.Errorf("reading %d took %d requests for attributes", i, n)
			}
			if n := asked["ListQueues"] - before["ListQueues"]; n != 1 {
				t.Errorf("reading %d took %d pages", i, n)
			}
			before = asked
		})
		if n := v.busiest(); n > 20 || n < 10 {
			t.Errorf("%d requests in the busiest second, want 20 at most", n)
		}
		if n := v.Requests()["GetMetricData"]; n == 0 {
			t.Error("CloudWatch was not asked")
		}
	})
}

func TestMetricsOfAHundredQueuesAreOneRequestOnTheirOwnClock(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		client := v.client()
		for i := range 100 {
			name := fmt.Sprintf("orders-%03d", i)
			v.queue(name)
			send(t, client, "http://sqs.test/"+fakesqs.Account+"/"+name, 1) // so that all its metrics are requested
		}
		v.minutes(v.watch(), 11, func(i int, _ signal.Report, _ time.Duration, err error) {
			if err != nil {
				t.Errorf("reading %d: %v", i, err)
			}
			if n := v.Requests()["GetMetricData"]; n != 1+i/5 {
				t.Errorf("after %d minutes CloudWatch was asked %d times, want one request every five minutes", i, n)
			}
		})
	})
}

func TestHowAQueueIsSetUpIsReadWithItsDepthInOneRequest(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		shop := newServices(t, v.client(), nil, redrive)
		shop.make = func(name string, attributes ...string) string { return create(t, shop.client, name, attributes...) }
		shop.queue("dead")
		shop.queue("orders")
		asked := 0
		v.minutes(v.watch(noCloudWatch), 5, func(i int, r signal.Report, _ time.Duration, err error) {
			want := signal.RouteNone
			if i%2 == 1 {
				want = signal.RouteSet
			}
			if got := queueIn(t, r, "orders").Setup.DeadLettering.Route; err != nil || got != want {
				t.Errorf("minute %d: route %v, %v; want %v", i, got, err, want)
			}
			n := v.Requests()["GetQueueAttributes"]
			if n-asked != 2 {
				t.Errorf("minute %d took %d requests for the attributes of two queues", i, n-asked)
			}
			asked = n
			if want == signal.RouteSet {
				shop.set("orders", "")
			} else {
				shop.set("orders", redrive("dead", 3))
			}
		})
	})
}

// A queue that is not watched gets a redrive policy. Its first dead letter arrives before
// the sources of the dead letter queue are due.
func TestTheFirstDeadLetterOfAnUnwatchedQueueShowsWhatItsQueueIsFor(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		shop := newServices(t, v.client(), nil, redrive)
		shop.make = func(name string, attributes ...string) string { return create(t, shop.client, name, attributes...) }
		shop.queue("failed")
		shop.queue("other")
		before := 0
		v.minutes(v.watch(noCloudWatch, "queues: {include: failed}"), 4, func(i int, r signal.Report, _ time.Duration, err error) {
			want := signal.RoleWork
			if i >= 2 {
				want = signal.RoleDeadLetter
			}
			if got := queueIn(t, r, "failed").Purpose; err != nil || got.Role != want {
				t.Errorf("minute %d: %+v, %v; want the role %v", i, got, err, want)
			}
			asked := v.Requests()["ListDeadLetterSourceQueues"]
			if n := asked - before; n > 0 && i != 0 && i != 2 {
				t.Errorf("minute %d took %d requests for sources", i, n)
			}
			before = asked
			switch i {
			case 0:
				shop.set("other", redrive("failed", 3))
			case 1:
				shop.send("failed", 1)
			}
		})
	})
}

func TestOfTenThousandQueuesOneThatMattersIsCheap(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		for i := range 10_000 {
			v.queue(fmt.Sprintf("other-%05d", i))
		}
		v.queue("orders")
		for _, line := range []string{"queues: {include: orders}", "queues: {prefix: ord}"} {
			before := v.requests()
			v.minutes(v.watch(line, noCloudWatch), 3, func(_ int, r signal.Report, _ time.Duration, err error) {
				if err != nil || len(r.Queues) != 1 || r.Queues[0].Destination != "orders" {
					t.Errorf("%s: %d queues, %v", line, len(r.Queues), err)
				}
			})
			if n := v.requests() - before; n > 8 {
				t.Errorf("%s: it took %d requests in three readings", line, n)
			}
		}
	})
}

func TestTenThousandQueuesAreTooManyAndSaidToBe(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		for i := range 10_000 {
			v.queue(fmt.Sprintf("orders-%05d", i))
		}
		seen := map[string]bool{}
		v.minutes(v.watch(noCloudWatch), 3, func(i int, r signal.Report, took time.Duration, err error) {
			if err == nil || !strings.Contains(err.Error(), "more: not read in time; set a longer timeout and interval or a higher max_requests_per_second, or watch fewer queues") {
				t.Errorf("reading %d says %v", i, err)
			}
			if len(r.Queues) < 900 || took > 55*time.Second {
				t.Errorf("reading %d: %d queues in %s", i, len(r.Queues), took)
			}
			for _, q := range r.Queues {
				if seen[q.Destination] {
					t.Fatalf("%s was read again while others were never", q.Destination)
				}
				seen[q.Destination] = true
			}
		})
		if n := v.busiest(); n > 20 {
			t.Errorf("%d requests in the busiest second", n)
		}
	})
}

func TestAMinuteOfThrottlingIsSaidAndPasses(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		for i := range 100 {
			v.queue(fmt.Sprintf("orders-%03d", i))
		}
		until := time.Now().Add(3 * time.Minute)
		v.Fail(func(action, _ string) error {
			if now := time.Now(); action != "GetQueueAttributes" || now.After(until) || now.Before(until.Add(-time.Minute)) {
				return nil
			}
			return &fakesqs.Error{Code: "RequestThrottled", Message: "slow down"}
		})
		var whole []bool
		before := 0
		v.minutes(v.watch(noCloudWatch), 6, func(i int, r signal.Report, _ time.Duration, err error) {
			whole = append(whole, err == nil && len(r.Queues) == 100)
			asked := v.requests() - before
			before = v.requests()
			if i == 2 {
				if err == nil || !strings.Contains(err.Error(), "more: throttled by AWS (RequestThrottled); lostorder slows down") {
					t.Errorf("while it throttles it says %v", err)
				}
				if asked > 120 {
					t.Errorf("it asked %d times while it was throttled", asked)
				}
			}
		})
		for i, want := range []bool{true, true, false} {
			if whole[i] != want {
				t.Errorf("reading %d whole: %v", i, whole[i])
			}
		}
		if !whole[4] || !whole[5] {
			t.Errorf("two minutes after the throttling the readings are %v", whole)
		}
	})
}

func TestAMovingQueueIsNotMadeOlderThanItIs(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		v.queue("standing")
		v.queue("moving")
		client := v.client()
		moving, standing := "http://sqs.test/"+fakesqs.Account+"/moving", "http://sqs.test/"+fakesqs.Account+"/standing"
		send(t, client, standing, 1)
		sent := time.Now()
		v.minutes(v.watch(), 30, func(i int, r signal.Report, _ time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			// A message waits for two minutes; there is always one that waits.
			send(t, client, moving, 1)
			if i >= 2 {
				remove(t, client, moving, receive(t, client, moving, 1, 60))
			}
			if q := queueIn(t, r, "moving"); q.Oldest.Bound == signal.AtLeast && q.Oldest.At(signal.InstantOf(time.Now())) > 4*time.Minute {
				t.Errorf("minute %d: a queue in which a message waits two minutes is %s old", i, q.Oldest.At(signal.InstantOf(time.Now())))
			}
			if q := queueIn(t, r, "standing"); i > 6 && (q.Oldest.Bound != signal.AtLeast || q.Oldest.At(signal.InstantOf(sent.Add(time.Duration(i)*time.Minute))).Round(time.Minute) != time.Duration(i)*time.Minute) {
				t.Errorf("minute %d: the oldest of a queue that stands is %+v", i, q.Oldest)
			}
		})
	})
}
