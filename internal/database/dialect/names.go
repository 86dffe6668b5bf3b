package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// mostNamed is how many names a message lists.
const mostNamed = 12

// Suggest is the end of a message about a name that does not exist: the names that look
// alike, or else all there are.
func Suggest(word string, names []string, all string) string {
	if alike := Alike(word, names); len(alike) > 0 {
		return "did you mean " + strings.Join(alike, " or ") + "?"
	}
	if len(names) > mostNamed {
		return fmt.Sprintf("%s %s and %d more", all, strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
	}
	return all + " " + strings.Join(names, ", ")
}

// Alike returns those of the names that look like the word, the most alike first, at
// most three.
func Alike(word string, names []string) []string {
	type guess struct {
		name string
		far  int
	}
	var guesses []guess
	w := fold(word)
	for _, name := range names {
		n := fold(name)
		far := distance(w, n)
		switch {
		case far <= 2 && far < len(n), far <= len(w)/4:
		case len(n) > 3 && len(w) > 3 && (strings.Contains(n, w) || strings.Contains(w, n)):
			far = 3
		case sharesWord(word, name):
			far = 4
		default:
			continue
		}
		guesses = append(guesses, guess{name, far})
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return a.far - b.far })
	var alike []string
	for _, g := range guesses[:min(3, len(guesses))] {
		if g.far > guesses[0].far+1 {
			break
		}
		alike = append(alike, g.name)
	}
	return alike
}

// fold makes createdAt, CREATED_AT and created-at alike.
func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

// sharesWord reports whether two names in snake_case have a significant word in common.
func sharesWord(a, b string) bool {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	}
	return slices.ContainsFunc(split(a), func(x string) bool { return len(x) > 3 && slices.Contains(split(b), x) })
}

// distance counts the letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Unique drops repeated names and keeps their order.
func Unique(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
