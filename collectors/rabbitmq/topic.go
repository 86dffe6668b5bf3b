package rabbitmq

import "strings"

// topicWords splits a routing key, or the pattern of a binding, as a topic exchange does:
// an empty one has no words.
func topicWords(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ".")
}

// hasWildcard reports whether a pattern matches other routing keys than itself.
func hasWildcard(pattern []string) bool {
	for _, word := range pattern {
		if word == "*" || word == "#" {
			return true
		}
	}
	return false
}

// matchTopic reports whether the pattern of a binding matches a routing key, where * is
// one word and # any number of words. Patterns are untrusted input, so it goes back to
// the last # only: it takes at most as many steps as the product of both lengths.
func matchTopic(pattern, words []string) (matches bool, steps int) {
	p, w := 0, 0
	hash, matched := -1, 0 // the last # and how many words lie before and in it
	for {
		steps++
		switch {
		case p < len(pattern) && pattern[p] == "#":
			hash, matched = p, w
			p++
		case p == len(pattern) && w == len(words):
			return true, steps
		case p < len(pattern) && w < len(words) && (pattern[p] == "*" || pattern[p] == words[w]):
			p, w = p+1, w+1
		case hash >= 0 && matched < len(words):
			matched++
			p, w = hash+1, matched
		default:
			return false, steps
		}
	}
}
