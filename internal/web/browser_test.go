//go:build integration

package web_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// screenshots is where the picture of the README is. It is written if PICTURES is set.
const screenshots = "../../docs/pictures"

// browser starts a real Chromium, without a network of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	if program == "" {
		t.Fatal("CHROMIUM names no program; run the test with test/parts/run --parts=chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// profile is a folder for a browser. Its processes may write there for a moment after the
// browser has ended.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lostorder-browser") //nolint:usetesting // the folder of the test must be empty at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if err := os.RemoveAll(dir); err == nil || time.Now().After(deadline) {
				return
			}
		}
	})
	return dir
}

// view is how a page is shown.
type view struct {
	width, height int64
	dark          bool
	scriptless    bool // the browser runs no script at all
}

var (
	desktop = view{width: 1280, height: 900}
	phone   = view{width: 360, height: 740}
	night   = view{width: 1280, height: 900, dark: true}
	plain   = view{width: 1280, height: 900, scriptless: true}
)

// shows opens the page of a snapshot in a tab of its own.
func shows(ctx context.Context, t *testing.T, v view, url string) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	errs := problemsOf(ctx, url)
	err := chromedp.Run(ctx, page.SetBypassCSP(false), emulation.SetScriptExecutionDisabled(v.scriptless), chromedp.EmulateViewport(v.width, v.height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(url), chromedp.WaitReady("footer"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, text := range *errs {
			t.Errorf("the browser reports: %s", text)
		}
	})
	return ctx
}

// problemsOf collects what the browser's console reports, such as what the page's content
// security policy blocks. That the page itself answers 404 is no problem.
func problemsOf(ctx context.Context, url string) *[]string {
	var all []string
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Level == log.LevelError && (e.Entry.Source != log.SourceNetwork || e.Entry.URL != url) {
			all = append(all, e.Entry.Text)
		}
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			all = append(all, e.ExceptionDetails.Error())
		}
		if e, ok := event.(*page.EventJavascriptDialogOpening); ok {
			all = append(all, "a dialog: "+e.Message)
		}
	})
	return &all
}

// evaluate runs a script in the page, which the test may and the page may not.
func evaluate(ctx context.Context, t *testing.T, script string, result any) {
	t.Helper()
	if err := chromedp.Run(ctx, chromedp.Evaluate(script, result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	})); err != nil {
		t.Fatal(err)
	}
}

// isAccessible checks the page with the rules of axe-core.
func isAccessible(ctx context.Context, t *testing.T) {
	t.Helper()
	axe, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil {
		t.Fatalf("AXE names no file; run the test with test/parts/run --parts=chromium: %v", err)
	}
	evaluate(ctx, t, string(axe)+";0", nil)
	var found []struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	var text string
	evaluate(ctx, t, `axe.run().then(r => JSON.stringify(r.violations))`, &text)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
			t.Errorf("%s: %s: %s\n%s", v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// fits checks that the page itself does not scroll sideways.
func fits(ctx context.Context, t *testing.T) {
	t.Helper()
	var wide []string
	evaluate(ctx, t, `(() => {
		const w = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= w) return [];
		return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1 && !e.closest('.scroll')).slice(0, 5).map(e => e.outerHTML.slice(0, 200));
	})()`, &wide)
	if len(wide) > 0 {
		t.Errorf("the page is wider than the screen: %q", wide)
	}
}

// screenshot writes a screenshot for the README.
func screenshot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	var png []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	if len(png) < 10_000 {
		t.Errorf("the screenshot has %d bytes", len(png))
	}
	if os.Getenv("PICTURES") == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(screenshots, name), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func served(t *testing.T, s *watch.Snapshot) string {
	server := httptest.NewServer(handler(s, explaining(paid())))
	t.Cleanup(server.Close)
	return server.URL + "/?refresh=off" // it must not change while it is checked
}

// hostile is a snapshot in which every text from outside is an attack.
func hostile() *watch.Snapshot {
	evil := `"><script>alert(1)</script><img src=x onerror=alert(2)>` + strings.Repeat("W", 300) + "\u202e"
	s := troubled()
	for i := range s.Open {
		f := &s.Open[i]
		f.Count++
		f.Summary, f.OrderIDs, f.TraceID = evil, []string{evil}, evil
		f.Subject = signal.Subject{System: signal.Kafka, Cluster: evil, Destination: evil, Group: evil}
		f.Evidence = signal.Evidence{signal.TextFact(evil, evil)}
		f.Labels = signal.Labels{"team": evil}
	}
	s.Targets[0].ID.Target, s.Targets[0].Reading.Warnings = evil, []string{evil}
	return s
}

func TestRealBrowserShowsThePage(t *testing.T) {
	ctx := browser(t)
	waiting := &watch.Snapshot{Targets: []watch.Target{{ID: signal.TargetID{Collector: "kafka", Target: "main"}}}}
	blind := &watch.Snapshot{Ready: true, Targets: red().Targets[3:4]}
	headlines := map[string]string{}
	for _, c := range []struct {
		name     string
		snapshot *watch.Snapshot
		label    string
		picture  string
	}{
		{"healthy", calm(), "All well", ""},
		{"faults", troubled(), "Orders are being lost", "status-page.png"},
		{"partly blind", red(), "Partly blind", ""},
		{"blind", blind, "Blind", ""},
		{"starting", waiting, "Starting", ""},
		{"empty", &watch.Snapshot{Ready: true}, "Blind", ""},
		{"ten thousand findings", many(10_000), "Orders are being lost", ""},
		{"hostile names", hostile(), "Orders are being lost", ""},
	} {
		url := served(t, c.snapshot)
		for name, v := range map[string]view{"desktop": desktop, "phone": phone, "dark": night} {
			t.Run(c.name+" on "+name, func(t *testing.T) {
				tab := shows(ctx, t, v, url)
				var label, headline string
				if err := chromedp.Run(tab, chromedp.Text(".label span", &label), chromedp.Text("h1", &headline)); err != nil {
					t.Fatal(err)
				}
				if !strings.EqualFold(label, c.label) {
					t.Errorf("the page is labelled %q", label)
				}
				if other, taken := headlines[headline]; taken && other != c.name {
					t.Errorf("the pages %s and %s have the same headline: %s", c.name, other, headline)
				}
				headlines[headline] = c.name
				var scripts int
				evaluate(tab, t, "document.scripts.length + document.images.length", &scripts)
				if scripts != 0 {
					t.Errorf("%d scripts or images are in the page", scripts)
				}
				var background string
				evaluate(tab, t, "getComputedStyle(document.body).backgroundColor", &background)
				if want := map[bool]string{false: "rgb(246, 247, 249)", true: "rgb(18, 22, 27)"}[v.dark]; background != want {
					t.Errorf("the background is %s: the style is missing, or of the other scheme", background)
				}
				fits(tab, t)
				if v == desktop && c.picture != "" {
					screenshot(tab, t, c.picture)
				}
				isAccessible(tab, t)
			})
		}
	}
}

func TestRealBrowserIsUsedWithTheKeyboardAlone(t *testing.T) {
	tab := shows(browser(t), t, desktop, served(t, troubled()))
	focused := func() string {
		var what string
		evaluate(tab, t, `(() => { const e = document.activeElement; return e.tagName + " " + (e.getAttribute("href") || e.id || "") })()`, &what)
		return what
	}
	press := func(keys string) {
		if err := chromedp.Run(tab, chromedp.KeyEvent(keys)); err != nil {
			t.Fatal(err)
		}
	}
	reached := map[string]bool{}
	for range 40 {
		press(kb.Tab)
		what := focused()
		var visible bool
		evaluate(tab, t, `getComputedStyle(document.activeElement).outlineStyle !== "none" || document.activeElement === document.body`, &visible)
		if !visible {
			t.Errorf("the focus on %s cannot be seen", what)
		}
		reached[what] = true
	}
	for _, want := range []string{"INPUT id", "A ./findings/a1b2c3", "A ./api/v1/targets"} {
		if !reached[want] {
			t.Errorf("Tab does not reach %s: %v", want, reached)
		}
	}
	if err := chromedp.Run(tab, chromedp.Focus("#id"), chromedp.KeyEvent("100417"+kb.Enter), chromedp.WaitReady(".lanes"), chromedp.WaitReady("footer")); err != nil {
		t.Fatal(err)
	}
	var headline string
	if err := chromedp.Run(tab, chromedp.Text("h1", &headline)); err != nil || headline != "100417" {
		t.Errorf("Enter leads to %q (%v)", headline, err)
	}
	isAccessible(tab, t)
}
