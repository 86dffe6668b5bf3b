package rabbitmq_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
)

func TestTopicPatternMatchesRoutingKeys(t *testing.T) {
	for name, test := range map[string]struct {
		pattern, routing string
		want             bool
	}{
		"a word matches itself":                               {"orders", "orders", true},
		"a word does not match another word":                  {"orders", "orders2", false},
		"a star matches one word":                             {"orders.*.new", "orders.eu.new", true},
		"a star does not match two words":                     {"orders.*", "orders.eu.new", false},
		"a star does not match the missing word":              {"*", "", false},
		"a star matches an empty word between two dots":       {"a.*.b", "a..b", true},
		"a hash matches no word":                              {"orders.#", "orders", true},
		"a hash matches many words":                           {"#.new", "orders.eu.west.new", true},
		"a hash in the middle leaves the rest to match":       {"orders.#.new", "orders.new.old.new", true},
		"a hash in the middle does not excuse the rest":       {"orders.#.new", "orders.eu.old", false},
		"two hashes share the words between them":             {"#.b.#.d", "a.b.c.d", true},
		"an empty pattern matches an empty routing key":       {"", "", true},
		"an empty pattern does not match a word":              {"", "orders", false},
		"a wildcard inside a word is a letter like any other": {"ord*", "orders", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := rabbitmq.MatchTopic(test.pattern, test.routing); got != test.want {
				t.Errorf("%q matches %q: %t", test.pattern, test.routing, got)
			}
		})
	}
}

// TestTopicPatternOfManyHashesTakesFewSteps counts steps: a matcher that tries every way
// to share the words among the hashes takes more than 10^30.
func TestTopicPatternOfManyHashesTakesFewSteps(t *testing.T) {
	pattern := strings.Repeat("#.a.", 63) + "b"
	routing := strings.Repeat("a.", 126) + "c"
	matches, steps := rabbitmq.MatchTopic(pattern, routing)
	if most := 128 * 128; matches || steps > most {
		t.Errorf("matches: %t after %d steps, want at most %d", matches, steps, most)
	}
}

// reference matches by the definition, word by word, with a table of what is known.
func reference(pattern, routing string) bool {
	split := func(text string) []string {
		if text == "" {
			return nil
		}
		return strings.Split(text, ".")
	}
	p, w := split(pattern), split(routing)
	table := make([][]bool, len(p)+1) // the first i words of the pattern match the first j of the key
	for i := range table {
		table[i] = make([]bool, len(w)+1)
		for j := range table[i] {
			switch {
			case i == 0:
				table[i][j] = j == 0
			case p[i-1] == "#":
				table[i][j] = table[i-1][j] || j > 0 && table[i][j-1]
			default:
				table[i][j] = j > 0 && table[i-1][j-1] && (p[i-1] == "*" || p[i-1] == w[j-1])
			}
		}
	}
	return table[len(p)][len(w)]
}

func FuzzTopicPatternMatchesLikeTheReference(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"#", "a"}, {"*", ""}, {"#.a.#.b", "a.a.b"}, {"a.*.#", "a.b"}, {"#.#.#", "..."}, {"*.#.*", "a.b"}, {"a..b", "a..b"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, routing string) {
		if len(pattern) > 255 || len(routing) > 255 { // the longest that AMQP can say
			return
		}
		got, steps := rabbitmq.MatchTopic(pattern, routing)
		if want := reference(pattern, routing); got != want {
			t.Errorf("%q matches %q: %t, want %t", pattern, routing, got, want)
		}
		p, w := strings.Count(pattern, ".")+2, strings.Count(routing, ".")+2
		if most := p*w + p + w; steps > most {
			t.Errorf("%q took %d steps on %q, want at most %d", pattern, steps, routing, most)
		}
	})
}
