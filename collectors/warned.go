package collectors

import (
	"strings"
	"time"
	"unicode"
)

const (
	warnAgain    = time.Hour // after which a warning that is still there is logged once more
	warningsKept = 100       // of a target; a log is not the place for more
)

// warned remembers when which warning of a target was logged, whatever numbers are in it.
type warned map[string]time.Time

// news returns the warnings that are to be logged now.
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
