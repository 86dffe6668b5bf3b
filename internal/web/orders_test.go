package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// explaining has the handler look up orders in these places; change may set more options.
func explaining(places []signal.Place, change ...func(*explain.Options)) func(*web.Options) {
	o := explain.Options{
		Now: func() time.Time { return now },
		Targets: []explain.Target{{ID: signal.TargetID{Collector: "orders", Target: "order"}, Trail: func(_ context.Context, id string) ([]signal.Place, error) {
			if id == "nowhere" {
				return []signal.Place{{Store: "shop", Name: "orders"}}, nil
			}
			return places, nil
		}}},
	}
	for _, c := range change {
		c(&o)
	}
	e := explain.New(o)
	return func(o *web.Options) { o.Explainer = func() *explain.Explainer { return e } }
}

func paid() []signal.Place {
	return []signal.Place{
		{Store: "shop", Name: "orders", Events: []signal.Event{{Kind: signal.EventState, At: signal.InstantOf(before(38 * time.Minute)), What: "is in state paid"}}},
		{Store: "billing", Name: "payments", Err: errors.New("connection refused")},
	}
}

func TestOrderInJSON(t *testing.T) {
	h := handler(troubled(), explaining(paid()))
	for path, want := range map[string]struct {
		code     int
		id       string
		findings int
	}{
		"/api/v1/orders/100417":    {http.StatusOK, "100417", 1},
		"/api/v1/orders/acme%2F17": {http.StatusOK, "acme/17", 0},
		"/api/v1/orders/acme/17":   {http.StatusOK, "acme/17", 0},
		"/api/v1/orders/%3Cb%3E":   {http.StatusOK, "<b>", 0},
		"/api/v1/orders/":          {http.StatusBadRequest, "", 0},
		"/api/v1/orders/a%00b":     {http.StatusBadRequest, "", 0},
	} {
		res, body := do(t, h, http.MethodGet, path)
		var got api.Order
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want.code || got.ID != want.id || len(got.Findings) != want.findings {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
		if want.code == http.StatusOK && (len(got.Events) != 1 || len(got.Places) != 2 || got.Places[1].Gaps[0].Reason != "connection refused") {
			t.Errorf("%s: %s", path, body)
		}
	}
	if res, _ := do(t, h, http.MethodDelete, "/api/v1/orders/100417"); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("an order can be deleted: %s", res.Status)
	}
	if res, _ := do(t, handler(troubled()), http.MethodGet, "/api/v1/orders/100417"); res.StatusCode != http.StatusNotFound {
		t.Errorf("without a way to look up: %s", res.Status)
	}
}

func TestTooManyLookUpsAreRefused(t *testing.T) {
	h := handler(calm(), explaining(paid(), func(o *explain.Options) { o.Limit = rate.NewLimiter(0, 1) }))
	if res, _ := do(t, h, http.MethodGet, "/api/v1/orders/1"); res.StatusCode != http.StatusOK {
		t.Errorf("the first: %s", res.Status)
	}
	if res, _ := do(t, h, http.MethodGet, "/api/v1/orders/1"); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" {
		t.Errorf("the second: %s, Retry-After %q", res.Status, res.Header.Get("Retry-After"))
	}
}
