package web_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
)

// post sends the form of the page.
func post(t *testing.T, h http.Handler, id string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", strings.NewReader(url.Values{"id": {id}}.Encode()))
	r.Host = "localhost:10404"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// picture returns the SVG of a page, and fails where it is not well formed or has a script.
func picture(t *testing.T, page string) string {
	t.Helper()
	svg := "<svg" + between(page, `class="scroll lanes">`+"\n<svg", "</svg>") + "</svg>"
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return svg
		}
		if err != nil {
			t.Fatalf("the picture is not well formed: %v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "b") {
			t.Errorf("the picture has a %s", e.Name.Local)
		}
	}
}

func TestPageOfAnOrder(t *testing.T) {
	places := []signal.Place{
		{Store: "shop", Name: "outbox", Events: []signal.Event{{Kind: signal.EventRow, At: signal.InstantOf(before(39 * time.Minute)), What: "event was written", Key: "8812"}}},
		{
			Store: "shop", Name: "orders", Events: []signal.Event{{Kind: signal.EventState, At: signal.InstantOf(before(38 * time.Minute)), What: "is in state paid"}},
			Expected: []signal.Expectation{{What: "leaves state paid", By: signal.InstantOf(before(33 * time.Minute))}},
		},
		{Store: "billing", Name: "payments", Err: errors.New("connection refused")},
		{Store: "billing", Name: "refunds", Holds: "rows"},
	}
	res, page := do(t, handler(troubled(), explaining(places)), http.MethodGet, "/orders/100417")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("answers %s", res.Status)
	}
	for _, want := range []string{
		"<h1>100417</h1>", "It is in state paid since 02:41 (38 min). Overdue since 02:46: leaves state paid. 1 of 4 places could not be searched.",
		"event was written <code>8812</code>", "leaves state paid: 33 min overdue", "connection refused (orders/order)",
		`<a href="../findings/a1b2c3">`, `<form class="search" method="post" action="../orders">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	svg := picture(t, page)
	if strings.Count(svg, `<g class="lane`) != 4 || strings.Count(svg, "<circle") != 3 || !strings.Contains(svg, "not searched") || !strings.Contains(svg, "nothing found") ||
		!strings.Contains(svg, `class="mark expected overdue"`) {
		t.Errorf("the picture is %s", svg)
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "http-equiv") {
		t.Error("the page has a script, or looks up the order again by itself")
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self'") {
		t.Errorf("the policy is %s", csp)
	}
}

func TestHostileNamesOfAnOrderAreText(t *testing.T) {
	const evil = `"><script>alert(1)</script><b>`
	places := []signal.Place{{
		Store: evil, Name: evil, Holds: evil, Searched: evil, Events: []signal.Event{{Kind: signal.EventKind(evil), What: evil, Detail: evil, Key: evil, TraceID: evil}},
		Expected: []signal.Expectation{{What: evil}}, Err: errors.New(evil),
	}}
	h := handler(calm(), explaining(places))
	_, page := do(t, h, http.MethodGet, "/orders/"+url.PathEscape(evil))
	if strings.Contains(page, "<script") || strings.Contains(page, "<b>") {
		t.Errorf("a name is taken for markup: %s", page)
	}
	picture(t, page)
	if res, _ := post(t, h, evil); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "orders/"+url.PathEscape(evil) {
		t.Errorf("answers %s to %q", res.Status, res.Header.Get("Location"))
	}
}

func TestSearchOfAnOrder(t *testing.T) {
	h := handler(calm(), explaining(paid()))
	if _, page := do(t, h, http.MethodGet, "/"); !strings.Contains(page, `action="./orders"`) {
		t.Error("the status page has no search")
	}
	if _, page := do(t, handler(calm()), http.MethodGet, "/"); strings.Contains(page, "<form") {
		t.Error("there is a search with nothing to search")
	}
	if res, _ := post(t, h, "acme/17"); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "orders/acme%2F17" {
		t.Errorf("answers %s to %q", res.Status, res.Header.Get("Location"))
	}
	if res, page := post(t, h, ""); res.StatusCode != http.StatusBadRequest || !strings.Contains(page, "not an order id") {
		t.Errorf("without an id: %s", res.Status)
	}
	if res, _ := post(t, h, "1", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
		t.Errorf("another site may search: %s", res.Status)
	}
}

// TestHashedOrderIsInNoAddress, and nowhere on its page.
func TestHashedOrderIsInNoAddress(t *testing.T) {
	f, err := config.Parse("test.yml", []byte("privacy: {order_ids: hash, salt: 0123456789abcdef}"), "", []config.Section{privacy.Section()})
	if err != nil {
		t.Fatal(err)
	}
	veil := privacy.FromFile(f)
	s := troubled()
	s.Open[0].OrderIDs = []string{veil.ID("A-1017")}
	h := handler(s, explaining(paid(), func(o *explain.Options) { o.Veil = veil }))
	res, page := post(t, h, "A-1017")
	if res.StatusCode != http.StatusOK || res.Header.Get("Location") != "" || strings.Contains(page, "A-1017") {
		t.Errorf("answers %s, and the page is %s", res.Status, page)
	}
	if !strings.Contains(page, "<h1>"+veil.ID("A-1017")+"</h1>") || !strings.Contains(page, `<a href="./findings/a1b2c3">`) {
		t.Errorf("the page is %s", page)
	}
	if res, page := do(t, h, http.MethodGet, "/orders/A-1017"); res.StatusCode != http.StatusBadRequest || strings.Contains(page, "A-1017") || !strings.Contains(page, "<form") {
		t.Errorf("by its address: %s", res.Status)
	}
}

func TestLongTrailIsDrawnInPart(t *testing.T) {
	place := signal.Place{Store: "shop", Name: "moves"}
	for i := range 60 {
		place.Events = append(place.Events, signal.Event{Kind: signal.EventTransition, At: signal.InstantOf(before(time.Duration(i) * time.Minute)), What: fmt.Sprint("step ", i)})
	}
	_, page := do(t, handler(calm(), explaining([]signal.Place{place})), http.MethodGet, "/orders/1")
	if n := strings.Count(picture(t, page), "<circle"); n != 40 || !strings.Contains(page, "The first 20 events are in the table only.") || strings.Count(page, "step ") != 60+40 {
		t.Errorf("%d events are drawn", n)
	}
}

func TestOrdersOfAFindingAsCSV(t *testing.T) {
	s := troubled()
	s.Open[0].OrderIDs[1] = `=HYPERLINK("http://evil.example","x")`
	res, body := do(t, handler(s), http.MethodGet, "/api/v1/findings/a1b2c3/orders.csv")
	const want = "order_id,finding,mode,severity,subject,since\n100417,a1b2c3,outbox_stalled,critical,outbox orders (database shop),2026-03-14T02:41:00Z\n" +
		`"'=HYPERLINK(""http://evil.example"",""x"")",a1b2c3,`
	if !strings.HasPrefix(body, want) || res.Header.Get("Lostorder-Orders-Named") != "5" || res.Header.Get("Lostorder-Orders-Affected") != "218" {
		t.Errorf("answers %v %s", res.Header, body)
	}
	if res, _ := do(t, handler(s), http.MethodGet, "/api/v1/findings/123456/orders.csv"); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown finding: %s", res.Status)
	}
}
