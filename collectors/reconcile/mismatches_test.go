package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMismatchIsConfirmedAfterTheGracePeriod(t *testing.T) {
	const none = signal.MismatchKind("")
	type comparison struct {
		after    time.Duration // since the previous comparison
		kind     signal.MismatchKind
		detail   string
		reported bool // after this comparison
	}
	for name, comparisons := range map[string][]comparison{
		"a payment that never arrives": {
			{0, signal.MissingRight, "", false},
			{9 * time.Minute, signal.MissingRight, "", false},
			{time.Minute, signal.MissingRight, "", true},
			{time.Hour, signal.MissingRight, "", true},
		},
		"a late payment is reported until it arrives": {
			{0, signal.MissingRight, "", false},
			{10 * time.Minute, signal.MissingRight, "", true},
			{time.Second, none, "", false},
		},
		"benign: a payment within the grace period": {
			{0, signal.MissingRight, "", false},
			{9*time.Minute + 59*time.Second, none, "", false},
			{time.Hour, none, "", false},
		},
		"benign: a payment visible before its order, which a long transaction commits": {
			{0, signal.MissingLeft, "", false},
			{9 * time.Minute, none, "", false},
		},
		"benign: a replica behind an order that changes all the time": {
			{0, signal.Different, "state is paid on the left and placed on the right", false},
			{8 * time.Minute, signal.Different, "state is shipped on the left and paid on the right", false},
			{8 * time.Minute, signal.Different, "state is delivered on the left and shipped on the right", false},
			{8 * time.Minute, none, "", false},
		},
		"a value that stays different": {
			{0, signal.Different, "amount is 10 on the left and 12 on the right", false},
			{10 * time.Minute, signal.Different, "amount is 10 on the left and 12 on the right", true},
		},
		"benign: a mismatch that disappears and returns is a new one": {
			{0, signal.MissingRight, "", false},
			{6 * time.Minute, none, "", false},
			{time.Minute, signal.MissingRight, "", false},
			{6 * time.Minute, signal.MissingRight, "", false},
		},
		"benign: a mismatch that disappeared during an hour without readings": {
			{0, signal.MissingRight, "", false},
			{time.Hour, none, "", false},
		},
		"a third payment is a new mismatch": {
			{0, signal.Duplicate, "2 rows", false},
			{10 * time.Minute, signal.Duplicate, "2 rows", true},
			{time.Minute, signal.Duplicate, "3 rows", true},
			{10 * time.Minute, none, "", false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := reconcile.NewSuspects(10 * time.Minute)
			for i, l := range comparisons {
				s.Now = s.Now.Add(l.after)
				s.Compare("A-1", l.kind, l.detail)
				reported := false
				for _, kind := range []signal.MismatchKind{signal.MissingRight, signal.MissingLeft, signal.Duplicate, signal.Different} {
					ids, _ := s.Confirmed(kind)
					reported = reported || slices.Contains(ids, "A-1")
				}
				if reported != l.reported {
					t.Errorf("after comparison %d it is reported: %v, want %v", i+1, reported, l.reported)
				}
			}
		})
	}
}

func TestSuspectsAreDueAfterTheGracePeriod(t *testing.T) {
	s := reconcile.NewSuspects(10 * time.Minute)
	s.Compare("A-1", signal.MissingRight, "")
	s.Now = s.Now.Add(time.Minute)
	s.Compare("A-2", signal.MissingRight, "")
	s.Now = s.Now.Add(9 * time.Minute)
	if due := s.Due(); !slices.Equal(due, []string{"A-1"}) {
		t.Errorf("due are %q", due)
	}
	s.Compare("A-1", signal.MissingRight, "") // confirmed, and compared in each reading
	s.Now = s.Now.Add(time.Minute)
	if due := s.Due(); !slices.Equal(due, []string{"A-2", "A-1"}) {
		t.Errorf("due are %q, want the least recently compared first", due)
	}
}

func TestSuspectsAreCapped(t *testing.T) {
	s := reconcile.NewSuspects(time.Minute)
	for range 2 {
		for i := range reconcile.MaxSuspects + 10 {
			s.Compare(fmt.Sprint(i), signal.MissingRight, "")
		}
		s.Now = s.Now.Add(time.Minute)
	}
	if ids, capped := s.Confirmed(signal.MissingRight); len(ids) != 10 || !capped {
		t.Errorf("confirmed are %q, capped %v", ids, capped)
	}
	if due := len(s.Due()); due > 2000 {
		t.Errorf("%d are compared in one reading", due)
	}
}

func TestPassRunsOnlyOffPeak(t *testing.T) {
	night := time.Date(2026, 3, 29, 1, 30, 45, 0, time.Local)
	for schedule, want := range map[string][2]bool{ // at night, at noon
		"":                {true, true},
		"* 1-5 * * *":     {true, false},
		"* * * * *":       {true, true},
		"*/30 * * * *":    {true, true},
		"0-29 * * * *":    {false, true},
		"* 22-23 * * *":   {false, false},
		"* * * * MON-FRI": {false, false},
	} {
		got := [2]bool{reconcile.MayRun(schedule, night), reconcile.MayRun(schedule, night.Add(10*time.Hour+30*time.Minute).Truncate(time.Hour))}
		if got != want {
			t.Errorf("%q runs %v, want %v", schedule, got, want)
		}
	}
}
