package databasetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Zone is the key of the config that names a zone, for those that have one of their own.
func (s *Shop) Zone(name string) string {
	if name == "" || s.Kind == "sqlite" {
		return ""
	}
	return ", time_zone: '" + name + "'"
}

// Turn is a zone whose clocks were set by an hour at a moment: back from UTC+2 to UTC+1,
// or forward.
type Turn struct {
	Name string
	at   time.Time
	back bool
}

// Turn makes such a zone on a server.
func (s *Shop) Turn(t testing.TB, at time.Time, back bool) Turn {
	t.Helper()
	turn := Turn{at: at.UTC().Truncate(time.Second), back: back}
	if s.Kind == "postgres" { // which takes one that is written out: from a day of the year to another
		day := func(local time.Time) string {
			return fmt.Sprintf("%d/%s", local.YearDay()-1, local.Format(time.TimeOnly))
		}
		from, to := turn.at, turn.at.Add(48*time.Hour)
		if back {
			from, to = turn.at.Add(-48*time.Hour), turn.at
		}
		turn.Name = "STD-1DST-2," + day(from.Add(time.Hour)) + "," + day(to.Add(2*time.Hour))
		return turn
	}
	turn.Name = fmt.Sprintf("Lostorder/%d", rand.Uint64())
	made, err := s.Admin.Exec("INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')")
	if err != nil {
		t.Fatal(err)
	}
	id, err := made.LastInsertId()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, table := range []string{"time_zone", "time_zone_name", "time_zone_transition", "time_zone_transition_type"} {
			s.Run(t, fmt.Sprintf("DELETE FROM mysql.%s WHERE Time_zone_id = %d", table, id))
		}
	})
	before, after := 0, 1
	if back {
		before, after = after, before
	}
	s.Run(t, fmt.Sprintf("INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('%s', %d)", turn.Name, id),
		fmt.Sprintf("INSERT INTO mysql.time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST) VALUES (%[1]d, 0, 3600, 0), (%[1]d, 1, 7200, 1)", id),
		fmt.Sprintf("INSERT INTO mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES (%[1]d, %[2]d, %[3]d), (%[1]d, %[4]d, %[5]d)",
			id, turn.at.Add(-100*24*time.Hour).Unix(), before, turn.at.Unix(), after))
	return turn
}

// Wall is what a clock on the wall shows at a moment.
func (t Turn) Wall(at time.Time) string {
	offset := time.Hour
	if at.Before(t.at) == t.back {
		offset *= 2
	}
	return at.UTC().Add(offset).Format("2006-01-02 15:04:05.000")
}

// Read is the moment that is made of what the clock showed at another: of the hour that
// it shows twice, the second.
func (t Turn) Read(at time.Time) time.Time {
	if t.back && at.Before(t.at) && !at.Before(t.at.Add(-time.Hour)) {
		return at.Add(time.Hour)
	}
	return at
}
