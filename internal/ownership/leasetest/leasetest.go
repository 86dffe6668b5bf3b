// Package leasetest is an API server of Kubernetes that knows nothing but Leases, for tests.
package leasetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// prefix is before the name of a namespace.
const prefix = "/apis/coordination.k8s.io/v1/namespaces/"

// Server keeps Leases in memory. It is an [http.Handler].
type Server struct {
	mu       sync.Mutex
	leases   map[string]map[string]any // by namespace/name
	version  int
	refused  bool
	requests []string // method and path, without the query
}

// New returns a server without leases.
func New() *Server { return &Server{leases: map[string]map[string]any{}} }

// Refuse has the server answer 403 to everything, or no longer.
func (s *Server) Refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refuse
}

// Names are those of all leases, in order.
func (s *Server) Names() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.leases {
		names = append(names, of(l)["name"].(string))
	}
	slices.Sort(names)
	return names
}

// Lease returns one lease of a namespace, nil if there is none.
func (s *Server) Lease(namespace, name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leases[namespace+"/"+name]
}

// Methods are the methods that were used, each once, in order.
func (s *Server) Methods() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var methods []string
	for _, r := range s.requests {
		methods = append(methods, strings.Fields(r)[0])
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

func of(l map[string]any) map[string]any { return l["metadata"].(map[string]any) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	namespace, rest, found := strings.Cut(strings.TrimPrefix(r.URL.Path, prefix), "/leases")
	name := strings.TrimPrefix(rest, "/")
	key := namespace + "/" + name
	switch {
	case !found || !strings.HasPrefix(r.URL.Path, prefix):
		answer(w, http.StatusNotFound, problem("no such path"))
	case s.refused:
		answer(w, http.StatusForbidden, problem(`leases.coordination.k8s.io is forbidden: User "system:serviceaccount:shop:lostorder" cannot list resource "leases"`))
	case r.Method == http.MethodGet && name == "":
		items := []any{}
		label, value, _ := strings.Cut(r.URL.Query().Get("labelSelector"), "=")
		for k, l := range s.leases {
			if labels, _ := of(l)["labels"].(map[string]any); strings.HasPrefix(k, namespace+"/") && labels[label] == value {
				items = append(items, l)
			}
		}
		answer(w, http.StatusOK, map[string]any{"kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1", "items": items})
	case r.Method == http.MethodPost:
		l := read(r)
		key += of(l)["name"].(string)
		if s.leases[key] != nil {
			answer(w, http.StatusConflict, problem("already exists"))
			return
		}
		answer(w, http.StatusCreated, s.put(key, l))
	case s.leases[key] == nil:
		answer(w, http.StatusNotFound, problem("not found"))
	case r.Method == http.MethodPut:
		l := read(r)
		if of(l)["resourceVersion"] != of(s.leases[key])["resourceVersion"] {
			answer(w, http.StatusConflict, problem("the object has been modified"))
			return
		}
		answer(w, http.StatusOK, s.put(key, l))
	case r.Method == http.MethodDelete:
		conditions, _ := read(r)["preconditions"].(map[string]any)
		if version := conditions["resourceVersion"]; version != nil && version != of(s.leases[key])["resourceVersion"] {
			answer(w, http.StatusConflict, problem("the object has been modified"))
			return
		}
		delete(s.leases, key)
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "status": "Success"})
	default:
		answer(w, http.StatusMethodNotAllowed, problem("method not allowed"))
	}
}

func (s *Server) put(key string, l map[string]any) map[string]any {
	s.version++
	of(l)["resourceVersion"] = strconv.Itoa(s.version)
	s.leases[key] = l
	return l
}

func read(r *http.Request) map[string]any {
	body := map[string]any{}
	_ = json.NewDecoder(r.Body).Decode(&body) // of a DELETE it may be empty
	return body
}

func problem(message string) map[string]any {
	return map[string]any{"kind": "Status", "status": "Failure", "message": message}
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
