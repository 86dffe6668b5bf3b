package collectors

import (
	"slices"
	"strings"
	"unicode"
)

// SoundsDead reports whether a queue is named like a dead letter queue. Frameworks publish
// failed messages to such queues themselves, without a setting of the broker that leads
// there: MassTransit to NAME_error and NAME_skipped, NServiceBus and Rebus to error.
func SoundsDead(name string) bool {
	words := wordsOf(name)
	if last := len(words) - 1; last > 0 && words[last] == "queue" {
		words = words[:last]
	}
	for i, word := range words {
		switch {
		case word == "dlq", word == "dlt", word == "dlx", word == "dead", strings.HasPrefix(word, "deadletter"), word == "poison", word == "graveyard":
			return true
		case (word == "error" || word == "errors" || word == "skipped") && i == len(words)-1:
			return true
		}
	}
	return false
}

// SoundsParked reports whether a queue is named like one for messages that failed for good.
func SoundsParked(name string) bool {
	return slices.ContainsFunc(wordsOf(name), func(word string) bool {
		return word == "parking" || word == "parked" || word == "parkinglot" || word == "park" || word == "quarantine"
	})
}

// SoundsDelayed reports whether a queue is named like one that holds messages for a time.
func SoundsDelayed(name string) bool {
	return slices.ContainsFunc(wordsOf(name), func(word string) bool {
		switch strings.TrimRight(word, "0123456789") {
		case "delay", "delayed", "wait", "waiting", "hold", "backoff", "retry", "retries":
			return true
		}
		return false
	})
}

// SoundsRetried reports whether a queue is named like one whose messages are tried again.
func SoundsRetried(name string) bool {
	return slices.ContainsFunc(wordsOf(name), func(word string) bool {
		word = strings.TrimRight(word, "0123456789")
		return word == "retry" || word == "retries"
	})
}

// wordsOf splits a name at what is neither a letter nor a digit, and before a capital
// letter that follows a small one.
func wordsOf(name string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		from := 0
		for i, r := range part {
			if i > 0 && unicode.IsUpper(r) && unicode.IsLower(rune(part[i-1])) {
				words = append(words, strings.ToLower(part[from:i]))
				from = i
			}
		}
		words = append(words, strings.ToLower(part[from:]))
	}
	return words
}
