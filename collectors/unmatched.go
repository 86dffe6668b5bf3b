package collectors

import (
	"slices"

	"github.com/lostorder/lostorder/internal/config"
)

// unmatchedShown bounds how many patterns without a match a warning lists.
const unmatchedShown = 10

// Unmatched are the patterns of an include that have matched no name so far. What they
// were meant for is not watched, and only this warning shows it.
type Unmatched struct {
	left []config.Pattern
}

// NewUnmatched begins with all patterns of an include.
func NewUnmatched(include []config.Pattern) Unmatched {
	return Unmatched{left: slices.Clone(include)}
}

// See removes the patterns that match a name.
func (u *Unmatched) See(name string) {
	if len(u.left) > 0 {
		u.left = slices.DeleteFunc(u.left, func(p config.Pattern) bool { return p.MatchString(name) })
	}
}

// Warnings lists the remaining patterns, at most ten. The key is the one in the config
// file.
func (u *Unmatched) Warnings(key, kind string) []string {
	var list []string
	for _, p := range u.left {
		if text := key + ` "` + p.String() + `" matches no ` + kind; !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list[:min(unmatchedShown, len(list))]
}
