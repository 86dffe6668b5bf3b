package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"net/url"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Options configure the handler.
type Options struct {
	// Snapshot returns the current snapshot, or nil before the first one. It must not
	// block.
	Snapshot func() *watch.Snapshot
	// Own returns what this replica reads itself, where several share their targets and
	// Snapshot returns what all read. Member is the name of this replica, "" if there are no
	// others.
	Own     func() *watch.Snapshot
	Member  string
	Metrics http.Handler // of /metrics
	// Reload loads the configuration again, nil if it cannot be reloaded. Clients see its
	// error, which must not contain values of the file.
	Reload    func(context.Context) error
	Lifecycle bool             // allow POST /-/reload
	Now       func() time.Time // time.Now when nil; its location is that of the status page
	Log       *slog.Logger     // slog.Default() when nil
	Pprof     bool             // serve /debug/pprof
	// RunbookBase is the folder in which <mode>.md explains a failure mode.
	RunbookBase string
	External    External
	// Explainer looks up one order; nil: there is nothing to look up. What it returns
	// changes with the configuration.
	Explainer func() *explain.Explainer
	Version   string // shown on the status page
}

// DefaultRunbookBase is where the runbooks of this project are.
const DefaultRunbookBase = "https://github.com/lostorder/lostorder/blob/main/alerts/runbooks/"

type server struct{ Options }

// New returns the handler of all endpoints.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.RunbookBase == "" {
		o.RunbookBase = DefaultRunbookBase
	}
	s := &server{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.status)
	mux.HandleFunc("GET /findings/{id}", s.statusOfOne)
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
	}
	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	if o.Reload != nil {
		mux.Handle("POST /-/reload", s.reloading())
	}
	mux.HandleFunc("/api/", notFound)
	for pattern, handler := range s.api() {
		mux.Handle(pattern, readOnly(handler))
	}
	if o.Explainer != nil {
		mux.HandleFunc("GET /orders/{id...}", s.orderByPath)
		mux.Handle("POST /orders", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.searchOrder)))
	}
	if o.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return secured(o.External.below(mux))
}

// api are the endpoints of the API, which openapi.json describes.
func (s *server) api() map[string]http.HandlerFunc {
	endpoints := map[string]http.HandlerFunc{
		"/api/v1/findings":                 s.findings,
		"/api/v1/findings/{id}":            s.one,
		"/api/v1/findings/{id}/orders.csv": s.ordersCSV,
		"/api/v1/targets":                  s.targets,
		"/api/v1/openapi.json":             openapi,
	}
	if s.Explainer != nil {
		endpoints["/api/v1/orders/{id...}"] = s.order
	}
	return endpoints
}

func (s *server) snapshot() *watch.Snapshot {
	if known := s.Snapshot(); known != nil {
		return known
	}
	return &watch.Snapshot{}
}

// asked returns the snapshot that a request is about. wrong says why there is none.
func (s *server) asked(query url.Values) (known *watch.Snapshot, own bool, wrong string) {
	switch replica := query.Get("replica"); {
	case replica == "":
		return s.snapshot(), false, ""
	case replica != "self":
		return nil, false, "unknown replica " + replica + ": use self, or nothing for all"
	case s.Member == "":
		return s.snapshot(), false, "" // there are no others
	}
	if known := s.Own(); known != nil {
		return known, true, ""
	}
	return &watch.Snapshot{}, true, ""
}

func (s *server) runbook(mode signal.Mode) string {
	return strings.TrimSuffix(s.RunbookBase, "/") + "/" + string(mode) + ".md"
}

// secured sets the headers that restrict what a browser does with an answer.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
