package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

func do(t *testing.T, h http.Handler, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Host = "localhost:10404"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func TestEndpoints(t *testing.T) {
	reload := func(err error) func(*web.Options) {
		return func(o *web.Options) {
			o.Lifecycle, o.Reload = true, func(context.Context) error { return err }
		}
	}
	waiting := &watch.Snapshot{Targets: []watch.Target{
		target("kafka", "main"),
		{ID: signal.TargetID{Collector: "orders", Target: "shop"}},
		{ID: signal.TargetID{Collector: "outbox", Target: "orders"}},
	}}
	for sentence, c := range map[string]struct {
		handler      http.Handler
		method, path string
		code         int
		body         string // all of it, or its beginning before a …
		allow        string
	}{
		"metrics are served":             {handler(calm()), "GET", "/metrics", 200, "metrics\n", ""},
		"metrics cannot be posted":       {handler(calm()), "POST", "/metrics", 405, "Method Not Allowed\n", "GET, HEAD"},
		"healthy is always yes":          {handler(nil), "GET", "/-/healthy", 200, "lostorder is healthy.\n", ""},
		"ready once all were tried":      {handler(red()), "GET", "/-/ready", 200, "lostorder is ready.\n", ""},
		"not ready names who is missing": {handler(waiting), "GET", "/-/ready", 503, "lostorder is not ready. Not yet read:\norders/shop\noutbox/orders\n", ""},
		"not ready before anything":      {handler(nil), "GET", "/-/ready", 503, "lostorder is not ready. Not yet read:\n", ""},
		"reload":                         {handler(nil, reload(nil)), "POST", "/-/reload", 200, "configuration reloaded.\n", ""},
		"reload is not for looking":      {handler(nil, reload(nil)), "GET", "/-/reload", 405, "Method Not Allowed\n", "POST"},
		"reload says every mistake":      {handler(nil, reload(errors.Join(errors.New("c.yml:3:1: unknown key"), errors.New("c.yml:9:5: not a duration")))), "POST", "/-/reload", 500, "reload failed; the previous configuration stays in effect:\nc.yml:3:1: unknown key\nc.yml:9:5: not a duration\n", ""},
		"reload where there is none":     {handler(nil), "POST", "/-/reload", 404, "404 page not found\n", ""},
		"a page that is not there":       {handler(calm()), "GET", "/nothing", 404, "404 page not found\n", ""},
		"an endpoint that is not there":  {handler(calm()), "GET", "/api/v2/findings", 404, "{\n  \"type\": \"about:blank\",\n  \"title\": \"Not Found\",\n  \"status\": 404,\n  \"detail\": \"no such endpoint: /api/v2/findings\"\n}\n", ""},
		"the API itself":                 {handler(calm()), "GET", "/api/", 404, "{\n  \"type\": …", ""},
		"the API is read only":           {handler(calm()), "DELETE", "/api/v1/findings", 405, "{\n  \"type\": \"about:blank\",\n  \"title\": \"Method Not Allowed\",\n  \"status\": 405,\n  \"detail\": \"method not allowed: DELETE\"\n}\n", "GET, HEAD"},
		"the status page":                {handler(calm()), "GET", "/", 200, "<!doctype html>…", ""},
		"the status page is read only":   {handler(calm()), "POST", "/", 405, "Method Not Allowed\n", "GET, HEAD"},
		"head has no body of its own":    {handler(calm()), "HEAD", "/-/healthy", 200, "…", ""},
		"profiles are not there unasked": {handler(calm()), "GET", "/debug/pprof/", 404, "404 page not found\n", ""},
		"profiles are there when asked":  {handler(calm(), func(o *web.Options) { o.Pprof = true }), "GET", "/debug/pprof/cmdline", 200, "…", ""},
		"one profile by its name":        {handler(calm(), func(o *web.Options) { o.Pprof = true }), "GET", "/debug/pprof/goroutine?debug=1", 200, "goroutine profile: …", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			res, body := do(t, c.handler, c.method, c.path)
			if res.StatusCode != c.code {
				t.Errorf("answers %s", res.Status)
			}
			if begin, ok := strings.CutSuffix(c.body, "…"); body != c.body && (!ok || !strings.HasPrefix(body, begin)) {
				t.Errorf("body is %q", body)
			}
			if got := res.Header.Get("Allow"); got != c.allow {
				t.Errorf("allows %q", got)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			} {
				if res.Header.Get(name) != want {
					t.Errorf("%s is %q", name, res.Header.Get(name))
				}
			}
			if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") {
				t.Errorf("content security policy is %q", csp)
			}
		})
	}
}

func TestPageOfAnotherSiteCannotReload(t *testing.T) {
	called := false
	h := handler(nil, func(o *web.Options) {
		o.Reload = func(context.Context) error { called = true; return nil }
	})
	res, _ := do(t, h, http.MethodPost, "/-/reload", "Sec-Fetch-Site", "cross-site")
	if res.StatusCode != http.StatusForbidden || called {
		t.Errorf("answers %s", res.Status)
	}
}

func TestReloadIsOffUnlessLifecycleIsEnabled(t *testing.T) {
	reloads := 0
	h := handler(nil, func(o *web.Options) { o.Reload = func(context.Context) error { reloads++; return nil } })
	res, body := do(t, h, http.MethodPost, "/-/reload")
	if res.StatusCode != http.StatusForbidden || !strings.Contains(body, "--web.enable-lifecycle") || reloads != 0 {
		t.Errorf("%d %q after %d reloads, want 403 and the flag", res.StatusCode, body, reloads)
	}
}

func TestReloadRefusesAHostThatMayBeAnotherSite(t *testing.T) {
	external, err := web.ParseExternal("https://lostorder.example.com/x", "")
	if err != nil {
		t.Fatal(err)
	}
	external.Prefix = ""
	for host, want := range map[string]int{
		"localhost:10404": 200, "127.0.0.1": 200, "[::1]:10404": 200, "10.1.2.3:80": 200, "lostorder:10404": 200,
		"lostorder.monitoring.svc": 200, "lostorder.monitoring.svc.cluster.local:10404": 200, "LOSTORDER.example.com": 200,
		"rebound.attacker.example:10404": 403, "127.0.0.1.attacker.example": 403, "lostorder.example.com.attacker.example": 403,
	} {
		h := handler(nil, func(o *web.Options) {
			o.Lifecycle, o.External, o.Reload = true, external, func(context.Context) error { return nil }
		})
		r := httptest.NewRequest(http.MethodPost, "/-/reload", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("a reload at %s: %d, want %d", host, w.Code, want)
		}
	}
}
