//go:build integration

package notify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/test/parts/parttest"
)

// alerts asks Alertmanager which alerts are active, and which of them another one mutes.
func alerts(address string) (active, muted []string) {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	res, err := client.Get("http://" + address + "/api/v2/alerts")
	if err != nil {
		return nil, nil
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	var all []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if json.Unmarshal(body, &all) != nil {
		return nil, nil
	}
	active = []string{} // it answered
	for _, a := range all {
		name := a.Labels["alertname"] + "/" + a.Labels["messaging_destination_name"]
		if active = append(active, name); len(a.Status.InhibitedBy) > 0 {
			muted = append(muted, name)
		}
	}
	slices.Sort(active)
	return active, muted
}

func TestRealAlertmanagerTakesRoutesMutesAndResolves(t *testing.T) {
	pager := newReceiver(t, nil)
	dir, address := t.TempDir(), parttest.Free(t)
	starts := func() *parttest.Program {
		return parttest.Alertmanager(t, address, dir, "../../alerts/example/alertmanager.yml", pager.URL)
	}
	first := starts()
	s := newShop(t)
	s.now = time.Now() // Alertmanager has its own clock
	s.readable(true)
	current := func(f signal.Finding) signal.Finding {
		f.Since, f.DetectedAt = s.now.Add(-6*time.Minute), s.now.Add(-time.Minute)
		return f
	}
	s.notifies(webhook("alertmanager-api", "http://"+address+"/"))
	cause, symptom := current(stalled("orders", 12)), current(stalled("orders", 12))
	symptom.ID, symptom.Mode, symptom.Severity = "id-growing", signal.BacklogGrowing, signal.Warning
	s.opens(cause)
	s.opens(symptom)
	want := []string{"LostorderBacklogGrowing/orders", "LostorderConsumerStalled/orders"}
	s.eventually("both alerts are active, and the cause mutes the symptom", func() bool {
		active, muted := alerts(address)
		return slices.Equal(active, want) && slices.Equal(muted, want[:1])
	})
	hears := func(path, status, alert string) func() bool {
		return func() bool {
			return slices.ContainsFunc(pager.taken(), func(r received) bool {
				return strings.HasPrefix(r.path, path) && strings.Contains(r.body, `"status":"`+status+`"`) && strings.Contains(r.body, alert)
			})
		}
	}
	s.eventually("the pager gets the critical one", hears("/pager/", "firing", "LostorderConsumerStalled"))

	// An Alertmanager that restarts has forgotten its alerts. They are posted again.
	first.Stop()
	starts()
	s.pass(time.Second)
	s.eventually("both are active after a restart of Alertmanager", func() bool {
		active, _ := alerts(address)
		return slices.Equal(active, want)
	})
	s.mu.Lock()
	s.now = time.Now()
	s.mu.Unlock()
	s.closes(cause)
	s.closes(symptom)
	s.eventually("no alert is active", func() bool {
		active, _ := alerts(address)
		h := s.notifier.Health()[0]
		return active != nil && len(active) == 0 && h.Pending == 0 && h.Err == ""
	})
	s.eventually("the pager hears that it is over", hears("/pager/", "resolved", "LostorderConsumerStalled"))
	for _, r := range pager.taken() {
		if strings.HasPrefix(r.path, "/chat/") && strings.Contains(r.body, "LostorderBacklogGrowing") && strings.Contains(r.body, `"status":"firing"`) {
			t.Errorf("a muted symptom was sent: %s", r.body)
		}
	}
}
