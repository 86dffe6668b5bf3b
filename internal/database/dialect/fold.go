package dialect

import (
	"strings"
	"unicode"
)

// FoldCase returns one text for all that differ only in the case of their letters, as
// strings.EqualFold compares them.
func FoldCase(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
