package databasetest

import (
	"testing"
	"time"
)

// Zone is the key of the config that names a zone; what MariaDB knows of zones has to be
// loaded into it, so that it may take the offset of today.
func (s *Shop) Zone(t testing.TB, name string) string {
	t.Helper()
	switch {
	case name == "" || s.Kind == "sqlite":
		return ""
	case s.Kind == "mariadb" && name != "UTC" && !s.KnowsZones():
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		name = "'" + time.Now().In(location).Format("-07:00") + "'"
	}
	return ", time_zone: " + name
}

// KnowsZones reports whether MariaDB was told of zones by their names.
func (s *Shop) KnowsZones() bool {
	var zones int
	err := s.Admin.QueryRow("SELECT count(*) FROM mysql.time_zone_name WHERE name = 'Europe/Berlin'").Scan(&zones)
	return err == nil && zones > 0
}
