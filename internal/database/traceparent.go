package database

import "strings"

// Trace returns what a column says of a trace: the 32 hex digits of its id and, in
// a W3C traceparent, the 16 of the span. The id may also stand alone. Anything else
// is no trace, and empty.
func Trace(text string) (traceID, spanID string) {
	traceID = strings.ToLower(strings.TrimSpace(text))
	if parts := strings.Split(traceID, "-"); len(parts) >= 4 && len(parts[0]) == 2 {
		traceID, spanID = parts[1], parts[2]
	}
	if !isID(traceID, 32) {
		return "", ""
	}
	if !isID(spanID, 16) {
		spanID = ""
	}
	return traceID, spanID
}

// isID reports whether text is so many hex digits, and not all of them zero.
func isID(text string, digits int) bool {
	notHex := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }
	return len(text) == digits && !strings.ContainsFunc(text, notHex) && strings.Trim(text, "0") != ""
}
