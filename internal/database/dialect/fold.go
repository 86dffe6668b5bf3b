package dialect

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// IgnoresCase reports whether = holds between texts of a column that differ in case.
func IgnoresCase(d Dialect, c Column) bool { return d.Fold(c, "A") == d.Fold(c, "a") }

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

// FoldAccents returns one text for all that differ only in accents and the like: e for é.
func FoldAccents(text string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(text))
	return norm.NFC.String(bare)
}
