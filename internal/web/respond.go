package web

import (
	"encoding/json"
	"net/http"

	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

const jsonType = "application/json; charset=utf-8"

// respond answers in JSON, indented for readers of curl's output.
func respond(w http.ResponseWriter, r *http.Request, answer any) {
	body, err := encode(answer)
	if err != nil {
		fail(w, http.StatusInternalServerError, "encode the answer")
		return
	}
	if fresh(w, r, body) {
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(body) // the client may have gone
}

func encode(answer any) ([]byte, error) {
	body, err := json.MarshalIndent(answer, "", "  ")
	return append(body, '\n'), err
}

// fail answers with problem details.
func fail(w http.ResponseWriter, code int, message string) {
	body, err := encode(api.Problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: untrusted.Text(message)})
	if err != nil {
		body = nil // texts can always be encoded
	}
	w.Header().Del("ETag")
	w.Header().Set("Content-Type", api.ProblemType)
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client may have gone
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
