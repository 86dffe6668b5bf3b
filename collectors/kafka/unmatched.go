package kafka

import (
	"slices"

	"github.com/lostorder/lostorder/internal/config"
)

// unmatchedShown bounds how many patterns without a match are told.
const unmatchedShown = 10

// unmatched are the patterns of an include that have matched no name so far.
// Nothing that they were meant for is watched, and nothing else would say so.
type unmatched struct {
	left []config.Pattern
}

func newUnmatched(include []config.Pattern) unmatched {
	return unmatched{left: slices.Clone(include)}
}

// see takes out the patterns that match a name.
func (u *unmatched) see(name string) {
	if len(u.left) > 0 {
		u.left = slices.DeleteFunc(u.left, func(p config.Pattern) bool { return p.MatchString(name) })
	}
}

// warnings says what is left; the key is the one in the config file.
func (u *unmatched) warnings(key, kind string) []string {
	var list []string
	for _, p := range u.left {
		if text := key + ` "` + p.String() + `" matches no ` + kind; !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// unmatchedWarnings says which includes match nothing. While a broker does not
// tell its groups, nothing is said of those.
func (r *reading) unmatchedWarnings() []string {
	list := r.lostTopics.warnings("topics.include", "topic")
	if !r.groupsMissing {
		list = append(list, r.lostGroups.warnings("groups.include", "group")...)
	}
	return list[:min(unmatchedShown, len(list))]
}
