package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// TestRestartKeepsFindings has the program find an order that is overdue, ends it, and
// starts it again with a database that cannot be read.
func TestRestartKeepsFindings(t *testing.T) {
	shop := databasetest.SQLite(t)
	file := shopOfPlantedIDs(t, shop)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state")
	text = append(text, fmt.Sprintf("state: {dir: %q}\n", state)...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(file, builtin.Sections())
	if err != nil {
		t.Fatal(err)
	}
	run := func(log *lockedBuffer) (get func(path string) string, stop func()) {
		s := newService(slog.New(slog.NewTextHandler(log, nil)), web.External{})
		forget := s.remember(t.Context(), f)
		handler := s.handler(nil, false, false)
		get = func(path string) string {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			return w.Body.String()
		}
		s.apply(t.Context(), f)
		return get, func() {
			s.manager.Stop()
			forget()
		}
	}
	findings := func(body string) (all map[string]api.Finding) {
		var answer api.Findings
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		all = map[string]api.Finding{}
		for _, found := range answer.Findings {
			all[found.ID] = found
		}
		return all
	}

	var first lockedBuffer
	get, stop := run(&first)
	for deadline := time.Now().Add(time.Minute); len(findings(get("/api/v1/findings"))) < 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("found %s, log: %s", get("/api/v1/findings"), first.String())
		}
	}
	stop()
	before := findings(get("/api/v1/findings"))

	if err := os.Remove(shop.Path); err != nil {
		t.Fatal(err)
	}
	var second lockedBuffer
	get, stop = run(&second)
	scrape := get("/metrics") // the first
	after := findings(get("/api/v1/findings"))
	stop()
	if len(after) != len(before) {
		t.Errorf("%d findings after the restart, %d before: %v", len(after), len(before), after)
	}
	for id, old := range before {
		f := after[id]
		if !f.Since.Equal(old.Since) || !f.Unconfirmed || strings.Join(f.OrderIDs, " ") != strings.Join(old.OrderIDs, " ") {
			t.Errorf("restored as %+v, was %+v", f, old)
		}
		if !strings.Contains(scrape, `lostorder_finding_unconfirmed{mode="`+string(f.Mode)) || !strings.Contains(scrape, "lostorder_finding_since_timestamp_seconds{mode=\""+string(f.Mode)) {
			t.Errorf("the first scrape does not have %s", f.Mode)
		}
		if n := strings.Count(first.String(), "finding opened"); n != len(before) {
			t.Errorf("%d announcements of %d findings", n, len(before))
		}
	}
	if strings.Contains(second.String(), "finding opened") || !strings.Contains(second.String(), "finding restored") {
		t.Errorf("announced again: %s", second.String())
	}
	for _, name := range []string{"lostorder.db", "lostorder.db-wal"} {
		if content, err := os.ReadFile(filepath.Join(state, name)); err == nil && strings.Contains(string(content), planted) {
			t.Errorf("%s holds an id in plain text", name)
		}
	}
}
