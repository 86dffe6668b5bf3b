package collectors

import (
	"strings"
	"time"
	"unicode"
)

const (
	warnAgain    = time.Hour // after which a repeated warning is logged again
	warningsKept = 100       // of a target; more would flood the log
)

// warned remembers when each warning of a target was logged. Numbers in it do not matter.
type warned map[string]time.Time

// news returns the warnings to log now.
func (w warned) news(warnings []string, now time.Time) (news []string) {
	for _, text := range warnings {
		key := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return -1
			}
			return r
		}, text)
		if last, seen := w[key]; seen && now.Sub(last) < warnAgain || !seen && len(w) == warningsKept {
			continue
		}
		w[key] = now
		news = append(news, text)
	}
	return news
}
