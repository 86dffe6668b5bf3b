package shape

import (
	"slices"
	"strings"
	"unicode"
)

// Words splits a name in snake_case, kebab-case or camelCase into lower-case words in the
// singular.
func Words(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, singular(strings.ToLower(string(word))))
		}
		word = word[:0]
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

// singular takes the plural's ending off.
func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "status"), strings.HasSuffix(word, "ss"), strings.HasSuffix(word, "process"), len(word) < 4:
		return word
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	case strings.HasSuffix(word, "sses"), strings.HasSuffix(word, "xes"), strings.HasSuffix(word, "ches"), strings.HasSuffix(word, "tuses"):
		return strings.TrimSuffix(word, "es")
	}
	return strings.TrimSuffix(word, "s")
}

// Has reports whether a name has one of the words.
func Has(name string, words ...string) bool {
	return slices.ContainsFunc(Words(name), func(w string) bool { return slices.Contains(words, w) })
}

// Ends reports whether the last word of a name is one of the words.
func Ends(name string, words ...string) bool {
	all := Words(name)
	return len(all) > 0 && slices.Contains(words, all[len(all)-1])
}

// Folded is a name without what styles differ in: createdAt and CREATED_AT are createdat.
func Folded(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

// Is reports whether a name is one of the names, whatever its style.
func Is(name string, names ...string) bool {
	folded := Folded(name)
	return slices.ContainsFunc(names, func(n string) bool { return Folded(n) == folded })
}
