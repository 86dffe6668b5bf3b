package web

import (
	"fmt"
	"net/http"
	"strings"
)

func (s *server) healthy(w http.ResponseWriter, _ *http.Request) {
	plainText(w, http.StatusOK, "lostorder is healthy.\n")
}

// ready succeeds once every target has been read, or tried, at least once. A target that
// cannot be read does not block the others.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	known := s.snapshot()
	if known.Ready {
		plainText(w, http.StatusOK, "lostorder is ready.\n")
		return
	}
	var b strings.Builder
	b.WriteString("lostorder is not ready. Not yet read:\n")
	for i := range known.Targets {
		if t := &known.Targets[i]; t.Attempt.IsZero() {
			fmt.Fprintf(&b, "%s\n", t.ID)
		}
	}
	plainText(w, http.StatusServiceUnavailable, b.String())
}

func plainText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // the client may have gone
}
