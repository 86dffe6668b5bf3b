package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

func TestParseExternal(t *testing.T) {
	for sentence, c := range map[string]struct {
		address, prefix string
		want            web.External
		refused         bool
	}{
		"nothing is said":                    {"", "", web.External{}, false},
		"another name":                       {"https://lostorder.example", "", web.External{URL: "https://lostorder.example"}, false},
		"a slash at the end is no path":      {"https://lostorder.example/", "", web.External{URL: "https://lostorder.example"}, false},
		"a path is served":                   {"http://ops.example:8080/shop/lostorder/", "", web.External{URL: "http://ops.example:8080/shop/lostorder", Prefix: "/shop/lostorder"}, false},
		"a path that the proxy takes away":   {"https://ops.example/lostorder", "/", web.External{URL: "https://ops.example/lostorder"}, false},
		"a path that the proxy makes longer": {"https://ops.example/", "lostorder/", web.External{URL: "https://ops.example", Prefix: "/lostorder"}, false},
		"a path alone":                       {"", "/lostorder", web.External{Prefix: "/lostorder"}, false},
		"no scheme":                          {"ops.example/lostorder", "", web.External{}, true},
		"another scheme":                     {"ftp://ops.example", "", web.External{}, true},
		"a password":                         {"https://me:hush@ops.example", "", web.External{}, true},
		"a query":                            {"https://ops.example/?a=b", "", web.External{}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := web.ParseExternal(c.address, c.prefix)
			if got != c.want || (err != nil) != c.refused {
				t.Errorf("%+v, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("tells the password: %v", err)
			}
		})
	}
}

// TestLinksOfThePageLeadSomewhere follows each link of both pages as a browser does,
// behind a proxy or not.
func TestLinksOfThePageLeadSomewhere(t *testing.T) {
	for sentence, c := range map[string]struct {
		prefix  string // of lostorder
		through string // of the browser, where a proxy takes it away
	}{
		"at the root":                        {"", ""},
		"below a path":                       {"/shop/lostorder", ""},
		"behind a proxy that takes the path": {"", "/lostorder"},
	} {
		t.Run(sentence, func(t *testing.T) {
			h := handler(troubled(), func(o *web.Options) { o.External.Prefix = c.prefix })
			seen := map[string]bool{}
			var visit func(at *url.URL)
			visit = func(at *url.URL) {
				path, below := strings.CutPrefix(at.Path, c.through)
				if seen[at.Path] || !below {
					if !below {
						t.Errorf("%s is beside the proxy's path", at.Path)
					}
					return
				}
				seen[at.Path] = true
				res, page := do(t, h, http.MethodGet, path)
				if res.StatusCode != http.StatusOK {
					t.Errorf("%s answers %s", at.Path, res.Status)
				}
				for _, rest := range strings.Split(page, `<a href="`)[1:] {
					link, _, _ := strings.Cut(rest, `"`)
					next, err := at.Parse(link)
					if err != nil {
						t.Fatal(err)
					}
					if next.Host == at.Host {
						visit(next)
					}
				}
			}
			visit(&url.URL{Scheme: "https", Host: "ops.example", Path: c.through + c.prefix + "/"})
			for _, want := range []string{"/findings/a1b2c3", "/findings/000001", "/api/v1/findings", "/metrics", "/"} {
				if !seen[c.through+c.prefix+want] {
					t.Errorf("no link leads to %s: %v", want, seen)
				}
			}
		})
	}
}

func TestEverythingIsBelowThePrefix(t *testing.T) {
	h := handler(troubled(), func(o *web.Options) {
		o.External = web.External{URL: "https://ops.example/lostorder", Prefix: "/lostorder"}
	})
	for path, want := range map[string]struct {
		code     int
		location string
	}{
		"/":                     {http.StatusFound, "/lostorder/"},
		"/lostorder":            {http.StatusTemporaryRedirect, "/lostorder/"},
		"/lostorder/-/healthy":  {http.StatusOK, ""},
		"/lostorder/metrics":    {http.StatusOK, ""},
		"/metrics":              {http.StatusNotFound, ""},
		"/lostorderx/-/healthy": {http.StatusNotFound, ""},
	} {
		res, _ := do(t, h, http.MethodGet, path)
		if res.StatusCode != want.code || res.Header.Get("Location") != want.location {
			t.Errorf("%s: %s, to %q", path, res.Status, res.Header.Get("Location"))
		}
	}
	_, answer := do(t, h, http.MethodGet, "/lostorder/api/v1/findings/a1b2c3")
	if want := `"url": "https://ops.example/lostorder/findings/a1b2c3"`; !strings.Contains(answer, want) {
		t.Errorf("no %s in %s", want, answer)
	}
	if _, answer = do(t, handler(troubled()), http.MethodGet, "/api/v1/findings/a1b2c3"); strings.Contains(answer, `"url"`) {
		t.Errorf("an address that nobody gave: %s", answer)
	}
}

func TestAPrefixThatTheRouterCannotServeIsRefused(t *testing.T) {
	for _, prefix := range []string{"/{a", "/{a}", "/a b", "/a\x00", "/a?b", "/%2f", "/a\nb"} {
		e, err := web.ParseExternal("", prefix)
		if err == nil {
			t.Errorf("%q is accepted", prefix)
			continue
		}
		web.New(web.Options{Snapshot: func() *watch.Snapshot { return nil }, External: e}) // panics on a bad prefix
	}
	if _, err := web.ParseExternal("https://example.com/%7Ba", ""); err == nil {
		t.Error("an external URL with a brace in its path is accepted")
	}
	if e, err := web.ParseExternal("", "/über/lost-order_1"); err != nil || e.Prefix != "/über/lost-order_1" {
		t.Errorf("a plain prefix: %v %v", e, err)
	}
}
