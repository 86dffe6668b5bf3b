package span

import (
	"context"
	"regexp"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// private is true while order ids must not leave the process: then no span carries
// the text of a query or of an error, for both may hold ids.
var private atomic.Bool

// Private says whether order ids must be kept out of spans.
func Private(on bool) { private.Store(on) }

// longestQuery is how much of a query's text a span carries.
const longestQuery = 2000

// Query begins the span of one SQL query. Literals in its text become "?", as the
// semantic conventions of OpenTelemetry ask, because they may be the ids of orders.
func Query(ctx context.Context, system, text string) (context.Context, func(error)) {
	ctx, end := Call(ctx, system+" query", attribute.String("db.system.name", strings.ToLower(system)))
	if s := trace.SpanFromContext(ctx); s.IsRecording() && !private.Load() { // normalizing costs as much as a short query
		s.SetAttributes(attribute.String("db.query.text", normalized(text, quotesNames(system))))
	}
	return ctx, end
}

// literal matches what a query says that is not its structure: comments, strings,
// and numbers. What it has to skip comes first: names in backquotes or brackets,
// parameters, and words that contain digits.
var literal = regexp.MustCompile("(?s)" + strings.Join([]string{
	`--[^\n]*`, `/\*.*?\*/`, // comments
	"`[^`]*`", `\$[0-9]+`, `\$([A-Za-z_]*)\$.*?\$[A-Za-z_]*\$`,
	`[eEnNbBxX]?'(?:[^'\\]|''|\\.)*'?`,
	`"(?:[^"\\]|""|\\.)*"?`,
	`[A-Za-z_\x80-\x{10FFFF}][A-Za-z0-9_$\x80-\x{10FFFF}]*`,
	`[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[A-Za-z0-9_]*|\.[0-9]+`,
}, "|"))

// list matches several values with commas between them.
var list = regexp.MustCompile(`\?(::[A-Za-z_ ]+)?(?:\s*,\s*\?(?:::[A-Za-z_ ]+)?)+`)

// quotesNames reports whether double quotes are around names: to MySQL and MariaDB they
// are around values.
func quotesNames(system string) bool { return system == "PostgreSQL" || system == "SQLite" }

// Normalized returns the text of a query without its literals, of any database.
func Normalized(text string) string { return normalized(text, false) }

func normalized(text string, quotedNames bool) string {
	text = literal.ReplaceAllStringFunc(text, func(part string) string {
		switch first := part[0]; {
		case strings.HasPrefix(part, "--"), strings.HasPrefix(part, "/*"):
			return " "
		case first == '`', first == '"' && quotedNames, first == '$' && len(part) > 1 && part[1] >= '0' && part[1] <= '9':
			return part
		case first == '\'', first == '"', first == '$', first == '.', first >= '0' && first <= '9':
			return "?"
		case len(part) > 1 && part[1] == '\'':
			return "?"
		}
		return part
	})
	text = list.ReplaceAllString(strings.Join(strings.Fields(text), " "), "?$1")
	if len(text) > longestQuery {
		text = strings.ToValidUTF8(text[:longestQuery], "") + "…"
	}
	return text
}
