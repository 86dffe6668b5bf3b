package web

import (
	_ "embed" // the document
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

// openapi answers with the description of the API.
func openapi(w http.ResponseWriter, r *http.Request) {
	if fresh(w, r, openAPI) {
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(openAPI) // the client may have gone
}
