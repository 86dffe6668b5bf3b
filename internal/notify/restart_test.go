package notify_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/notify"
)

// again is the same shop after a restart of lostorder.
func (s *shop) again(dir string, webhooks ...notify.Webhook) *shop {
	next := newShop(s.t)
	next.now, next.seen = s.clock(), *s.snapshot()
	next.notifier.KeepIn(dir)
	next.notifies(webhooks...)
	return next
}

// stoppedAfterSending returns a shop whose notifier sent one finding, and stopped.
func stoppedAfterSending(t *testing.T, dir string, r *receiver, w notify.Webhook) *shop {
	t.Helper()
	first := newShop(t)
	first.notifier.KeepIn(dir)
	first.notifies(w)
	first.opens(stalled("orders", 4))
	first.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	first.notifier.Stop()
	return first
}

func TestWhatAReceiverKnowsSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	r := newReceiver(t, nil)
	w := webhook("alertmanager", r.URL)
	first := stoppedAfterSending(t, dir, r, w)

	second := first.again(dir, w)
	second.quiet(r)
	if n := len(r.taken()); n != 1 {
		t.Fatalf("a restart sends an open finding again: %d requests", n)
	}
	second.closes(stalled("orders", 4))
	second.eventually("its end is sent", func() bool { return len(r.taken()) == 2 })
	if m := messages(t, r.taken())[1]; m.Status != "resolved" {
		t.Errorf("the second request says %s", m.Status)
	}
}

func TestWhatCouldNotBeDeliveredIsDeliveredAfterARestart(t *testing.T) {
	dir := t.TempDir()
	down := true
	r := newReceiver(t, nil)
	r.behave = func(_ int, w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusBadGateway)
		}
	}
	w := webhook("alertmanager", r.URL)
	first := newShop(t)
	first.notifier.KeepIn(dir)
	first.notifies(w)
	first.opens(stalled("open", 4))
	first.opens(stalled("over", 4))
	first.closes(stalled("over", 4))
	first.eventually("it was tried", func() bool { return len(r.requests()) > 0 })
	first.notifier.Stop()
	if kept, err := os.ReadFile(filepath.Join(dir, "notified.json")); err != nil || strings.Contains(string(kept), "A-1017") || strings.Contains(string(kept), r.URL) {
		t.Errorf("the file names an order or the address, or is not there: %v %s", err, kept)
	}
	if info, err := os.Stat(filepath.Join(dir, "notified.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v (%v)", info.Mode(), err)
	}

	r.mu.Lock()
	down = false
	r.mu.Unlock()
	second := first.again(dir, w)
	second.eventually("both are delivered", func() bool { return second.notifier.Health()[0].Delivered == 2 })
	second.quiet(r)
	texts := ""
	for _, m := range messages(t, r.taken()) {
		for _, a := range m.Alerts {
			texts += a.Labels["finding"] + " " + a.Status + " " + a.Annotations["news"] + "\n"
		}
	}
	if texts != "id-open firing \nid-over resolved It opened and closed before it could be sent.\n" {
		t.Errorf("delivered:\n%s", texts)
	}
}

func TestFindingThatWasNotRestoredIsNotResolvedWhileItsTargetIsBlind(t *testing.T) {
	dir := t.TempDir()
	r := newReceiver(t, nil)
	w := webhook("alertmanager", r.URL)
	first := stoppedAfterSending(t, dir, r, w)

	first.seen.Open = nil // the memory of the decisions is lost
	first.readable(false)
	second := first.again(dir, w)
	second.pass(notify.UnseenFor + time.Hour)
	second.quiet(r)
	if n := len(r.taken()); n != 1 {
		t.Fatalf("unknown became resolved: %s", r.taken()[1].body)
	}
	second.readable(true)
	second.eventually("its end is sent once the target was read", func() bool { return len(r.taken()) == 2 })
	if m := messages(t, r.taken())[1]; m.Status != "resolved" {
		t.Errorf("the second request says %s", m.Status)
	}
}

func TestFindingThatIsFoundAgainAfterARestartIsNotSentAgain(t *testing.T) {
	dir := t.TempDir()
	r := newReceiver(t, nil)
	w := webhook("alertmanager", r.URL)
	first := stoppedAfterSending(t, dir, r, w)
	first.seen.Open = nil // the memory of the decisions is lost
	second := first.again(dir, w)
	f := stalled("orders", 5)
	f.DetectedAt = start.Add(time.Minute)
	second.opens(f)
	second.quiet(r)
	if n := len(r.taken()); n != 1 {
		t.Errorf("it is sent again: %s", r.taken()[1].body)
	}
}

func TestDamagedMemoryIsLoggedAndAllIsSentAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notified.json"), []byte(`{"format": 1, "webh`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, r := newShop(t), newReceiver(t, nil)
	s.notifier.KeepIn(dir)
	s.opens(stalled("orders", 4))
	s.notifies(webhook("alertmanager", r.URL))
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	if !strings.Contains(s.log.String(), "cannot be read; open findings are sent again") {
		t.Errorf("the log has\n%s", s.log)
	}
}

func TestReloadKeepsWhatAReceiverKnows(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	w := webhook("alertmanager", r.URL)
	s.notifies(w)
	s.opens(stalled("orders", 4))
	s.eventually("it is sent", func() bool { return len(r.taken()) == 1 })
	s.quiet(r) // the notifier knows that it was taken
	other := newReceiver(t, nil)
	w.Name = "renamed"
	s.notifier.Apply(t.Context(), notify.Settings{Webhooks: []notify.Webhook{w, webhook("alertmanager", other.URL)}, Interval: 10 * time.Millisecond})
	s.eventually("the new one is sent what is open", func() bool { return len(other.taken()) == 1 })
	s.quiet(r)
	if n := len(r.taken()); n != 1 {
		t.Errorf("a reload sends it again: %d requests", n)
	}
	s.notifier.Apply(t.Context(), notify.Settings{})
	s.closes(stalled("orders", 4))
	if n := len(s.notifier.Health()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
}

func TestTargetThatCannotBeReadIsSent(t *testing.T) {
	s, r := newShop(t), newReceiver(t, nil)
	s.notifies(webhook("alertmanager", r.URL))
	s.opens(stalled("orders", 4))
	s.eventually("a finding is sent", func() bool { return len(r.taken()) == 1 })
	s.readable(false)
	s.notifier.ObserveTargets()
	s.pass(notify.BlindFor - time.Second)
	s.notifier.ObserveTargets()
	s.quiet(r)
	s.pass(2 * time.Second)
	s.readable(false)
	s.notifier.ObserveTargets()
	s.eventually("the target is sent", func() bool { return len(r.taken()) == 2 })
	s.quiet(r)
	s.readable(true)
	s.notifier.ObserveTargets()
	s.eventually("it can be read again", func() bool { return len(r.taken()) == 3 })
	all := messages(t, r.taken())
	down, up := all[1].Alerts[0], all[2].Alerts[0]
	if down.Labels["alertname"] != "LostorderTargetDown" || down.Labels["target"] != "main" || down.Annotations["summary"] != "lostorder has not been able to read kafka/main for at least 5 minutes." ||
		down.Annotations["runbook_url"] != "https://runbooks.example/target_down.md" {
		t.Errorf("down: %s", r.taken()[1].body)
	}
	if up.Status != "resolved" || up.Labels["finding"] != down.Labels["finding"] {
		t.Errorf("up: %s", r.taken()[2].body)
	}
}
