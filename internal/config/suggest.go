package config

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestGuessed is the length of a word beyond which no key is close to it.
const longestGuessed = 100

// didYouMean is `did you mean "brokers"? `, or nothing when no candidate is close.
func didYouMean(word string, candidates []string) (hint, guess string) {
	if len(word) > longestGuessed {
		return "", ""
	}
	best := 3
	for _, c := range candidates {
		d := levenshtein.ComputeDistance(fold(word), fold(c))
		// A guess that changes every letter of a short word is no help.
		if d < best && d < len(c) {
			best, guess = d, c
		}
	}
	if guess == "" {
		return "", ""
	}
	return fmt.Sprintf("did you mean %q? ", guess), guess
}

// fold makes maxAge, max-age and max_age alike.
func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}
