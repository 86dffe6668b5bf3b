package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// many is a snapshot with so many open findings.
func many(n int) *watch.Snapshot {
	s := &watch.Snapshot{Ready: true}
	for i := range n {
		s.Open = append(s.Open, signal.Finding{
			ID: fmt.Sprintf("%012x", i), Mode: signal.ConsumerStalled, Severity: signal.Critical, Since: time.Unix(1_700_000_000, 0), Count: 17,
			Subject:  signal.Subject{System: signal.Kafka, Cluster: "main", Destination: fmt.Sprintf("orders-%d", i), Group: "billing"},
			OrderIDs: []string{"A-1017", "A-1018"}, Evidence: signal.Evidence{signal.TextFact("cause", "Partition 3 has not moved for 6 minutes.")},
		})
	}
	return s
}

func handlerOf(s *watch.Snapshot) http.Handler {
	return web.New(web.Options{Snapshot: func() *watch.Snapshot { return s }})
}

func ask(t testing.TB, h http.Handler, query string) (code int, answer api.Findings) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/findings"+query, http.NoBody))
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s: %v in %.300s", query, err, w.Body)
		}
	}
	return w.Code, answer
}

func TestFindingsArePaged(t *testing.T) {
	h := handlerOf(many(2500))
	seen := map[string]bool{}
	pages := 0
	for query := ""; ; pages++ {
		code, page := ask(t, h, query)
		if code != http.StatusOK || page.Total != 2500 || len(page.Findings) > api.DefaultLimit || page.Verdict.Level == "" {
			t.Fatalf("%s: code %d, %d of %d findings", query, code, len(page.Findings), page.Total)
		}
		for _, f := range page.Findings {
			if seen[f.ID] {
				t.Fatalf("%s is on two pages", f.ID)
			}
			seen[f.ID] = true
		}
		if page.Next == "" {
			break
		}
		query = "?after=" + page.Next
	}
	if len(seen) != 2500 || pages != 2 {
		t.Errorf("%d findings on %d pages", len(seen), pages+1)
	}
	if _, page := ask(t, h, "?limit=7"); len(page.Findings) != 7 || page.Next != page.Findings[6].ID {
		t.Errorf("a page of seven has %d, and then %q", len(page.Findings), page.Next)
	}
	for query, want := range map[string]int{"?limit=0": 400, "?limit=-1": 400, "?limit=x": 400, "?limit=10001": 400, "?after=nothing": 410} {
		if code, _ := ask(t, h, query); code != want {
			t.Errorf("%s: %d, want %d", query, code, want)
		}
	}
}

func TestFindingsAreStreamed(t *testing.T) {
	h := handlerOf(many(10_000))
	r := httptest.NewRequest(http.MethodGet, "/api/v1/findings?limit=10000", http.NoBody)
	var before, after uint64
	before = allocated()
	var sent counter
	h.ServeHTTP(&sent, r)
	after = allocated()
	if sent.bytes < 4<<20 || sent.largest > 64<<10 {
		t.Errorf("%d bytes were sent in pieces of up to %d", sent.bytes, sent.largest)
	}
	if took := after - before; took > 12*uint64(sent.bytes) {
		t.Errorf("%d bytes took %d", sent.bytes, took)
	}
}

func BenchmarkFindings(b *testing.B) {
	h := handlerOf(many(50_000))
	r := httptest.NewRequest(http.MethodGet, "/api/v1/findings", http.NoBody)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(&counter{}, r)
	}
}
