package rabbitmq_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// shape is exchanges and bindings as one user may declare them.
type shape struct{ exchanges, bindings []map[string]any }

func (s *shape) exchange(name, kind string) {
	s.exchanges = append(s.exchanges, map[string]any{"vhost": "/", "name": name, "type": kind, "arguments": map[string]any{}})
}

func (s *shape) bind(source, destination, kind, routing string) {
	s.bindings = append(s.bindings, map[string]any{"vhost": "/", "source": source, "destination": destination, "destination_type": kind, "routing_key": routing})
}

// text is JSON as the management API answers it.
func text(t *testing.T, v any) string {
	t.Helper()
	answer, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// serveShape answers with a queue whose dead letter exchange is called x0, beside a queue
// that dead-letters to failed.
func serveShape(t *testing.T, s *shape) *fake {
	t.Helper()
	f := serve(t)
	s.exchange("", "direct")
	s.bind("", "failed", "queue", "failed")
	f.set("/api/queues", `[{"vhost":"/","name":"entry","type":"classic","arguments":{"x-dead-letter-exchange":"x0"}},
		{"vhost":"/","name":"orders","type":"classic","arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"failed"}},
		{"vhost":"/","name":"failed","type":"classic","arguments":{}}]`)
	f.set("/metrics/detailed", detailed+`rabbitmq_detailed_queue_messages_ready{vhost="/",queue="entry"} 1`+"\n")
	f.set("/api/exchanges", text(t, s.exchanges))
	f.set("/api/bindings", text(t, s.bindings))
	return f
}

// TestDeadLettersAreFollowedWithBoundedWork counts the steps: following every simple path
// would take more than 10^9 in each of these.
func TestDeadLettersAreFollowedWithBoundedWork(t *testing.T) {
	bound := map[string]func(s *shape) (steps int){
		"through thirteen fanout exchanges that are all bound to each other": func(s *shape) int {
			for i := range 13 {
				s.exchange(fmt.Sprint("x", i), "fanout")
				for j := range 13 {
					s.bind(fmt.Sprint("x", i), fmt.Sprint("x", j), "exchange", "")
				}
				s.bind(fmt.Sprint("x", i), "failed", "queue", "")
			}
			return 13*14 + 50
		},
		"through a mesh of thirty layers": func(s *shape) int {
			name := func(layer, i int) string {
				if layer == 0 {
					return "x0"
				}
				return fmt.Sprintf("x%d-%d", layer, i)
			}
			for layer := range 30 {
				for i := range 10 {
					s.exchange(name(layer, i), "fanout")
					for j := range 10 {
						s.bind(name(layer, i), name(layer+1, j), "exchange", "")
					}
				}
			}
			for i := range 10 {
				s.exchange(name(30, i), "fanout")
				s.bind(name(30, i), "failed", "queue", "")
			}
			return 30*111 + 10 + 50
		},
		"through a topic exchange whose patterns have many hashes": func(s *shape) int {
			s.exchange("x0", "topic")
			for range 20 {
				s.bind("x0", "entry", "queue", strings.Repeat("#.a.", 60)+"b")
			}
			s.bind("x0", "failed", "queue", "#")
			s.bind("shop", "entry", "queue", strings.Repeat("a.", 120)+"c")
			return 20 * 122 * 122 * 22 // patterns, and the keys that the queue is bound with
		},
	}
	for name, build := range bound {
		t.Run(name, func(t *testing.T) {
			var s shape
			steps := build(&s)
			reader := rabbitmq.NewReader(settings(t, serveShape(t, &s).URL))
			defer func() { _ = reader.Close() }()
			var r signal.Report
			if err := reader.Read(t.Context(), &r); err != nil {
				t.Fatal(err)
			}
			// Each queue of the test walks what it reaches once for each routing key.
			if got, most := rabbitmq.RouteSteps(reader), 3*steps+10; got == 0 || got > most {
				t.Errorf("took %d steps, want at most %d", got, most)
			}
			if d := queueOf(r, "entry").Setup.DeadLettering; d.Route != signal.RouteSet || len(r.DeadLetters) == 0 || r.DeadLetters[0].Destination != "failed" {
				t.Errorf("got %+v and the dead letter queues %+v", d, r.DeadLetters)
			}
		})
	}
}

// endless has more hops than a queue's share of the work: each of its routing keys walks
// through every exchange.
func endless(s *shape) {
	for i := range 200 {
		s.exchange(fmt.Sprint("x", i), "fanout")
		s.bind(fmt.Sprint("x", i), fmt.Sprint("x", (i+1)%200), "exchange", "")
		s.bind(fmt.Sprint("x", i), fmt.Sprint("x", (i+7)%200), "exchange", "")
	}
	for i := range 5_000 {
		s.bind("shop", "entry", "queue", fmt.Sprint("key-", i))
	}
}

func TestDeadLettersThatAreTooMuchWorkAreUnknownAndHideNoOthers(t *testing.T) {
	var s shape
	endless(&s)
	reader := rabbitmq.NewReader(settings(t, serveShape(t, &s).URL))
	defer func() { _ = reader.Close() }()
	var r signal.Report
	err := reader.Read(t.Context(), &r)
	if want := "follow dead letters: entry: their dead letter exchange passes messages on through too many bindings"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if steps := rabbitmq.RouteSteps(reader); steps > rabbitmq.MostRouteSteps+rabbitmq.StopEvery {
		t.Errorf("took %d steps", steps)
	}
	if d := queueOf(r, "entry").Setup.DeadLettering; d.Route != signal.RouteUnknown || d.Problem != "" {
		t.Errorf("got %+v", d)
	}
	if d := queueOf(r, "orders").Setup.DeadLettering; d.Route != signal.RouteSet || len(r.DeadLetters) != 1 || r.DeadLetters[0].Sources[0] != "orders" {
		t.Errorf("the queue beside it: %+v, %+v", d, r.DeadLetters)
	}
}

// ending is a context that ends on demand, without waking its waiters.
type ending struct {
	context.Context
	over atomic.Bool
}

func (e *ending) Err() error {
	if e.over.Load() {
		return context.Canceled
	}
	return e.Context.Err()
}

func TestFollowingDeadLettersEndsWithTheReading(t *testing.T) {
	var s shape
	endless(&s)
	f := serveShape(t, &s)
	reader := rabbitmq.NewReader(settings(t, f.URL))
	defer func() { _ = reader.Close() }()
	ctx := &ending{Context: t.Context()}
	f.then("/api/bindings", func(http.ResponseWriter, *http.Request) { ctx.over.Store(true) }) // the last answer that it needs
	var r signal.Report
	if err := reader.Read(ctx, &r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if steps := rabbitmq.RouteSteps(reader); steps > rabbitmq.StopEvery {
		t.Errorf("took %d steps after the reading ended", steps)
	}
}

// TestManyDeadLetterQueuesForManyQueuesAreBounded: a fanout exchange that thousands of
// queues both dead-letter to and are bound to would be as many pairs as their square.
func TestManyDeadLetterQueuesForManyQueuesAreBounded(t *testing.T) {
	const queues = 3_000
	var s shape
	s.exchange("x0", "fanout")
	var list []map[string]any
	for i := range queues {
		name := fmt.Sprintf("q-%05d", i)
		list = append(list, map[string]any{"vhost": "/", "name": name, "type": "classic", "arguments": map[string]any{"x-dead-letter-exchange": "x0", "x-dead-letter-routing-key": "k"}})
		s.bind("x0", name, "queue", "")
	}
	f := serveShape(t, &s)
	f.many(queues)
	f.set("/metrics/detailed", f.answers["/metrics/detailed"]+detailed)
	list = append(list,
		map[string]any{"vhost": "/", "name": "orders", "type": "classic", "arguments": map[string]any{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "failed"}},
		map[string]any{"vhost": "/", "name": "failed", "type": "classic", "arguments": map[string]any{}})
	f.set("/api/queues", text(t, list))
	r, err := read(t, settings(t, f.URL))
	if err == nil || !strings.Contains(err.Error(), "passes messages on through too many bindings") {
		t.Errorf("got %v", err)
	}
	pairs := 0
	for _, d := range r.DeadLetters {
		pairs += len(d.Sources)
	}
	if pairs > 500_000 {
		t.Errorf("got %d pairs", pairs)
	}
	if q := queueOf(r, "orders"); q == nil || q.Setup.DeadLettering.Route != signal.RouteSet {
		t.Errorf("got %+v", q)
	}
	for _, d := range r.DeadLetters {
		if d.Destination == "failed" {
			return
		}
	}
	t.Error("the dead letter queue of orders is missing")
}

// bomb is a gigabyte of zeros, packed: parts of a gzip stream may follow each other.
func bomb(t *testing.T) []byte {
	t.Helper()
	var part bytes.Buffer
	z := gzip.NewWriter(&part)
	if _, err := z.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(part.Bytes(), 64)
}

func TestGzipBombIsNotUnpacked(t *testing.T) {
	packed := bomb(t)
	for path, want := range map[string]string{
		"/api/queues":       "the answer is not JSON",
		"/metrics/detailed": "the answer is not from the prometheus plugin",
	} {
		t.Run(path, func(t *testing.T) {
			f := serve(t)
			f.raw(path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = w.Write(packed)
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := read(t, settings(t, f.URL))
			runtime.ReadMemStats(&after)
			if said := fmt.Sprint(err, r.Warnings); !strings.Contains(said, want) {
				t.Errorf("got %s, want %s", said, want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 50<<20 {
				t.Errorf("%d MiB were allocated", used>>20)
			}
		})
	}
}

func TestImpossibleCountsAreUnknown(t *testing.T) {
	for _, value := range []string{"NaN", "-Inf", "+Inf", "-5", "1e300", "9223372036854775807", "36893488147419103232"} {
		t.Run(value, func(t *testing.T) {
			f := serve(t)
			f.set("/metrics/detailed", strings.ReplaceAll(detailed, `queue="orders"} 7`, `queue="orders"} `+value))
			r, err := read(t, settings(t, f.URL))
			if err != nil || len(r.Queues) < 3 {
				t.Fatalf("got %v, %q and %d queues", err, r.Warnings, len(r.Queues))
			}
			if q := queueOf(r, "orders"); q != nil && (q.Ready.Known() || q.Partitions != nil) {
				t.Errorf("got %+v", q)
			}
		})
	}
}

func TestImpossibleTimestampIsNoAge(t *testing.T) {
	now := time.Now()
	for name, seconds := range map[string]string{
		"zero": "0", "negative": "-62135596800", "milliseconds": fmt.Sprint(now.UnixMilli()), "nanoseconds": fmt.Sprint(now.UnixNano()),
		"a day ahead": fmt.Sprint(now.Add(24 * time.Hour).Unix()), "1970": "86400", "beyond any number": "1e300",
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.fail("/metrics/detailed", 404) // so that the list of queues is what is read
			f.set("/api/queues", `[{"vhost":"/","name":"orders","type":"classic","arguments":{},"messages_ready":7,"messages_unacknowledged":0,"consumers":1,"head_message_timestamp":`+seconds+`,"message_stats":{"ack":40}}]`)
			r, err := read(t, settings(t, f.URL))
			if err != nil {
				t.Fatal(err)
			}
			q := queueOf(r, "orders")
			if age := q.Oldest.At(signal.InstantOf(time.Now())); q.Oldest.Bound == signal.Measured || age > time.Minute {
				t.Errorf("got %+v, %s old", q.Oldest, age)
			}
		})
	}
}

// oddNames are names that a broker takes, each once.
func oddNames() []string {
	odd := []string{" ", "\t", "a\nb", `"`, `\`, `\n`, `{}`, `} 1`, `",queue="x`, "%2F", "/", "..", "#", "*", "\u202e", "\x1b[31m", "名前", "a,b", "'; --", strings.Repeat("x", 249)}
	for i := len(odd); i < 10_000; i++ {
		odd = append(odd, fmt.Sprintf("%s-%d", odd[i%20], i))
	}
	return odd
}

// TestTenThousandOddNamesAreReadAsTheyAre: the plugin and the management API write the
// same name in two ways, and both are read as the same name.
func TestTenThousandOddNamesAreReadAsTheyAre(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	names := oddNames()
	var list []map[string]any
	var metrics strings.Builder
	for i, name := range names {
		list = append(list, map[string]any{"vhost": "/", "name": name, "type": "classic", "arguments": map[string]any{"x-max-length": i}, "messages_ready": i, "messages_unacknowledged": 0, "consumers": 1})
		fmt.Fprintf(&metrics, "rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"%s\"} %d\n", escape.Replace(name), i)
	}
	f := serve(t)
	f.set("/api/queues", text(t, list))
	f.set("/api/policies", "[]")
	f.set("/metrics/detailed", metrics.String())
	r, err := read(t, settings(t, f.URL))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*signal.Queue{}
	for i := range r.Queues {
		byName[r.Queues[i].Destination] = &r.Queues[i]
	}
	for i, name := range names {
		shown := name
		if strings.Contains(name, "/") {
			shown = "%2F/" + name // or it would be a queue of another virtual host
		}
		if q := byName[shown]; q == nil || q.Ready != signal.Count(i) || q.Setup == nil || q.Setup.MaxMessages != q.Ready {
			t.Fatalf("%q with %d messages is read as %+v", name, i, q)
		}
	}
}

// TestQueuesThatComeAndGoLeaveNothingBehind: reply queues are declared and deleted all the
// time, most of them excluded by the config.
func TestQueuesThatComeAndGoLeaveNothingBehind(t *testing.T) {
	for name, more := range map[string][]string{
		"excluded queues": {"queues: {exclude: reply-.*}"},
		"watched queues":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			reader := rabbitmq.NewReader(settings(t, f.URL, more...))
			defer func() { _ = reader.Close() }()
			const perReading, readings = 500, 20 // 10,000 names
			most := 0
			for i := range readings {
				var metrics strings.Builder
				metrics.WriteString(detailed)
				for j := range perReading {
					fmt.Fprintf(&metrics, "rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"reply-%d\"} 1\n", i*perReading+j)
				}
				f.set("/metrics/detailed", metrics.String())
				var r signal.Report
				if err := reader.Read(t.Context(), &r); err != nil {
					t.Fatal(err)
				}
				most = max(most, rabbitmq.Remembered(reader))
			}
			if bound := 4*perReading + 1000; most > bound {
				t.Errorf("kept up to %d entries, want at most %d", most, bound)
			}
		})
	}
}
