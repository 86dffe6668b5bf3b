package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// Measures of the picture of an order, in pixels.
const (
	laneLabel   = 210
	laneHeight  = 48
	laneHead    = 40
	eventWidth  = 70
	mostDrawn   = 40 // events; the table has all
	mostLanes   = 30
	longestName = 28 // characters of a name in a label
)

// swimlanes is the trail of an order as a picture: a lane for each place, a mark for each
// event and each expectation, in the order of time from left to right.
type swimlanes struct {
	Width, Height int
	Lanes         []lane
	Marks         []mark
	Path          string // through all events
	Hidden        int    // events that are not drawn
}

type lane struct {
	Y, Middle   int
	Store, Name string // as they fit
	Full        string
	Class       string // gap, empty
	Note        string
}

type mark struct {
	X, Y   int
	Number int // of the event in the table; 0 for an expectation
	Class  string
	Title  string
	Clock  string // above the column
	Day    string // above the clock, where it is another
}

// drawOrder draws the trail.
func drawOrder(o *api.Order, now time.Time) swimlanes {
	p := swimlanes{Width: laneLabel + eventWidth}
	for i := range o.Places[:min(len(o.Places), mostLanes)] {
		place := &o.Places[i]
		l := lane{
			Y: laneHead + i*laneHeight, Middle: laneHead + i*laneHeight + laneHeight/2,
			Store: phrase.Cut(place.Store, longestName), Name: phrase.Cut(place.Name, longestName), Full: place.String(),
		}
		switch {
		case len(place.Gaps) > 0:
			l.Class, l.Note = "gap", "not searched"
			if place.Events > 0 {
				l.Note = "searched in part"
			}
		case place.Events == 0 && place.Searched != "":
			l.Class, l.Note = "empty", "nothing found in a part of it"
		case place.Events == 0:
			l.Class, l.Note = "empty", "nothing found"
		}
		p.Lanes = append(p.Lanes, l)
	}
	first := max(0, len(o.Events)-mostDrawn)
	p.Hidden = first
	x, day := laneLabel+eventWidth/2, ""
	column := func(at time.Time) (clock, newDay string) {
		if at.IsZero() {
			return "time?", ""
		}
		at = at.In(now.Location())
		if d := at.Format("2 Jan 2006"); d != day {
			day, newDay = d, d
		}
		return at.Format(time.TimeOnly), newDay
	}
	var path []string
	for i := first; i < len(o.Events); i++ {
		event := &o.Events[i]
		if event.Place >= len(p.Lanes) {
			p.Hidden++
			continue
		}
		m := mark{X: x, Y: p.Lanes[event.Place].Middle, Number: i + 1, Class: string(event.Kind), Title: event.What}
		m.Clock, m.Day = column(event.At)
		p.Marks = append(p.Marks, m)
		path = append(path, fmt.Sprintf("%d %d", m.X, m.Y))
		x += eventWidth
	}
	if len(path) > 1 {
		p.Path = "M" + strings.Join(path, "L")
	}
	for i := range o.Expected {
		expected := &o.Expected[i]
		if expected.Place >= len(p.Lanes) || len(p.Marks) > 2*mostDrawn {
			continue
		}
		m := mark{X: x, Y: p.Lanes[expected.Place].Middle, Class: "expected", Title: "Expected: " + expected.What}
		if expected.Overdue {
			m.Class, m.Title = "expected overdue", "Overdue: "+expected.What
		}
		m.Clock, m.Day = column(expected.By)
		p.Marks = append(p.Marks, m)
		x += eventWidth
	}
	p.Width = max(x-eventWidth/2+8, laneLabel+3*eventWidth)
	p.Height = laneHead + len(p.Lanes)*laneHeight + 8
	return p
}

// wrong reports whether an event is something to act on.
func wrong(kind signal.EventKind) bool {
	return kind == signal.EventFault || kind == signal.EventDeadLetter
}
