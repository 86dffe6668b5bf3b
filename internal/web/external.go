package web

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
)

// External is the address of lostorder for browsers, if it differs from the one that
// Prometheus scrapes: a proxy, another name, a path. Its zero value is the root of any
// address.
type External struct {
	URL    string // in front of every path; without a slash at its end, "" when it is not known
	Prefix string // of every path that is served; "" or /like/this
}

// ParseExternal parses the two flags. Without a route prefix, lostorder serves the path
// of the address.
func ParseExternal(address, prefix string) (e External, err error) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		u = &url.URL{}
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return e, errors.New("--web.external-url: not a plain http or https address; write for example https://example.com/lostorder")
	default:
		e.URL = strings.TrimRight(u.String(), "/")
	}
	if prefix == "" {
		prefix = u.Path
	}
	// Braces are wildcards in Go's router, and the others are not allowed in a path.
	if strings.ContainsFunc(prefix, func(r rune) bool {
		return strings.ContainsRune("{}?#%\\\"<>", r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) {
		return e, errors.New("--web.route-prefix, or the path of --web.external-url: holds a character that a path cannot have; write for example /lostorder")
	}
	if prefix = path.Clean("/" + prefix); prefix != "/" {
		e.Prefix = prefix
	}
	return e, nil
}

// Finding is the address of the page of a finding, "" if unknown.
func (e External) Finding(id string) string {
	if e.URL == "" {
		return ""
	}
	return e.URL + "/findings/" + url.PathEscape(id)
}

// below serves everything below the prefix, and redirects the root to it.
func (e External) below(next http.Handler) http.Handler {
	if e.Prefix == "" {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle(e.Prefix+"/", http.StripPrefix(e.Prefix, next)) // redirects what lacks the slash
	mux.Handle("GET /{$}", http.RedirectHandler(e.Prefix+"/", http.StatusFound))
	return mux
}
