package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	am "github.com/prometheus/alertmanager/notify/webhook"

	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
)

// messages decodes what was taken with Alertmanager's own type.
func messages(t *testing.T, got []received) (all []am.Message) {
	t.Helper()
	for _, g := range got {
		var m am.Message
		decoder := json.NewDecoder(strings.NewReader(g.body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&m); err != nil {
			t.Fatalf("%v in %s", err, g.body)
		}
		all = append(all, m)
	}
	return all
}

func TestFindingIsSentOnceWhenItOpensAndOnceWhenItCloses(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL+"/hook"))
	s.opens(stalled("orders", 12))
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	s.quiet(r)
	s.closes(stalled("orders", 12))
	s.eventually("its end is sent", func() bool { return len(r.taken()) == 2 })
	s.quiet(r)
	all := messages(t, r.taken())
	first, last := all[0], all[1]
	if first.Status != "firing" || first.Version != "4" || first.CommonLabels["alertname"] != "LostorderConsumerStalled" || first.CommonLabels["messaging_destination_name"] != "orders" {
		t.Errorf("opened: %s", r.taken()[0].body)
	}
	a := first.Alerts[0]
	if !a.StartsAt.Equal(start.Add(-6*time.Minute)) || !a.EndsAt.IsZero() || a.Annotations["summary"] == "" || a.Annotations["orders"] != "A-1017, A-1018" ||
		a.GeneratorURL != "https://lostorder.example/findings/id-orders" || a.Annotations["runbook_url"] != "https://runbooks.example/consumer_stalled.md" {
		t.Errorf("opened: %s", r.taken()[0].body)
	}
	if last.Status != "resolved" || !last.Alerts[0].EndsAt.Equal(start) || last.Alerts[0].Fingerprint != a.Fingerprint {
		t.Errorf("closed: %s", r.taken()[1].body)
	}
	if h := s.notifier.Health()[0]; h.Delivered != 2 || h.Webhook != "alertmanager-1" || h.LastSuccess.IsZero() {
		t.Errorf("health is %+v", h)
	}
}

func TestWhatChangesTogetherIsSentTogether(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	for i := range 250 {
		s.opens(stalled(fmt.Sprintf("orders-%03d", i), 1))
	}
	overdue := stalled("late", 1)
	overdue.Mode, overdue.Severity = signal.MessageOverdue, signal.Warning
	s.opens(overdue)
	s.notifies(webhook("alertmanager", r.URL))
	s.eventually("all is sent", func() bool { return s.notifier.Health()[0].Delivered == 251 })
	var sizes []int
	for _, m := range messages(t, r.taken()) {
		sizes = append(sizes, len(m.Alerts))
	}
	if fmt.Sprint(sizes) != "[100 100 50 1]" {
		t.Errorf("requests hold %v alerts", sizes)
	}
}

func TestFindingThatGrowsOrGetsWorseIsSentAgain(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	f := stalled("orders", 4)
	f.Severity = signal.Warning
	s.opens(f)
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	f.Count = 7
	s.opens(f)
	s.quiet(r)
	f.Count = 77
	s.opens(f)
	s.eventually("its growth is sent", func() bool { return len(r.taken()) == 2 })
	f.Severity = signal.Critical
	s.opens(f)
	s.eventually("its severity is sent", func() bool { return len(r.taken()) == 3 })
	s.quiet(r)
	all := messages(t, r.taken())
	for i, want := range []string{"", "It grew from 4 to 77.", "Its severity rose to critical."} {
		if got := all[i].Alerts[0].Annotations["news"]; got != want {
			t.Errorf("request %d says %q", i+1, got)
		}
	}
	if all[1].Alerts[0].Annotations["affected"] != "77" {
		t.Errorf("grown: %s", r.taken()[1].body)
	}
}

// TestSymptomIsSentOnceItHasNoCause: one incident is one notification.
func TestSymptomIsSentOnceItHasNoCause(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	cause, symptom := stalled("orders", 50), stalled("orders", 40)
	symptom.ID, symptom.Mode, symptom.CausedBy = "id-overdue", signal.OrderOverdue, cause.ID
	symptom.Subject = signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}
	s.opens(cause)
	s.opens(symptom)
	s.eventually("the cause is sent", func() bool { return len(r.taken()) > 0 })
	symptom.Count = 400
	s.opens(symptom)
	s.quiet(r)
	all := messages(t, r.taken())
	if len(all) != 1 || len(all[0].Alerts) != 1 || all[0].Alerts[0].Labels["alertname"] != "LostorderConsumerStalled" {
		t.Fatalf("sent: %+v", all)
	}
	cause.Count = 100
	s.opens(cause)
	s.eventually("its growth is sent", func() bool { return len(r.taken()) == 2 })
	if news := messages(t, r.taken())[1].Alerts[0].Annotations["news"]; news != "It grew from 50 to 100. It explains order_overdue of order in state placed (database shop)." {
		t.Errorf("the cause says %q", news)
	}
	s.closes(cause)
	s.eventually("the end of the cause is sent", func() bool { return len(r.taken()) == 3 })
	s.quiet(r)
	symptom.CausedBy = ""
	s.opens(symptom)
	s.eventually("the symptom is sent", func() bool { return len(r.taken()) == 4 })
	last := messages(t, r.taken())[3]
	if last.Status != "firing" || last.Alerts[0].Labels["alertname"] != "LostorderOrderOverdue" || last.Alerts[0].Annotations["news"] != "" {
		t.Errorf("sent: %+v", last)
	}
}

// TestSymptomThatClosesWithItsCauseIsNeverSent, and one that was sent before it had a cause is
// sent as closed.
func TestSymptomThatClosesWithItsCauseIsNeverSent(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	early, late := stalled("early", 40), stalled("late", 40)
	early.Mode, late.Mode = signal.OrderOverdue, signal.SagaStuck
	late.CausedBy = "id-orders"
	s.opens(early)
	s.eventually("the first is sent", func() bool { return len(r.taken()) == 1 })
	early.CausedBy, early.Count = "id-orders", 400
	s.opens(early)
	s.opens(late)
	s.quiet(r)
	s.closes(late)
	s.closes(early)
	s.eventually("the end of the first is sent", func() bool { return len(r.taken()) == 2 })
	s.quiet(r)
	if last := messages(t, r.taken())[1]; last.Status != "resolved" || len(last.Alerts) != 1 || last.Alerts[0].Labels["alertname"] != "LostorderOrderOverdue" {
		t.Errorf("sent: %+v", last)
	}
}

func TestLabelsOfTheConfigAreSent(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	f := stalled("orders", 4)
	f.Labels = signal.Labels{"team": "payments", "severity": "none"}
	s.opens(f)
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	if labels := messages(t, r.taken())[0].Alerts[0].Labels; labels["team"] != "payments" || labels["severity"] != "critical" {
		t.Errorf("the labels are %v", labels)
	}
}

func TestFindingThatOpensAgainIsSentAgain(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	f := stalled("orders", 4)
	s.opens(f)
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	s.closes(f)
	f.DetectedAt = start.Add(time.Hour)
	s.opens(f)
	s.eventually("the second case is sent", func() bool { return s.notifier.Health()[0].Pending == 0 && len(r.taken()) >= 2 })
	all := messages(t, r.taken())
	if got := all[len(all)-1]; got.Status != "firing" {
		t.Errorf("the last request says %s", got.Status)
	}
}

func TestOpenFindingIsRepeated(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifier.Apply(t.Context(), notify.Settings{Webhooks: []notify.Webhook{webhook("alertmanager", r.URL)}, Interval: 5 * time.Millisecond, Repeat: 4 * time.Hour})
	t.Cleanup(s.notifier.Stop)
	s.opens(stalled("orders", 4))
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	s.pass(3 * time.Hour)
	s.quiet(r)
	s.pass(time.Hour)
	s.eventually("it is repeated", func() bool { return len(r.taken()) == 2 })
	s.quiet(r)
	if first, second := r.taken()[0], r.taken()[1]; first.header.Get("Webhook-Id") == second.header.Get("Webhook-Id") {
		t.Error("a repetition has the id of the first request, so a receiver would drop it")
	}
}

func TestSeveritiesOfAWebhookAreChosen(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	w := webhook("alertmanager", r.URL)
	w.Severities = []string{"critical"}
	s.notifies(w)
	f := stalled("orders", 4)
	f.Severity = signal.Warning
	s.opens(f)
	s.quiet(r)
	s.closes(f)
	s.quiet(r)
	if n := len(r.requests()); n != 0 {
		t.Fatalf("%d requests about a warning", n)
	}
	f.DetectedAt = start.Add(time.Hour)
	s.opens(f)
	s.quiet(r)
	f.Severity = signal.Critical
	s.opens(f)
	s.eventually("it is sent once it is critical", func() bool { return len(r.taken()) == 1 })
}

func TestReceiverThatFails(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for sentence, c := range map[string]struct {
		behave func(w http.ResponseWriter, r *http.Request)
		kind   string
	}{
		"answers 500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "status_5xx"},
		"answers 404": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "status_4xx"},
		"redirects":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "other"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}, "timeout"},
		"closes the connection": {func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
		}, "connection"},
		"answers 429": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, "rate_limited"},
		"answers with something else than HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
				_ = c.Close()
			}
		}, "other"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			r := newReceiver(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n < 2 {
					w.(*recorder).code = 0
					c.behave(w, r)
				}
			})
			s.notifies(webhook("alertmanager", r.URL))
			s.opens(stalled("orders", 4))
			s.eventually("it is delivered in the end", func() bool { return len(r.taken()) == 1 && s.notifier.Health()[0].Pending == 0 })
			h := s.notifier.Health()[0]
			if h.Failures[c.kind] != 2 || h.Delivered != 1 || h.Err != "" {
				t.Errorf("health is %+v", h)
			}
			if all := r.requests(); all[0].header.Get("Webhook-Id") != all[2].header.Get("Webhook-Id") {
				t.Error("a request that is tried again has another id, so a receiver cannot recognise it")
			}
			for _, want := range []string{"findings cannot be delivered", "the webhook takes findings again"} {
				if strings.Count(s.log.String(), want) != 1 {
					t.Errorf("the log has not %q once:\n%s", want, s.log)
				}
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	s := newShop(t)
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	s.notifies(webhook("slack", r.URL))
	s.opens(stalled("orders", 4))
	s.eventually("it is delivered", func() bool { return len(r.taken()) == 1 })
	if waited := r.requests()[1].at.Sub(r.requests()[0].at); waited < time.Second {
		t.Errorf("the second request came after %s", waited)
	}
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "x": 0, "Sat, 14 Mar 2026 03:02:00 GMT": 2 * time.Minute, "Sat, 14 Mar 2026 02:00:00 GMT": 0, "999999999": time.Hour,
	} {
		if got := notify.RetryAfter(text, start); got != want {
			t.Errorf("Retry-After %q is %s, want %s", text, got, want)
		}
	}
}

func TestReceiverThatRefusesOneFindingGetsTheOthers(t *testing.T) {
	s := newShop(t)
	refuse, other := newReceiver(t, nil), newReceiver(t, nil)
	refuse.behave = func(n int, w http.ResponseWriter, _ *http.Request) {
		if strings.Contains(refuse.requests()[n].body, "poison") {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	s.notifies(webhook("cloudevents", refuse.URL), webhook("cloudevents", other.URL))
	s.opens(stalled("a-poison", 4))
	s.opens(stalled("orders", 4))
	s.eventually("the other finding is delivered", func() bool { return len(refuse.taken()) == 1 && len(other.taken()) == 2 })
	s.quiet(refuse)
	if h := s.notifier.Health()[0]; h.Dropped["refused"] != 1 || h.Failures["status_4xx"] != 1 {
		t.Errorf("health is %+v", h)
	}
	if !strings.Contains(s.log.String(), "the webhook refuses findings") || !strings.Contains(s.log.String(), "id-a-poison") {
		t.Errorf("the log does not name it:\n%s", s.log)
	}
}

func TestReceiverThatHangsBlocksNoReading(t *testing.T) {
	s := newShopAt(t, notify.Timing{Settle: time.Millisecond, Timeout: time.Hour, Stop: time.Millisecond})
	r := newReceiver(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.notifies(webhook("alertmanager", r.URL), webhook("pagerduty", r.URL))
	s.opens(stalled("first", 1))
	s.eventually("both receivers hang", func() bool { return len(r.requests()) == 2 })
	for i := range 400 { // each would wait for an hour
		f := stalled(fmt.Sprint("orders-", i), 1)
		s.opens(f)
		if i%2 == 0 {
			s.closes(f)
		}
	}
	if n := s.notifier.Health()[0].Pending; n != 401 {
		t.Errorf("%d findings are pending", n)
	}
}

func TestMemoryOfReceiversIsBounded(t *testing.T) {
	s := newShop(t)
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s.notifies(webhook("alertmanager", r.URL))
	for i := range 10_050 {
		f := stalled(fmt.Sprint("orders-", i), 1)
		s.notifier.Changed(openedOf(f))
		f.ClosedAt = start
		s.notifier.Changed(closedOf(f))
	}
	if h := s.notifier.Health()[0]; h.Pending != 10_000 || h.Dropped["overflow"] != 50 {
		t.Errorf("%d findings wait, %d were dropped", h.Pending, h.Dropped["overflow"])
	}
}
