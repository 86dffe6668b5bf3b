//go:build integration

package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// alertmanager starts a real Alertmanager with the routes and the inhibition rules that are
// shipped, and returns its address and what stops it.
func alertmanager(t *testing.T, address, dir, webhook string) (stop func()) {
	t.Helper()
	program := os.Getenv("ALERTMANAGER")
	if program == "" {
		t.Fatal("ALERTMANAGER names no program; run the test with test/parts/run --parts=alertmanager")
	}
	text, err := os.ReadFile("../../alerts/example/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	routes := regexp.MustCompile(`http://(pager|chat|record)\.example/`).ReplaceAllString(string(text), webhook+"/$1/")
	routes = regexp.MustCompile(`group_(wait|interval): \d+[sm]`).ReplaceAllString(routes, "group_$1: 1s")
	path := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(path, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file="+path, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--cluster.listen-address=")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = log.Close()
	}
}

// free is an address on which nothing listens, beside those that test/parts/run takes.
func free(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 30000+rand.IntN(2000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free between 30000 and 31999")
	return ""
}

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
	dir, address := t.TempDir(), free(t)
	stop := alertmanager(t, address, dir, pager.URL)
	defer func() { stop() }()
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
	stop()
	stop = alertmanager(t, address, dir, pager.URL)
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
