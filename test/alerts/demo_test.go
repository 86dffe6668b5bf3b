//go:build integration

package alerts_test

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/demo/demotest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
	"github.com/lostorder/lostorder/test/parts/parttest"
)

// lasting are the modes whose findings do not close with the fault: nothing brings
// lost messages back, so the finding stays open for an hour. The unit tests cover how
// their alerts resolve.
var lasting = []signal.Mode{signal.MessageLost}

// played is what the demo found of one fault.
type played struct {
	finding *api.Finding
	closed  bool
}

// TestRealAlertsWhileTheDemoBreaks plays the demo. For every fault, an alert of its mode
// reaches the webhook, links to the orders, and resolves once the finding is closed. No
// other alert is sent. Nothing resolves because lostorder is gone.
func TestRealAlertsWhileTheDemoBreaks(t *testing.T) {
	t.Parallel()
	program := lostorder(t)
	var m *monitoring
	var faults map[signal.Mode]*played
	var known map[string]bool
	demotest.Play(t, func(slower string) (s demo.Summary) {
		// Each attempt has servers of its own: late notifications of the one before would be about findings with the
		// same ids.
		address := parttest.Free(t)
		if m != nil {
			m.stop()
		}
		m = monitor(t, address)
		faults, known, s = play(m, program, address, slower)
		return s
	})
	for _, drill := range demo.Drills() {
		p := faults[drill.Mode]
		if p == nil {
			t.Errorf("%s: the demo did not find its own fault", drill.Mode)
			continue
		}
		sent := m.heard("firing", func(n *notice) bool { return n.Labels["finding"] == p.finding.ID })
		if len(sent) == 0 {
			t.Errorf("%s: no alert was sent for finding %s", drill.Mode, p.finding.ID)
			continue
		}
		about(t, &sent[0], p.finding)
		if p.closed == slices.Contains(lasting, drill.Mode) {
			t.Errorf("%s: its finding is closed: %t", drill.Mode, p.closed)
		}
		if resolved := m.heard("resolved", func(n *notice) bool { return n.Labels["finding"] == p.finding.ID }); p.closed != (len(resolved) > 0) {
			t.Errorf("%s: finding %s is closed: %t; resolved: %v", drill.Mode, p.finding.ID, p.closed, resolved)
		}
	}
	for _, n := range m.heard("firing", func(n *notice) bool { return n.Labels["mode"] != "" }) {
		if !known[n.Labels["finding"]] {
			t.Errorf("an alert was sent without a finding: %s", n.String())
		}
	}

	// lostorder is gone while findings are open. That is an alert, and nothing resolves.
	m.fires("LostorderAbsent")
	m.eventually("the alerts of findings are muted or over", func() (bool, string) {
		firing, muted := m.firing(), m.muted()
		for _, alert := range firing {
			if alert != "LostorderAbsent" && !slices.Contains(muted, alert) {
				return false, alert + " is neither; " + m.say()
			}
		}
		return true, ""
	})
	for _, n := range m.heard("resolved", func(*notice) bool { return true }) {
		if f := faults[signal.Mode(n.Labels["mode"])]; f != nil && !f.closed {
			t.Errorf("an open finding was called resolved because nobody looks: %s", n.String())
		}
	}
}

// about checks that a notice has everything that the paged engineer needs.
func about(t *testing.T, n *notice, f *api.Finding) {
	t.Helper()
	if want := map[signal.Severity]string{signal.Critical: "pager", signal.Warning: "team", signal.Info: "record"}[signal.Severity(n.Labels["severity"])]; n.Receiver != want {
		t.Errorf("%s went to %s", n.String(), n.Receiver)
	}
	if !strings.HasSuffix(n.Annotations["runbook_url"], "/"+string(f.Mode)+".md") {
		t.Errorf("%s: its runbook is %s", n.String(), n.Annotations["runbook_url"])
	}
	for _, name := range []string{f.Labels.Destination, f.Labels.Outbox, f.Labels.Lifecycle, f.Labels.Check} {
		if !strings.Contains(n.Annotations["summary"], name) {
			t.Errorf("%s: it is about %s and says %q", n.String(), name, n.Annotations["summary"])
		}
	}
	if !strings.HasPrefix(n.Annotations["since"], "20") {
		t.Errorf("%s: it does not say since when: %q", n.String(), n.Annotations["since"])
	}
	if !strings.Contains(n.page, f.Subject) && !strings.Contains(n.page, strings.ReplaceAll(f.Subject, "→", "&rarr;")) {
		t.Errorf("%s: %s does not lead to the finding:\n%.300s", n.String(), n.Annotations["finding_url"], n.page)
	}
	if len(f.OrderIDs) > 0 && !slices.ContainsFunc(f.OrderIDs, func(id string) bool { return strings.Contains(n.page, id) }) {
		t.Errorf("%s: none of the orders %v is on the page of the link", n.String(), f.OrderIDs)
	}
}

// play runs the demo, waits until the findings that close are closed and resolved, and
// returns what was found of each fault, and the ids of all findings. Whether the demo
// itself is perfect is tested elsewhere.
func play(m *monitoring, program, address, slower string) (faults map[signal.Mode]*played, known map[string]bool, summary demo.Summary) {
	t := m.t
	cmd := exec.CommandContext(t.Context(), program, "demo", "--json", "--seed=5", "--linger=1h", "--web.listen-address="+address, slower)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	faults = map[signal.Mode]*played{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var log []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the demo said\n%s", strings.Join(log, "\n"))
		}
	})
	for lines.Scan() {
		log = append(log, lines.Text())
		var line struct {
			Event   string
			Mode    signal.Mode
			Finding *api.Finding
			Summary *demo.Summary
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if line.Event == "found" && faults[line.Mode] == nil {
			faults[line.Mode] = &played{finding: line.Finding}
		}
		if line.Summary != nil {
			summary = *line.Summary
			break
		}
	}
	if summary.Busy && !summary.Perfect() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
		return faults, known, summary
	}
	for mode, p := range faults {
		if slices.Contains(lasting, mode) {
			m.eventually(string(mode)+" is sent", func() (bool, string) {
				return len(m.heard("firing", func(n *notice) bool { return n.Labels["finding"] == p.finding.ID })) > 0, m.say()
			})
			continue
		}
		m.eventually(string(mode)+" is resolved", func() (bool, string) {
			var f api.Finding
			m.ask(address, "/api/v1/findings/"+p.finding.ID, &f)
			p.closed = !f.ClosedAt.IsZero()
			return p.closed && len(m.heard("resolved", func(n *notice) bool { return n.Labels["finding"] == p.finding.ID })) > 0, m.say()
		})
	}
	var all api.Findings
	m.ask(address, "/api/v1/findings?state=all", &all)
	known = map[string]bool{}
	for _, f := range all.Findings {
		known[f.ID] = true
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	return faults, known, summary
}
