package collectors

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
)

// Scope is what a permission must cover to read every name that an include may match:
// exact names, and prefixes.
type Scope struct {
	Names    []string
	Prefixes []string
}

// ScopeOf is the narrowest scope that the patterns of an include allow. The prefix "" is
// everything.
func ScopeOf(include []config.Pattern) (s Scope) {
	if len(include) == 0 {
		return Scope{Prefixes: []string{""}}
	}
	for _, p := range include {
		re, err := regexp.Compile(p.String())
		if err != nil {
			return Scope{Prefixes: []string{""}}
		}
		if begin, whole := re.LiteralPrefix(); whole {
			s.Names = append(s.Names, begin)
		} else {
			s.Prefixes = append(s.Prefixes, begin)
		}
	}
	within := func(name string) bool {
		return slices.ContainsFunc(s.Prefixes, func(p string) bool { return p != name && strings.HasPrefix(name, p) })
	}
	s.Names = slices.DeleteFunc(s.Names, func(name string) bool { return within(name) || slices.Contains(s.Prefixes, name) })
	s.Prefixes = slices.DeleteFunc(slices.Clone(s.Prefixes), within)
	s.Names, s.Prefixes = unique(s.Names), unique(s.Prefixes)
	return s
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// bare is a word that needs no quotes in a shell.
var bare = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Word quotes a word for a shell.
func Word(text string) string {
	if bare.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
