package detect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

func named(ids ...string) map[string]string {
	all := map[string]string{}
	for _, id := range ids {
		all[id] = id
	}
	return all
}

// TestAcknowledgedOrdersDoNotCount: four old orders are known, and new ones come.
func TestAcknowledgedOrdersDoNotCount(t *testing.T) {
	old, all := []string{"A-1", "A-2", "A-3", "A-4"}, []string{"A-1", "A-2", "A-3", "A-4", "B-1", "B-2"}
	s := newScript(t)
	begin := s.now
	play := func(ids ...string) {
		s.play(time.Minute, func(int) signal.Report {
			return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, ids...))
		})
	}
	play(old...)
	if len(s.opened) != 1 || s.opened[0].Count != 4 {
		t.Fatalf("opened %+v", s.opened)
	}
	until := s.now.Add(24 * time.Hour)
	for name, a := range map[string]detect.Acknowledgement{
		"by check and order":   {Check: "payments", Orders: named(old...)},
		"by check and number":  {Check: "payments", UpTo: 4},
		"by finding and order": {Finding: s.opened[0].ID, Orders: named(append(old, "wrong")...)},
	} {
		a.Until, a.Why = until, "SHOP-1"
		s.detector.Acknowledge([]detect.Acknowledgement{a})
		play(old...)
		if open, known := s.open(), s.detector.Acknowledged(); len(open) != 0 || len(known) != 1 || known[0].Count != 4 || known[0].ID != s.opened[0].ID {
			t.Errorf("%s: open %v, acknowledged %+v", name, open, known)
		}
		play(all...)
		open := s.detector.Open()
		if len(open) != 1 || open[0].Count != 2 || a.UpTo == 0 && !slices.Equal(open[0].OrderIDs, []string{"B-1", "B-2"}) {
			t.Errorf("%s: open %+v", name, open)
			continue
		}
		if note, _ := open[0].Evidence.Find("acknowledged"); !strings.Contains(note.Value.Text, "SHOP-1") || !strings.Contains(open[0].Summary, "4 are known and acknowledged") {
			t.Errorf("%s: evidence %v, summary %s", name, open[0].Evidence, open[0].Summary)
		}
	}
	for name, a := range map[string]detect.Acknowledgement{
		"of another check":     {Check: "refunds", UpTo: 100},
		"of a lifecycle":       {Lifecycle: "payments", UpTo: 100},
		"of other orders":      {Check: "payments", Orders: named("C-1")},
		"that ended meanwhile": {Check: "payments", UpTo: 100, Until: s.now.Add(-time.Second)},
	} {
		if a.Until.IsZero() {
			a.Until = until
		}
		s.detector.Acknowledge([]detect.Acknowledgement{a})
		play(all...)
		if open := s.detector.Open(); len(open) != 1 || open[0].Count != 6 || len(s.detector.Acknowledged()) != 0 {
			t.Errorf("an acknowledgement %s: open %+v", name, open)
		}
	}
}

// TestAcknowledgementEndsByItself: the finding returns without an edit of the config.
func TestAcknowledgementEndsByItself(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.detector.Acknowledge([]detect.Acknowledgement{{Check: "payments", UpTo: 9, Until: s.now.Add(time.Hour), Why: "SHOP-1"}})
	read := func(int) signal.Report {
		return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1", "A-2"))
	}
	s.play(59*time.Minute, read)
	if len(s.opened) != 0 {
		t.Fatalf("opened %+v", s.opened)
	}
	s.play(2*time.Minute, read)
	if len(s.opened) != 1 || s.opened[0].Count != 2 || !s.opened[0].Since.Equal(begin) {
		t.Errorf("opened %+v", s.opened)
	}
}

// TestAcknowledgementSurvivesARestart: the count of a finding that was open does not jump.
func TestAcknowledgementSurvivesARestart(t *testing.T) {
	s := newScript(t)
	begin := s.now
	known := []detect.Acknowledgement{{Check: "payments", Orders: named("A-1", "A-2"), Until: s.now.Add(time.Hour), Why: "SHOP-1"}}
	read := func(int) signal.Report {
		return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1", "A-2", "B-1"))
	}
	s.detector.Acknowledge(known)
	s.play(time.Minute, read)
	open := s.detector.OpenFindings()
	s.detector = detect.New()
	s.detector.Acknowledge(known)
	s.detector.RestoreFindings(open)
	s.play(time.Minute, read)
	if now := s.detector.Open(); len(now) != 1 || now[0].Count != 1 || len(s.grown)+len(s.closed) != 0 || len(s.opened) != 1 {
		t.Errorf("open %+v, grown %v, closed %v", now, s.grown, s.closed)
	}
	// Acknowledged while lostorder was down: a source that has not found it again must not
	// keep it open.
	s.detector = detect.New()
	known[0].Orders = named("A-1", "A-2", "B-1")
	s.detector.Acknowledge(known)
	s.detector.RestoreFindings(open)
	s.play(interval, read)
	if now := s.open(); len(now) != 0 {
		t.Errorf("open %v", now)
	}
}

// TestAcknowledgedDuplicatesCountByRequest: one order of each request is right.
func TestAcknowledgedDuplicatesCountByRequest(t *testing.T) {
	s := newScript(t)
	at := func(id string) signal.OrderRef { return signal.OrderRef{ID: id, Since: signal.InstantOf(s.now)} }
	read := func(int) signal.Report {
		return signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", Database: "db", Duplicates: &signal.Duplicates{Groups: []signal.DuplicateGroup{
			{Orders: []signal.OrderRef{at("A-1"), at("A-2")}}, {Orders: []signal.OrderRef{at("B-1"), at("B-2"), at("B-3")}},
		}}}}}
	}
	s.detector.Acknowledge([]detect.Acknowledgement{{Lifecycle: "order", Orders: named("A-1", "A-2", "B-2"), Until: s.now.Add(time.Hour), Why: "x"}})
	s.play(time.Minute, read)
	if open := s.detector.Open(); len(open) != 1 || open[0].Count != 1 {
		t.Errorf("open %+v", open)
	}
}
