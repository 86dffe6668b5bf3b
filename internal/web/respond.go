package web

import (
	"encoding/json"
	"net/http"

	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

// respond answers in JSON, indented for readers of curl's output.
func respond(w http.ResponseWriter, code int, answer any) {
	body, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"error": "encode the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

func fail(w http.ResponseWriter, code int, message string) {
	respond(w, code, api.Error{Error: untrusted.Text(message)})
}

// notFound answers requests for API paths that do not exist.
func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, http.StatusNotFound, "no such endpoint: "+r.URL.Path)
}

// readOnly refuses every method except the reading ones.
func readOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "method not allowed: "+r.Method)
			return
		}
		next(w, r)
	})
}
