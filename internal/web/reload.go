package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// reloading serves POST /-/reload. Another site's page must not make a browser reload:
// neither by a cross-site request nor by a host name of its own that resolves to this
// address.
func (s *server) reloading() http.Handler {
	if !s.Lifecycle {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			plainText(w, http.StatusForbidden, "reloading over HTTP is off; start lostorder with --web.enable-lifecycle, or send it SIGHUP.\n")
		})
	}
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.External.knows(r.Host) {
			plainText(w, http.StatusForbidden, "the request names an unknown host; use an IP address or localhost, or set --web.external-url.\n")
			return
		}
		if err := s.Reload(r.Context()); err != nil {
			plainText(w, http.StatusInternalServerError, "reload failed; the previous configuration stays in effect:\n"+err.Error()+"\n")
			return
		}
		plainText(w, http.StatusOK, "configuration reloaded.\n")
	}))
}

// knows reports whether a Host header can belong to this process: an IP address, the host
// of the external URL, or a name that no public name server resolves.
func (e External) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if net.ParseIP(host) != nil || !strings.Contains(host, ".") {
		return true
	}
	for _, private := range []string{".localhost", ".local", ".internal", ".svc"} {
		if strings.HasSuffix(host, private) {
			return true
		}
	}
	external, err := url.Parse(e.URL)
	return err == nil && e.URL != "" && strings.EqualFold(external.Hostname(), host)
}
