package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestGuessed is the length of a word beyond which no key is close to it.
const longestGuessed = 100

// elsewhere are words that clients, exporters and people use for our keys, folded.
var elsewhere = map[string][]string{
	"bootstrapservers": {"brokers"}, "servers": {"brokers"}, "hosts": {"brokers", "url"}, "addresses": {"brokers", "url"},
	"consumergroups": {"groups"}, "thresholds": {"objectives"}, "slos": {"objectives"}, "slo": {"objectives"},
	"management": {"url"}, "managementurl": {"url"}, "dsn": {"url"}, "uri": {"url"}, "datasourcename": {"url"}, "connectionstring": {"url"},
	"user": {"username"}, "pass": {"password"}, "pollinterval": {"interval"}, "scrapeinterval": {"interval"},
	"orders": {"lifecycles"}, "sagas": {"lifecycles"}, "statemachines": {"lifecycles"}, "checks": {"reconciliations"}, "reconcile": {"reconciliations"},
}

// didYouMean is `did you mean "brokers"? `, or nothing when no candidate is close.
func didYouMean(word string, candidates []string) (hint, guess string) {
	if len(word) > longestGuessed {
		return "", ""
	}
	word = fold(word)
	best := 3
	if i := slices.IndexFunc(elsewhere[word], func(c string) bool { return slices.Contains(candidates, c) }); i >= 0 {
		best, guess = 0, elsewhere[word][i]
	}
	for _, c := range candidates {
		d := levenshtein.ComputeDistance(word, fold(c))
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

// fold makes maxAge, max-age, max.age and max_age alike.
func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(s))
}
