package mysql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
)

// channel is a row of SHOW REPLICA STATUS, written as column=value; the values of
// those without an = are NULL, which is read as an empty text.
func channel(columns string) map[string]string {
	row := map[string]string{}
	for c := range strings.SplitSeq(columns, "; ") {
		name, value, _ := strings.Cut(c, "=")
		row[name] = value
	}
	return row
}

// TestWhatAReplicaSaysOfItself goes by the columns of SHOW REPLICA STATUS (MySQL
// 8.0.22 and later), SHOW SLAVE STATUS (before), and SHOW ALL SLAVES STATUS (MariaDB).
func TestWhatAReplicaSaysOfItself(t *testing.T) {
	const (
		threads = "Replica_IO_Running=Yes; Replica_SQL_Running=Yes; Last_IO_Errno=0; Last_SQL_Errno=0; Channel_Name="
		old     = "Slave_IO_Running=Yes; Slave_SQL_Running=Yes; Last_IO_Errno=0; Last_SQL_Errno=0; "
	)
	for _, test := range []struct {
		name     string
		channels []string
		behind   time.Duration
		halted   string
	}{
		{"MySQL that is not behind", []string{"Seconds_Behind_Source=0; " + threads}, 0, ""},
		{"MySQL that is behind, by whole seconds", []string{"Seconds_Behind_Source=7; " + threads}, 8 * time.Second, ""},
		{"MySQL before 8.0.22", []string{"Seconds_Behind_Master=7; " + old}, 8 * time.Second, ""},
		{"MariaDB", []string{"Seconds_Behind_Master=90; Connection_name=; " + old}, 91 * time.Second, ""},
		{"the channel that is furthest behind counts", []string{"Seconds_Behind_Source=7; " + threads + "a", "Seconds_Behind_Source=70; " + threads + "b", "Seconds_Behind_Source=0; " + threads + "c"}, 71 * time.Second, ""},
		{"a clock that is ahead of that of the source", []string{"Seconds_Behind_Master=-3; " + old}, 0, ""},
		{
			"a stopped SQL thread",
			[]string{"Seconds_Behind_Source; Replica_IO_Running=Yes; Replica_SQL_Running=No; Last_IO_Errno=0; Last_SQL_Errno=0"},
			mysql.Undated, "does not follow its source, because its SQL thread is stopped",
		},
		{
			"an SQL thread that failed",
			[]string{"Seconds_Behind_Master; Slave_IO_Running=Yes; Slave_SQL_Running=No; Last_IO_Errno=0; Last_SQL_Errno=1062; Last_SQL_Error=Duplicate entry 'A-1'"},
			mysql.Undated, "does not follow its source, because its SQL thread has stopped (error 1062, which its SHOW REPLICA STATUS explains)",
		},
		{
			"a stopped IO thread",
			[]string{"Seconds_Behind_Master; Slave_IO_Running=No; Slave_SQL_Running=Yes; Last_IO_Errno=0; Last_SQL_Errno=0"},
			mysql.Undated, "does not follow its source, because its IO thread is stopped",
		},
		{
			"a source that is lost",
			[]string{"Seconds_Behind_Source; Replica_IO_Running=Connecting; Replica_SQL_Running=Yes; Last_IO_Errno=2003; Last_IO_Error=error connecting to source 'repl@db'; Last_SQL_Errno=0"},
			mysql.Undated, "has lost its source (error 2003, which its SHOW REPLICA STATUS explains)",
		},
		{
			"a source that is lost a moment ago",
			[]string{"Seconds_Behind_Source; Replica_IO_Running=Connecting; Replica_SQL_Running=Yes; Last_IO_Errno=0; Last_SQL_Errno=0"},
			mysql.Undated, "has lost its source",
		},
		{
			"nothing runs",
			[]string{"Seconds_Behind_Master; Slave_IO_Running=No; Slave_SQL_Running=No; Last_IO_Errno=0; Last_SQL_Errno=0"},
			mysql.Undated, "does not follow its source, because its threads are stopped (RESET REPLICA ALL, if it was promoted)",
		},
		{
			"one channel of two is stopped",
			[]string{"Seconds_Behind_Source=0; " + threads + "a", "Seconds_Behind_Source; Replica_IO_Running=Yes; Replica_SQL_Running=No; Channel_Name=b"},
			mysql.Undated, "does not follow its source, because its SQL thread is stopped on channel b",
		},
		{
			"the channels of a group are no replication from a source",
			[]string{"Seconds_Behind_Source; Replica_IO_Running=No; Replica_SQL_Running=No; Channel_Name=group_replication_recovery", "Seconds_Behind_Source=0; " + threads},
			0, "",
		},
		{"a server that says nothing of the kind", []string{"Something=else"}, mysql.Undated, "has lost its source"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rows []map[string]string
			for _, c := range test.channels {
				rows = append(rows, channel(c))
			}
			behind, halted := new(mysql.Follower).Ask(time.Hour, rows...)
			if behind != test.behind || halted != test.halted {
				t.Errorf("it is %s behind and %q, want %s and %q", behind, halted, test.behind, test.halted)
			}
		})
	}
}

// TestHowOldIsWhatAReplicaShows: what a replica shows is at least what it showed when
// it last followed, and a replica that began a moment ago may not know better.
func TestHowOldIsWhatAReplicaShows(t *testing.T) {
	const (
		fresh   = "Seconds_Behind_Source=0"
		second  = "Seconds_Behind_Source=1"
		minute  = "Seconds_Behind_Source=59"
		stopped = "Seconds_Behind_Source; Replica_SQL_Running=No"
		unknown = mysql.Undated
	)
	type asked struct {
		at     time.Duration
		says   string
		behind time.Duration
	}
	for name, course := range map[string][]asked{
		"it follows":                            {{10, fresh, 0}, {20, fresh, 0}, {30, second, 2}, {40, fresh, 0}},
		"it was stopped before anybody saw it":  {{10, stopped, unknown}, {20, stopped, unknown}},
		"it stops after it was seen only once":  {{10, fresh, 0}, {20, stopped, unknown}},
		"it stops":                              {{10, fresh, 0}, {20, fresh, 0}, {25, stopped, 5}, {80, stopped, 60}},
		"it stops while it is behind":           {{70, minute, 60}, {80, stopped, 70}},
		"it begins again, having nothing yet":   {{10, fresh, 0}, {20, fresh, 0}, {30, stopped, 10}, {40, fresh, 20}, {50, minute, 30}, {60, fresh, 40}, {70, fresh, 0}},
		"it begins, having nothing yet":         {{10, stopped, unknown}, {20, fresh, unknown}, {90, minute, 60}, {100, fresh, 70}, {110, fresh, 0}},
		"it begins between two readings":        {{70, minute, 60}, {80, fresh, 70}, {90, minute, 60}},
		"a change that takes long":              {{10, fresh, 0}, {20, fresh, 0}, {90, minute, 60}, {95, minute, 60}},
		"a change that took long is made again": {{10, fresh, 0}, {60, fresh, 0}, {65, minute, 5}, {75, minute, 15}},
	} {
		t.Run(name, func(t *testing.T) {
			var f mysql.Follower
			for _, a := range course {
				want := a.behind
				if want != unknown {
					want *= time.Second
				}
				if got, halted := f.Ask(a.at*time.Second, channel(a.says)); got != want || got != 0 && a.says == fresh && halted == "" {
					t.Errorf("at %d, saying %q, it is %s behind (%s), want %s", a.at, a.says, got, halted, want)
				}
			}
		})
	}
}
