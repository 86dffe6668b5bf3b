package databasetest

// Zone is the key of the config that names a zone, for those that have one of their own.
func (s *Shop) Zone(name string) string {
	if name == "" || s.Kind == "sqlite" {
		return ""
	}
	return ", time_zone: " + name
}
