package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
)

func TestCheckPredicate(t *testing.T) {
	for sql, want := range map[string]string{
		"":                           "",
		"a = 'it''s; fine)' AND (b)": "",
		"a = 1; DELETE":              "semicolon",
		"(a = 1":                     "not closed",
		"a = 1)":                     "not opened",
		"a = 'x":                     "quote is not closed",
		"WHERE a":                    "predicate alone",
		"select 1":                   "predicate alone",
	} {
		if got := database.CheckPredicate(sql); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("about %q it says %q, want %q", sql, got, want)
		}
	}
}

func TestTheClockOfTheDatabaseIsToldOnOurs(t *testing.T) {
	for _, test := range []struct {
		name       string
		ahead, lag time.Duration
		warning    string
	}{
		{"as ours", 0, 0, ""},
		{"a little ahead", 4 * time.Second, 0, ""},
		{"an hour ahead", time.Hour, 0, "clock of database shop is 1h0m0s ahead of ours; ages are taken from the database's clock"},
		{"an hour behind", -time.Hour, 0, "clock of database shop is 1h0m0s behind ours; ages are taken from the database's clock"},
		{"a replica", 0, time.Minute, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := database.SkewedClock(test.ahead, 300*time.Millisecond, test.lag)
			if got := c.Warning("shop"); got != test.warning {
				t.Errorf("the warning is %q, want %q", got, test.warning)
			}
			const age = 10 * time.Minute
			written := time.Now().Add(test.ahead).Add(-age) // by the database's clock
			if got := time.Since(c.Instant(written.UnixMilli()).Time()); got < age-test.lag-time.Second || got > age-test.lag+time.Second {
				t.Errorf("what was written %s ago is %s old", age, got)
			}
			if ahead := c.Instant(time.Now().Add(test.ahead + time.Hour).UnixMilli()).Time(); ahead.After(time.Now()) {
				t.Error("what was written in the future is not taken as of now")
			}
			if got := time.Now().Add(test.ahead).Sub(time.UnixMilli(c.Before(age))); got < age+test.lag-time.Second || got > age+test.lag+time.Second {
				t.Errorf("what is late since %s began to wait %s ago", age, got)
			}
		})
	}
}

// TestTheSameMomentStaysTheSame: how long the question about the time took does
// not move what a row says.
func TestTheSameMomentStaysTheSame(t *testing.T) {
	for _, ahead := range []time.Duration{0, 20 * time.Millisecond, time.Hour + 20*time.Millisecond, -time.Hour} {
		written := time.Now().Add(ahead - 10*time.Minute).UnixMilli()
		first := database.SkewedClock(ahead, time.Millisecond, 0).Instant(written)
		for _, jitter := range []time.Duration{-90 * time.Millisecond, 3 * time.Millisecond, 400 * time.Millisecond} {
			if again := database.SkewedClock(ahead+jitter, 300*time.Millisecond, 0).Instant(written); again != first {
				t.Errorf("%s ahead: the moment is %s, and %s when measured %s off", ahead, first.Time(), again.Time(), jitter)
			}
		}
	}
}
