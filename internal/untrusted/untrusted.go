// Package untrusted makes text from outside safe to show: names of queues, ids of
// orders, errors of servers. Anybody who may send a message, declare a queue or write
// a row chooses such text. Terminals, logs and pages interpret some of it as commands.
package untrusted

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LongestID is the length, in bytes, to which the id of an order or the key of a row is cut.
const LongestID = 256

// Text returns a text on one line. Control characters, escape sequences, characters
// that change the direction of writing and bytes that are no UTF-8 are written as Go
// writes them in a string: \n, \x1b, \u202e.
func Text(s string) string {
	if isPlain(s, false) {
		return s
	}
	return escaped(s, false)
}

// Lines is Text for a text that may have several lines.
func Lines(s string) string {
	if isPlain(s, true) {
		return s
	}
	return escaped(s, true)
}

// ID is Text for an id. One that is too long is cut and ends in a hash of the whole,
// so that two long ids stay two.
func ID(s string) string {
	if len(s) <= LongestID {
		if s = Text(s); len(s) <= LongestID {
			return s
		}
	}
	sum := sha256.Sum256([]byte(s))
	end := "…" + hex.EncodeToString(sum[:8])
	shown := Text(s[:min(len(s), LongestID)])
	return strings.ToValidUTF8(shown[:min(len(shown), LongestID-len(end))], "") + end
}

// isPlain reports whether a text can be shown as it is.
func isPlain(s string, lines bool) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf {
			return isPlainUnicode(s[i:], lines)
		} else if c < ' ' || c == 0x7f {
			if !lines || c != '\n' && c != '\t' {
				return false
			}
		}
	}
	return true
}

func isPlainUnicode(s string, lines bool) bool {
	for i, r := range s {
		if !canShow(r, lines) || r == utf8.RuneError && isBroken(s[i:]) {
			return false
		}
	}
	return true
}

func canShow(r rune, lines bool) bool {
	return unicode.IsGraphic(r) || lines && (r == '\n' || r == '\t')
}

// isBroken reports whether a text begins with a byte that is no UTF-8.
func isBroken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

func escaped(s string, lines bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && isBroken(s[i:]):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case canShow(r, lines):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}
