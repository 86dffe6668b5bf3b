//go:build integration

package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// attacked are places in which every text from outside is an attack.
func attacked() []signal.Place {
	evil := hostile().Open[0].Summary
	return []signal.Place{
		{
			Store: evil, Name: evil, Events: []signal.Event{{Kind: signal.EventState, At: signal.InstantOf(before(38 * time.Minute)), What: evil, Key: evil, TraceID: evil}},
			Expected: []signal.Expectation{{What: evil, By: signal.InstantOf(before(time.Minute))}},
		},
		{Store: evil + "2", Name: evil, Err: errors.New(evil)},
		{Store: evil + "3", Name: evil, Holds: evil, Searched: evil},
	}
}

// everyPage serves each kind of page, with its address.
func everyPage(t *testing.T) map[string]string {
	t.Helper()
	closed := calm()
	done := troubled().Open[0]
	done.ClosedAt = before(time.Minute)
	closed.Closed = []signal.Finding{done}
	f, err := config.Parse("test.yml", []byte("privacy: {order_ids: hash, salt: 0123456789abcdef}"), "", []config.Section{privacy.Section()})
	if err != nil {
		t.Fatal(err)
	}
	hashed := explaining(paid(), func(o *explain.Options) { o.Veil = privacy.FromFile(f) })
	evil := hostile().Open[0].OrderIDs[0]
	pages := map[string]string{}
	for name, p := range map[string]struct {
		handler http.Handler
		path    string
	}{
		"healthy":                   {handler(calm(), explaining(paid())), "/?refresh=off"},
		"faults":                    {handler(troubled(), explaining(paid())), "/?refresh=off"},
		"blind":                     {handler(&watch.Snapshot{Ready: true, Targets: red().Targets[3:4]}, explaining(paid())), "/?refresh=off"},
		"starting":                  {handler(&watch.Snapshot{Targets: []watch.Target{{ID: signal.TargetID{Collector: "kafka", Target: "main"}}}}), "/?refresh=off"},
		"empty":                     {handler(&watch.Snapshot{Ready: true}), "/?refresh=off"},
		"hostile":                   {handler(hostile(), explaining(paid())), "/?refresh=off"},
		"a selection":               {handler(troubled(), explaining(paid())), "/?severity=critical&refresh=off"},
		"a finding":                 {handler(troubled(), explaining(paid())), "/findings/a1b2c3?refresh=off"},
		"a closed finding":          {handler(closed, explaining(paid())), "/findings/a1b2c3?refresh=off"},
		"an unknown finding":        {handler(calm(), explaining(paid())), "/findings/ffffff?refresh=off"},
		"an order":                  {handler(troubled(), explaining(paid())), "/orders/100417"},
		"an order that is nowhere":  {handler(calm(), explaining(paid())), "/orders/nowhere"},
		"an order of hostile names": {handler(hostile(), explaining(attacked())), "/orders/" + url.PathEscape(evil[:200])},
		"hashed ids":                {handler(troubled(), hashed), "/?refresh=off"},
	} {
		server := httptest.NewServer(p.handler)
		t.Cleanup(server.Close)
		pages[name] = server.URL + p.path
	}
	return pages
}

func TestRealBrowserShowsEveryPage(t *testing.T) {
	ctx := browser(t)
	for name, address := range everyPage(t) {
		if slices.Contains([]string{"healthy", "faults", "blind", "starting", "empty", "hostile"}, name) {
			continue // TestRealBrowserShowsThePage shows these
		}
		for how, v := range map[string]view{"desktop": desktop, "phone": phone, "dark": night} {
			t.Run(name+" on "+how, func(t *testing.T) {
				tab := shows(ctx, t, v, address)
				var scripts int
				evaluate(tab, t, "document.scripts.length + document.images.length + document.querySelectorAll('iframe, object, embed, link[rel=stylesheet]').length", &scripts)
				if scripts != 0 {
					t.Errorf("%d scripts, images, frames or style sheets are in the page", scripts)
				}
				fits(tab, t)
				isAccessible(tab, t)
			})
		}
	}
}

func TestRealBrowserNeedsNoScript(t *testing.T) {
	ctx := browser(t)
	for name, address := range everyPage(t) {
		t.Run(name, func(t *testing.T) {
			var with, without string
			if err := chromedp.Run(shows(ctx, t, desktop, address), chromedp.Text("body", &with)); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Run(shows(ctx, t, plain, address), chromedp.Text("body", &without)); err != nil {
				t.Fatal(err)
			}
			if len(without) < 100 || with != without {
				t.Errorf("without scripts the page shows\n%s\nand with them\n%s", without, with)
			}
		})
	}
	t.Run("searching for an order", func(t *testing.T) {
		tab := shows(ctx, t, plain, served(t, troubled()))
		var headline string
		if err := chromedp.Run(tab, chromedp.SendKeys("#id", "100417"), chromedp.Click("form.search button"), chromedp.WaitReady(".lanes"), chromedp.Text("h1", &headline)); err != nil || headline != "100417" {
			t.Errorf("the button leads to %q (%v)", headline, err)
		}
	})
	t.Run("refreshing itself", func(t *testing.T) {
		s := troubled()
		asked := make(chan struct{}, 100)
		h := handler(s, explaining(paid()))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				asked <- struct{}{}
			}
			h.ServeHTTP(w, r)
		}))
		defer server.Close()
		shows(ctx, t, plain, server.URL+"/")
		for range 2 {
			select {
			case <-asked:
			case <-time.After(time.Minute):
				t.Fatal("the page is not asked for again within a minute")
			}
		}
	})
}

// TestRealBrowserReportsWhatThePolicyBlocks proves that the tests would see a script or a style
// that the content security policy blocks.
func TestRealBrowserReportsWhatThePolicyBlocks(t *testing.T) {
	ctx := browser(t)
	var policy string
	for sentence, element := range map[string]string{
		"a script":             "<script>document.title = 'changed'</script>",
		"an attribute":         `<p style="color: red">x</p>`,
		"a picture from there": `<img src="http://127.0.0.1:1/x.png" alt="x">`,
	} {
		t.Run(sentence, func(t *testing.T) {
			res, text := do(t, handler(calm()), http.MethodGet, "/?refresh=off")
			policy = res.Header.Get("Content-Security-Policy")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Security-Policy", policy)
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte(strings.Replace(text, "<footer", element+"<footer", 1)))
			}))
			defer server.Close()
			tab, cancel := chromedp.NewContext(ctx)
			defer cancel()
			errs := problemsOf(tab, server.URL)
			if err := chromedp.Run(tab, chromedp.Navigate(server.URL), chromedp.WaitReady("footer")); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(*errs, "; "); !strings.Contains(all, "Content Security Policy") {
				t.Errorf("with policy %q, the browser reports %q", policy, all)
			}
		})
	}
}
