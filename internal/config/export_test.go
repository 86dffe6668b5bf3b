package config

// ParseWith is Parse with an environment of its own.
func ParseWith(text string, dir string, sections []Section, env map[string]string) (*File, error) {
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return ParseLookup("lostorder.yml", []byte(text), dir, sections, lookup)
}
