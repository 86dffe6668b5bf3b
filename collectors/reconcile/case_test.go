package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestAMismatchIsToldWhenItWasReadTwiceTheGraceApart(t *testing.T) {
	const none = signal.MismatchKind("")
	type look struct {
		after  time.Duration // since the look before
		kind   signal.MismatchKind
		detail string
		told   bool // after this look
	}
	for name, looks := range map[string][]look{
		"a payment that never comes": {
			{0, signal.MissingRight, "", false},
			{9 * time.Minute, signal.MissingRight, "", false},
			{time.Minute, signal.MissingRight, "", true},
			{time.Hour, signal.MissingRight, "", true},
		},
		"one that comes late is told until it comes": {
			{0, signal.MissingRight, "", false},
			{10 * time.Minute, signal.MissingRight, "", true},
			{time.Second, none, "", false},
		},
		"benign: a payment that comes within its grace": {
			{0, signal.MissingRight, "", false},
			{9*time.Minute + 59*time.Second, none, "", false},
			{time.Hour, none, "", false},
		},
		"benign: a payment that is seen before its order, which a long transaction commits": {
			{0, signal.MissingLeft, "", false},
			{9 * time.Minute, none, "", false},
		},
		"benign: a replica that is behind an order that changes all the time": {
			{0, signal.Different, "state is paid on the left and placed on the right", false},
			{8 * time.Minute, signal.Different, "state is shipped on the left and paid on the right", false},
			{8 * time.Minute, signal.Different, "state is delivered on the left and shipped on the right", false},
			{8 * time.Minute, none, "", false},
		},
		"a value that stays different": {
			{0, signal.Different, "amount is 10 on the left and 12 on the right", false},
			{10 * time.Minute, signal.Different, "amount is 10 on the left and 12 on the right", true},
		},
		"benign: a mismatch that heals and comes back is another one": {
			{0, signal.MissingRight, "", false},
			{6 * time.Minute, none, "", false},
			{time.Minute, signal.MissingRight, "", false},
			{6 * time.Minute, signal.MissingRight, "", false},
		},
		"benign: nobody looked for an hour, and it was healed": {
			{0, signal.MissingRight, "", false},
			{time.Hour, none, "", false},
		},
		"a third payment is another mismatch than two": {
			{0, signal.Duplicate, "2 rows", false},
			{10 * time.Minute, signal.Duplicate, "2 rows", true},
			{time.Minute, signal.Duplicate, "3 rows", true},
			{10 * time.Minute, none, "", false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := reconcile.NewSuspects(10 * time.Minute)
			for i, l := range looks {
				s.Now = s.Now.Add(l.after)
				s.Look("A-1", l.kind, l.detail)
				told := false
				for _, kind := range []signal.MismatchKind{signal.MissingRight, signal.MissingLeft, signal.Duplicate, signal.Different} {
					ids, _ := s.Told(kind)
					told = told || slices.Contains(ids, "A-1")
				}
				if told != l.told {
					t.Errorf("after look %d it is told: %v, want %v", i+1, told, l.told)
				}
			}
		})
	}
}

func TestWhatDiffersIsLookedAtAgainWhenItsGraceIsOver(t *testing.T) {
	s := reconcile.NewSuspects(10 * time.Minute)
	s.Look("A-1", signal.MissingRight, "")
	s.Now = s.Now.Add(time.Minute)
	s.Look("A-2", signal.MissingRight, "")
	s.Now = s.Now.Add(9 * time.Minute)
	if due := s.Due(); !slices.Equal(due, []string{"A-1"}) {
		t.Errorf("due are %q", due)
	}
	s.Look("A-1", signal.MissingRight, "") // told, and looked at again each time
	s.Now = s.Now.Add(time.Minute)
	if due := s.Due(); !slices.Equal(due, []string{"A-2", "A-1"}) {
		t.Errorf("due are %q, want those that were looked at longest ago first", due)
	}
}

func TestMemoryIsBoundedAndCountsSaySo(t *testing.T) {
	s := reconcile.NewSuspects(time.Minute)
	for range 2 {
		for i := range reconcile.MostCases + 10 {
			s.Look(fmt.Sprint(i), signal.MissingRight, "")
		}
		s.Now = s.Now.Add(time.Minute)
	}
	if ids, capped := s.Told(signal.MissingRight); len(ids) != 10 || !capped {
		t.Errorf("told are %q, capped %v", ids, capped)
	}
	if due := len(s.Due()); due > 2000 {
		t.Errorf("%d are looked at in one reading", due)
	}
}

func TestTheRoundKeepsItsHours(t *testing.T) {
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
		got := [2]bool{reconcile.Works(schedule, night), reconcile.Works(schedule, night.Add(10*time.Hour+30*time.Minute).Truncate(time.Hour))}
		if got != want {
			t.Errorf("%q works %v, want %v", schedule, got, want)
		}
	}
}
