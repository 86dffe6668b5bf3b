package collectors

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// longestDelay is above any delay between two attempts; a greater number in a name is none.
const longestDelay = 30 * 24 * time.Hour

// leastMillis is from which number on one without a unit is a delay in milliseconds, as
// Spring writes it. A smaller one counts the attempts.
const leastMillis = 500

var delayUnits = map[string]time.Duration{
	"ms": time.Millisecond, "millis": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// DelayInName returns the delay that the name of a queue of retries or of delay contains, such
// as orders-retry-5m, wait_30s and orders-retry-2000; 0 if it contains none.
func DelayInName(name string) time.Duration {
	if !SoundsDelayed(name) {
		return 0
	}
	words := wordsOf(name)
	for i, word := range slices.Backward(words) {
		digits := len(word) - len(strings.TrimLeftFunc(word, unicode.IsDigit))
		// retry60000 and delay5 are a word with a number.
		if digits == 0 && SoundsDelayed(word) {
			word = strings.TrimLeftFunc(word, unicode.IsLetter)
			digits = len(word)
		}
		n, err := strconv.ParseInt(word[:digits], 10, 64)
		if err != nil || n <= 0 {
			continue
		}
		unit, known := delayUnits[word[digits:]]
		if digits == len(word) {
			unit, known = time.Millisecond, n >= leastMillis
			if i+1 < len(words) {
				if named, ok := delayUnits[words[i+1]]; ok {
					unit, known = named, true
				}
			}
		}
		if known && n <= int64(longestDelay/unit) {
			return time.Duration(n) * unit
		}
	}
	return 0
}
