package database

import "strings"

// TraceID returns the 32 hex digits of the trace that a column names: a W3C
// traceparent, or the id alone. Anything else is no trace, and empty.
func TraceID(text string) string {
	id := strings.TrimSpace(text)
	if parts := strings.Split(id, "-"); len(parts) >= 4 && len(parts[0]) == 2 {
		id = parts[1]
	}
	id = strings.ToLower(id)
	notHex := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }
	if len(id) != 32 || strings.ContainsFunc(id, notHex) || strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}
