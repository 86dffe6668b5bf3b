package replicas_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/replicas"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

const every = time.Hour // nothing gets old in these tests, unless a test says so

var (
	began = time.Date(2026, 11, 30, 4, 12, 0, 0, time.UTC)
	here  = signal.TargetID{Collector: "kafka", Target: "here"}
	there = signal.TargetID{Collector: "orders", Target: "there"}
)

// stuck is a finding with a value in every field that a hand-over must keep.
func stuck() signal.Finding {
	return signal.Finding{
		ID: "ef2023151807", Mode: signal.OrderOverdue, Severity: signal.Critical, Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "paid"},
		Summary: "2 orders are overdue.", Target: there, OrderIDs: []string{"A-1", "A-2"}, Count: 2, Since: began, DetectedAt: began.Add(time.Minute),
		Evidence: signal.Evidence{
			signal.CountFact("orders", 2), signal.TextFact("state", "paid"), signal.RateFact("arrivals_per_second", 1.5),
			signal.DurationFact("oldest_age_seconds", 90*time.Second),
		},
		TraceID: "e65dc1de1b6344ad77f0aaf209d9fe5a",
		AtStake: signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.50"}}, Coverage: signal.CoversAll},
		Labels:  signal.Labels{"team": "checkout"},
	}
}

// other is another replica, which reads one target. It is the real API of one.
func other(t *testing.T, s *watch.Snapshot) string {
	t.Helper()
	api := httptest.NewServer(web.New(web.Options{
		Snapshot: func() *watch.Snapshot { return s }, Own: func() *watch.Snapshot { return s }, Member: "b",
	}))
	t.Cleanup(api.Close)
	return api.URL
}

func client(t *testing.T, file string) *http.Client {
	t.Helper()
	c, err := replicas.Client(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// known are the replicas of a member with the two targets, which asks others at the given addresses.
func known(log io.Writer, client *http.Client, addresses ...string) *replicas.Replicas {
	view := &ownership.View{Self: "a", Active: true}
	for _, address := range addresses {
		view.Others = append(view.Others, ownership.Member{Name: "b", URL: address})
	}
	r := replicas.New(func() *ownership.View { return view }, client, every, slog.New(slog.NewTextHandler(log, nil)))
	r.Configure([]collectors.Target{{ID: here}, {ID: there}})
	return r
}

func reads(open ...signal.Finding) *watch.Snapshot {
	return &watch.Snapshot{Ready: true, Targets: []watch.Target{{ID: there, Up: true}}, Open: open}
}

func TestHandOverKeepsEveryFieldOfAFinding(t *testing.T) {
	r := known(io.Discard, client(t, ""), other(t, reads(stuck())))
	r.Ask(t.Context())
	open, at := r.Take(there)
	if len(open) != 1 || at.IsZero() {
		t.Fatalf("taken over: %v, known at %s", open, at)
	}
	before, after := stuck(), open[0]
	if text(t, before.Evidence) != text(t, after.Evidence) {
		t.Errorf("the evidence was %s and is %s", text(t, before.Evidence), text(t, after.Evidence))
	}
	before.Evidence, after.Evidence = nil, nil
	if !reflect.DeepEqual(before, after) {
		t.Errorf("the finding was %+v and is %+v", before, after)
	}
	if again, _ := r.Take(there); len(again) != 0 {
		t.Errorf("it is taken over twice: %v", again)
	}
}

func text(t *testing.T, e signal.Evidence) string {
	t.Helper()
	written, err := e.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

func TestWholeShowsWhatOthersRead(t *testing.T) {
	closed := stuck()
	closed.ClosedAt = began.Add(time.Hour)
	s := reads(stuck())
	s.Closed = []signal.Finding{closed}
	r := known(io.Discard, client(t, ""), other(t, s))
	own := &watch.Snapshot{Ready: true, Targets: []watch.Target{{ID: here, Up: true}}, Closed: []signal.Finding{closed}}
	if whole := r.Whole(own); whole.Ready {
		t.Error("it is ready before it is known which targets this replica reads")
	}
	r.Decided()
	before := r.Whole(own)
	if e := before.Targets[1].Elsewhere; e == nil || e.Answer != nil || len(before.Open) != 0 || !before.Ready {
		t.Errorf("before the first answer: %+v, %d findings", e, len(before.Open))
	}
	r.Ask(t.Context())
	after := r.Whole(own)
	if len(after.Targets) != 2 || after.Targets[0].Elsewhere != nil {
		t.Fatalf("targets: %+v", after.Targets)
	}
	if e := after.Targets[1].Elsewhere; e.Member != "b" || e.Answer == nil || !e.Answer.Up {
		t.Errorf("the target of the other replica: %+v", e)
	}
	if len(after.Open) != 1 || after.Open[0].Unconfirmed {
		t.Errorf("open findings: %+v", after.Open)
	}
	if len(after.Closed) != 1 {
		t.Errorf("one closed finding that both have is there %d times", len(after.Closed))
	}
	if len(own.Targets) != 1 || len(own.Open) != 0 {
		t.Error("the snapshot of this replica was changed")
	}
}

func TestReplicaThatIsGoneLeavesItsFindingsUnconfirmed(t *testing.T) {
	var log bytes.Buffer
	api := httptest.NewServer(web.New(web.Options{
		Snapshot: func() *watch.Snapshot { return reads(stuck()) }, Own: func() *watch.Snapshot { return reads(stuck()) }, Member: "b",
	}))
	address := api.URL
	view := &ownership.View{Self: "a", Active: true, Others: []ownership.Member{{Name: "b", URL: address}}}
	r := replicas.New(func() *ownership.View { return view }, client(t, ""), 0, slog.New(slog.NewTextHandler(&log, nil))) // an answer is old at once
	r.Configure([]collectors.Target{{ID: here}, {ID: there}})
	r.Ask(t.Context())
	api.Close()
	r.Ask(t.Context())
	r.Ask(t.Context())
	whole := r.Whole(&watch.Snapshot{Ready: true})
	if len(whole.Open) != 1 || !whole.Open[0].Unconfirmed {
		t.Errorf("findings of a replica that is gone: %+v", whole.Open)
	}
	if n := strings.Count(log.String(), "cannot be asked"); n != 1 {
		t.Errorf("the log says %d times that it cannot be asked:\n%s", n, &log)
	}
	if open, _ := r.Take(there); len(open) != 1 {
		t.Errorf("taken over from a replica that is gone: %v", open)
	}
}

func TestLatestKnowledgeOfATargetWins(t *testing.T) {
	later := stuck()
	later.Count = 3
	for _, c := range []struct {
		name  string
		first time.Time
		then  time.Time
		count int64
	}{
		{"newer findings replace older ones", began, began.Add(time.Second), 3},
		{"older findings replace nothing", began, began.Add(-time.Second), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := known(io.Discard, client(t, ""))
			r.Keep(there, []signal.Finding{stuck()}, c.first)
			r.Keep(there, []signal.Finding{later}, c.then)
			if open, _ := r.Take(there); len(open) != 1 || open[0].Count != c.count {
				t.Errorf("taken over: %+v", open)
			}
		})
	}
}

func TestRemovedTargetIsForgotten(t *testing.T) {
	r := known(io.Discard, client(t, ""))
	r.Keep(there, []signal.Finding{stuck()}, began)
	r.Configure([]collectors.Target{{ID: here}})
	if open, _ := r.Take(there); len(open) != 0 {
		t.Errorf("the findings of a removed target are kept: %v", open)
	}
}

func TestTargetThatIsNotConfiguredHereIsNotTaken(t *testing.T) {
	s := reads()
	s.Targets[0].ID.Target = "unknown"
	r := known(io.Discard, client(t, ""), other(t, s))
	r.Ask(t.Context())
	if whole := r.Whole(&watch.Snapshot{}); len(whole.Targets) != 2 {
		t.Errorf("targets: %+v", whole.Targets)
	}
}

func TestAnswersOfNoReplica(t *testing.T) {
	secret := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("redirected to %s", r.URL) }))
	t.Cleanup(secret.Close)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"a server error":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "it answers 500"},
		"a page of another":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not as lostorder does"},
		"a redirect":            {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secret.URL, http.StatusFound) }, "it answers 302"},
		"a lostorder by itself": {web.New(web.Options{Snapshot: func() *watch.Snapshot { return reads() }}).ServeHTTP, "does not share its targets"},
		"an endless answer": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte{' '}, 1<<16)); err != nil {
					return
				}
			}
		}, "not as lostorder does"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			api := httptest.NewServer(c.answer)
			t.Cleanup(api.Close)
			r := known(&log, client(t, ""), strings.Replace(api.URL, "http://", "http://lostorder:Tr0ub4dor@", 1))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r.Ask(ctx)
			if !strings.Contains(log.String(), c.says) || strings.Contains(log.String(), "Tr0ub4dor") {
				t.Errorf("the log says %q, and should say %q without the password", log.String(), c.says)
			}
			if whole := r.Whole(&watch.Snapshot{}); len(whole.Targets) != 2 || whole.Targets[1].Elsewhere.Answer != nil {
				t.Errorf("targets: %+v", whole.Targets)
			}
		})
	}
}

// TestReplicaBehindAPasswordAndACertificate asks one that takes neither strangers nor plain text.
func TestReplicaBehindAPasswordAndACertificate(t *testing.T) {
	s := reads(stuck())
	answers := web.New(web.Options{Snapshot: func() *watch.Snapshot { return s }, Own: func() *watch.Snapshot { return s }, Member: "b"})
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "lostorder" || password != "Tr0ub4dor" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answers.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	api.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})))
	write("password", "Tr0ub4dor\n")
	for name, c := range map[string]struct{ file, says string }{
		"nothing said":     {"", "certificate"},
		"no password":      {write("tls.yml", "tls_config: {ca_file: ca.pem}\n"), "it answers 401 Unauthorized; --shard.http.config.file gives this process the user and the password"},
		"a wrong password": {write("wrong.yml", "basic_auth: {username: lostorder, password: letmein}\ntls_config: {ca_file: ca.pem}\n"), "it answers 401"},
		"both":             {write("both.yml", "basic_auth: {username: lostorder, password_file: password}\ntls_config: {ca_file: ca.pem}\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			r := known(&log, client(t, c.file), api.URL)
			r.Ask(t.Context())
			if !strings.Contains(log.String(), c.says) || (c.says == "") != (log.Len() == 0) || strings.Contains(log.String(), "Tr0ub4dor") || strings.Contains(log.String(), "letmein") {
				t.Errorf("the log says %q, and should say %q", log.String(), c.says)
			}
			if open := r.Whole(&watch.Snapshot{}).Open; (len(open) == 1) != (c.says == "") {
				t.Errorf("open: %+v", open)
			}
		})
	}
	for text, says := range map[string]string{
		"basic_auth: {user: a}":                 "field user not found",
		"basic_auth: {username: a, password":    "yaml",
		"tls_config: {ca_file: missing.pem}":    "missing.pem",
		"tls_config: {cert_file: client.pem}\n": "key",
	} {
		if _, err := replicas.Client(write("bad.yml", text)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "bad.yml") {
			t.Errorf("%s: %v, and should name the file and say %q", text, err, says)
		}
	}
}
