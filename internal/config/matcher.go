package config

import "slices"

// Matcher chooses names. With no include every name is in; an exclude wins over
// an include. The zero Matcher matches everything.
type Matcher struct {
	Include []Pattern `yaml:"include" single:"true" doc:"Names to watch, as regular expressions for the whole name. Default: all." example:"orders,payments\\..*"`
	Exclude []Pattern `yaml:"exclude" single:"true" doc:"Names to exclude, as regular expressions for the whole name. It overrides include." example:".*\\.test"`
}

// Match tells whether the name is chosen.
func (m Matcher) Match(name string) bool {
	matches := func(p Pattern) bool { return p.MatchString(name) }
	if slices.ContainsFunc(m.Exclude, matches) {
		return false
	}
	return len(m.Include) == 0 || slices.ContainsFunc(m.Include, matches)
}
