package config

import (
	"fmt"
	"strings"
)

// didYouMean is `did you mean "brokers"? `, or nothing when no candidate is close.
func didYouMean(word string, candidates []string) (hint, guess string) {
	best := 3
	for _, c := range candidates {
		d := distance(fold(word), fold(c))
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

// distance counts the insertions, deletions, replacements and swaps of
// neighbours between two words; anything over 2 may be reported as 3.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
