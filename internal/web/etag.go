package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// fresh sets the ETag of an answer. It answers 304 and returns true where the client has the
// same already.
func fresh(w http.ResponseWriter, r *http.Request, parts ...[]byte) bool {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = sum.Write(part) // a hash never fails to write
	}
	return freshTag(w, r, sum.Sum(nil))
}

func freshTag(w http.ResponseWriter, r *http.Request, sum []byte) bool {
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if !matches(r.Header.Get("If-None-Match"), tag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// matches reports whether a header If-None-Match names the tag. The comparison is the weak
// one, as RFC 9110 has it for this header: a proxy that compresses may weaken a tag.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == "*" || candidate == tag {
			return true
		}
	}
	return false
}
