package signal

import "strings"

var slashes = strings.NewReplacer("%", "%25", "/", "%2F")

// EscapeSlashes writes a name without slashes, so that it stays apart from what it is joined
// with.
func EscapeSlashes(name string) string { return slashes.Replace(name) }

// JoinNames joins names with slashes. No other names, as many, give the same text.
func JoinNames(names ...string) string {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = EscapeSlashes(name)
	}
	return strings.Join(escaped, "/")
}
