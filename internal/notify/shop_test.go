package notify_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long something may take on a busy machine.
const patience = 20 * time.Second

var start = time.Date(2026, 3, 14, 3, 0, 0, 0, time.UTC)

// shop is what a notifier watches: findings that a test opens and closes, and a clock.
type shop struct {
	t        *testing.T
	notifier *notify.Notifier
	log      *safeBuffer

	mu    sync.Mutex
	now   time.Time
	seen  watch.Snapshot
	asked int // how often the notifier has asked for what was seen
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// fast is a timing for tests. The clock of the shop has no part in it.
var fast = notify.Timing{Settle: time.Millisecond, Timeout: 300 * time.Millisecond, FirstRetry: 2 * time.Millisecond, LastRetry: 20 * time.Millisecond, Stop: 300 * time.Millisecond}

func newShop(t *testing.T) *shop { return newShopAt(t, fast) }

func newShopAt(t *testing.T, timing notify.Timing) *shop {
	s := &shop{t: t, log: &safeBuffer{}, now: start}
	s.seen = watch.Snapshot{Ready: true, Targets: []watch.Target{{ID: main, Interval: 15 * time.Second}}}
	s.readable(true)
	s.notifier = notify.New(notify.Options{
		Snapshot: s.snapshot, Page: "https://lostorder.example", Runbooks: "https://runbooks.example/", Now: s.clock,
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Timing: timing,
	})
	return s
}

var main = signal.TargetID{Collector: "kafka", Target: "main"}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *shop) snapshot() *watch.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	c := s.seen
	c.Open, c.Closed, c.Targets = slices.Clone(s.seen.Open), slices.Clone(s.seen.Closed), slices.Clone(s.seen.Targets)
	return &c
}

func (s *shop) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// readable reads the target, or fails to.
func (s *shop) readable(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.seen.Targets[0]
	t.Attempt, t.Up, t.Reading = s.now, yes, nil
	if yes {
		t.Success, t.Reading = s.now, &signal.Report{At: s.now}
	}
}

// stalled is a finding about a queue.
func stalled(queue string, count int64) signal.Finding {
	return signal.Finding{
		ID: "id-" + queue, Mode: signal.ConsumerStalled, Severity: signal.Critical, Target: main, Count: count,
		Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: queue, Group: "billing"},
		Summary: fmt.Sprintf("Partition 3 of %s has not moved for 6 minutes.", queue), OrderIDs: []string{"A-1017", "A-1018"},
		Since: start.Add(-6 * time.Minute), DetectedAt: start.Add(-time.Minute), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
	}
}

// opens opens a finding, or lets an open one grow.
func (s *shop) opens(f signal.Finding) {
	s.mu.Lock()
	i := slices.IndexFunc(s.seen.Open, func(o signal.Finding) bool { return o.ID == f.ID })
	if i < 0 {
		s.seen.Open = append(s.seen.Open, f)
	} else {
		s.seen.Open[i] = f
	}
	s.mu.Unlock()
	if i < 0 {
		s.notifier.Changed(detect.Change{Kind: detect.Opened, Finding: f})
	}
}

func (s *shop) closes(f signal.Finding) {
	s.mu.Lock()
	f.ClosedAt = s.now
	s.seen.Open = slices.DeleteFunc(s.seen.Open, func(o signal.Finding) bool { return o.ID == f.ID })
	s.seen.Closed = append([]signal.Finding{f}, s.seen.Closed...)
	s.mu.Unlock()
	s.notifier.Changed(detect.Change{Kind: detect.Closed, Finding: f})
}

// notifies starts to deliver to webhooks, until the test ends.
func (s *shop) notifies(webhooks ...notify.Webhook) {
	s.notifier.Apply(s.t.Context(), notify.Settings{Webhooks: webhooks, Interval: 10 * time.Millisecond, NameOrders: true})
	s.t.Cleanup(s.notifier.Stop)
}

func (s *shop) eventually(what string, ask func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for !ask() {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within %s: %s; the log has\n%s", patience, what, s.log)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// quiet waits until the notifier has had every reason to send, and sends nothing more.
func (s *shop) quiet(r *receiver) {
	s.t.Helper()
	s.eventually("nothing is pending", func() bool { return s.notifier.Health()[0].Pending == 0 })
	n := len(r.requests())
	// A webhook asks, and then delivers what is due: when it asks again, that is done.
	const times = 3
	webhooks := len(s.notifier.Health())
	s.mu.Lock()
	enough := s.asked + times*webhooks
	s.mu.Unlock()
	s.eventually("every webhook asks again", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.asked >= enough
	})
	if got := len(r.requests()); got != n {
		s.t.Errorf("%d more requests although nothing changed: %s", got-n, r.requests()[got-1].body)
	}
}

// receiver is an HTTP server that takes notifications.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	behave func(n int, w http.ResponseWriter, r *http.Request) // of the nth request; nil: it takes all
}

type received struct {
	header http.Header
	path   string
	body   string
	at     time.Time
	taken  bool
}

func newReceiver(t *testing.T, behave func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	r := &receiver{behave: behave}
	r.Server = httptest.NewServer(r)
	t.Cleanup(func() { r.CloseClientConnections(); r.Close() })
	return r
}

type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) { r.code = code; r.ResponseWriter.WriteHeader(code) }

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	n := len(r.got)
	r.got = append(r.got, received{req.Header, req.URL.Path, string(body), time.Now(), false})
	r.mu.Unlock()
	code := &recorder{w, http.StatusOK}
	if r.behave != nil {
		r.behave(n, code, req)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[n].taken = code.code/100 == 2
}

func (r *receiver) requests() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// taken are the requests that it answered with success.
func (r *receiver) taken() (all []received) {
	for _, g := range r.requests() {
		if g.taken {
			all = append(all, g)
		}
	}
	return all
}

func webhook(format, url string) notify.Webhook {
	return notify.Webhook{URL: config.Secret(url), Format: format, Severities: []string{"critical", "warning", "info"}}
}

func openedOf(f signal.Finding) detect.Change { return detect.Change{Kind: detect.Opened, Finding: f} }

func closedOf(f signal.Finding) detect.Change { return detect.Change{Kind: detect.Closed, Finding: f} }
