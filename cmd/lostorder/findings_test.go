package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// running serves the API of a lostorder with two open findings and a closed one.
func running(t *testing.T) string {
	t.Helper()
	finding := func(id string, mode signal.Mode) signal.Finding {
		return signal.Finding{
			ID: id, Mode: mode, Severity: signal.Critical, Subject: signal.Subject{Database: "shop", Outbox: "orders"}, Count: 2,
			OrderIDs: []string{"A-1", "A-2"}, Since: time.Now().Add(-time.Hour), Evidence: signal.Evidence{signal.CountFact("pending_events", 2)},
		}
	}
	closed := finding("bb33", signal.ConsumerAbsent)
	closed.ClosedAt = time.Now()
	snapshot := &watch.Snapshot{Ready: true, Counters: detect.New().Counters(), Open: []signal.Finding{finding("aa11", signal.OutboxStalled), finding("aa22", signal.DLQFilling)}, Closed: []signal.Finding{closed}}
	server := httptest.NewServer(web.New(web.Options{Snapshot: func() *watch.Snapshot { return snapshot }}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestFindings(t *testing.T) {
	url := running(t)
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer html.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	guarded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer guarded.Close()

	for name, tc := range map[string]struct {
		args []string
		code int
		out  []string // in what is printed
		err  []string // in what is complained of
	}{
		"what is open":                     {args: []string{"--url", url}, out: []string{"2 events are not published and 2 messages are in dead letter queues, oldest since", "outbox_stalled", "dlq_filling", "A-1 A-2"}},
		"an address without a scheme":      {args: []string{"--url", strings.TrimPrefix(url, "http://")}, out: []string{"2 events are not published"}},
		"what was closed":                  {args: []string{"--url", url, "--state=closed"}, out: []string{"consumer_absent"}},
		"what was closed, by its own flag": {args: []string{"--url", url, "--closed"}, out: []string{"consumer_absent"}},
		"what was closed this week":        {args: []string{"--url", url, "--within=7d"}, out: []string{"consumer_absent"}},
		"nothing was closed":               {args: []string{"--url", url, "--closed", "--mode=dlq_filling"}, out: []string{"\n\nNo finding closed in the last 30 days.\n"}},
		"nothing was closed this week":     {args: []string{"--url", url, "--within=7d", "--mode=dlq_filling"}, out: []string{"\n\nNo finding closed within 7d.\n"}},
		"a time that is none":              {args: []string{"--url", url, "--within=soon"}, code: 1, err: []string{"closed=soon: write how long ago findings closed at most, such as closed=7d"}},
		"of one mode":                      {args: []string{"--url", url, "--mode=dlq_filling"}, out: []string{"aa22"}},
		"one in full":                      {args: []string{"--url", url, "bb"}, out: []string{"consumer_absent: outbox orders (database shop)", "closed", "pending events", "runbooks/consumer_absent.md"}},
		"of one order":                     {args: []string{"--url", url, "A-2"}, out: []string{"aa11", "aa22", "bb33"}},
		"orders for a spreadsheet":         {args: []string{"--url", url, "--csv", "aa11"}, out: []string{"order_id,finding,mode,severity,subject,since\nA-1,aa11,outbox_stalled,critical,outbox orders (database shop),", "\nA-2,aa11,"}},
		"exit code with a finding":         {args: []string{"--url", url, "--exit-code"}, code: 3, out: []string{"2 events are not published"}},
		"exit code without one of a mode":  {args: []string{"--url", url, "--exit-code", "--mode=order_overdue"}, code: 0},
		"exit code and watch":              {args: []string{"--url", url, "--exit-code", "--watch"}, code: 1, err: []string{"--watch does not end"}},
		"an interval that is too short":    {args: []string{"--url", url, "--watch", "--interval=1ms"}, code: 1, err: []string{"--interval: at least 100ms"}},
		"more than one begins so":          {args: []string{"--url", url, "aa"}, code: 1, err: []string{"2 findings begin with aa; write more of the id"}},
		"none begins so":                   {args: []string{"--url", url, "cc"}, code: 1, err: []string{"no finding cc is open or was recently closed"}},
		"a mode that does not exist":       {args: []string{"--url", url, "--mode=order_eaten"}, code: 1, err: []string{"400 Bad Request: unknown mode order_eaten"}},
		"an address that is none":          {args: []string{"--url=ftp://x"}, code: 1, err: []string{"--url: not a URL; write for example http://localhost:10404"}},
		"nobody there":                     {args: []string{"--url", closed.URL}, code: 1, err: []string{"connection refused; is it running, and is --url right?"}},
		"something else there":             {args: []string{"--url", html.URL}, code: 1, err: []string{"and not as lostorder does"}},
		"the password is wrong":            {args: []string{"--url", strings.Replace(guarded.URL, "//", "//me:hunter22@", 1)}, code: 1, err: []string{"asks for a user and a password (401)", "me:xxxxx@"}},
		"the password is in no complaint":  {args: []string{"--url", strings.Replace(closed.URL, "//", "//me:hunter22@", 1)}, code: 1, err: []string{"connection refused"}},
		"a state that there is not, usage": {args: []string{"--state=lost"}, code: 2, err: []string{"try lostorder --help"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Main(t.Context(), append([]string{"findings"}, tc.args...), &out, &errs)
			if code != tc.code || strings.Contains(errs.String(), "hunter22") {
				t.Errorf("exit code %d, %s", code, errs.String())
			}
			for _, want := range tc.out {
				if !strings.Contains(out.String(), want) {
					t.Errorf("does not print %q:\n%s", want, out.String())
				}
			}
			for _, want := range tc.err {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("does not complain of %q: %s", want, errs.String())
				}
			}
		})
	}
}

func TestOrdersForASpreadsheetComeWithTheSQLForThoseThatAreNotNamed(t *testing.T) {
	snapshot := &watch.Snapshot{Ready: true, Counters: detect.New().Counters(), Open: []signal.Finding{{
		ID: "aa11", Mode: signal.OrderOverdue, Severity: signal.Critical, Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, Count: 132,
		OrderIDs: []string{"A-1", "A-2"}, Since: time.Now().Add(-time.Hour), Evidence: signal.Evidence{signal.TextFact(signal.SQLFact, `SELECT "id" FROM "orders"`)},
	}}}
	server := httptest.NewServer(web.New(web.Options{Snapshot: func() *watch.Snapshot { return snapshot }}))
	defer server.Close()
	var out, errs bytes.Buffer
	if code := Main(t.Context(), []string{"findings", "--csv", "--url", server.URL}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	want := "lostorder: finding aa11 names 2 of 132; this lists all of shop:\nSELECT \"id\" FROM \"orders\";\n"
	if strings.Contains(out.String(), "SELECT") || !strings.Contains(errs.String(), want) {
		t.Errorf("prints\n%s\nand beside it\n%s", out.String(), errs.String())
	}
}

func TestFindingsAsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	if code := Main(t.Context(), []string{"findings", "--json", "--url", running(t)}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var got api.Findings
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Findings) != 2 || got.Verdict.Level != "lost" {
		t.Errorf("%v in %s", err, out.String())
	}
}

// TestFindingsAreWatched looks until it has seen three answers, and ends well.
func TestFindingsAreWatched(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &thirdLine{done: cancel}
	var errs bytes.Buffer
	if code := Main(ctx, []string{"findings", "--json", "--watch", "--interval=100ms", "--url", running(t)}, out, &errs); code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	if out.lines < 3 {
		t.Errorf("%d lines", out.lines)
	}
}

// thirdLine calls done when three lines were written.
type thirdLine struct {
	lines int
	done  func()
}

func (w *thirdLine) Write(p []byte) (int, error) {
	if w.lines += bytes.Count(p, []byte("\n")); w.lines >= 3 {
		w.done()
	}
	return len(p), nil
}

// TestExitCodeOfABlindLostorder: unknown is not healthy.
func TestExitCodeOfABlindLostorder(t *testing.T) {
	server := httptest.NewServer(web.New(web.Options{Snapshot: func() *watch.Snapshot { return nil }}))
	defer server.Close()
	var out, errs bytes.Buffer
	if code := Main(t.Context(), []string{"findings", "--exit-code", "--url", server.URL}, &out, &errs); code != 4 {
		t.Errorf("exit code %d, %s%s", code, out.String(), errs.String())
	}
}

// TestFindingsWaitForALostorderThatStarts asks an address before anything listens there.
func TestFindingsWaitForALostorderThatStarts(t *testing.T) {
	address := freePort(t)
	run := func(wait string) (code int, errs string) {
		var out, problems bytes.Buffer
		code = Main(t.Context(), []string{"findings", "--url=http://" + address, "--wait=" + wait}, &out, &problems)
		return code, problems.String()
	}
	if code, errs := run("100ms"); code != 1 || !strings.Contains(errs, "connection refused; is it running, and is --url right?") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	type result struct {
		code int
		errs string
	}
	ended := make(chan result, 1)
	go func() {
		code, errs := run("1m")
		ended <- result{code, errs}
	}()
	startReplica(t, "late", address, func() string { file, _ := sharedShop(t); return file }())
	if r := <-ended; r.code != 0 {
		t.Errorf("exit code %d, %s", r.code, r.errs)
	}
}
