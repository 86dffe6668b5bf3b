package terminal

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

const (
	// orderWidth is what the lines of a trail fit into, unless a name alone is longer.
	orderWidth = 80
	// widestPlace is how wide the column of places may be.
	widestPlace = 26
)

// eventColors are the colours of what is wrong.
var eventColors = map[signal.EventKind]string{signal.EventDeadLetter: "31", signal.EventFault: "31", signal.EventWaiting: "33"}

// trail is the trail of one order while it is written.
type trail struct {
	Style
	b     strings.Builder
	order *api.Order
	place int    // the width of the column of places
	day   string // that was written last
}

// Order writes the trail of one order: what happened, what should have, and what is not
// known.
func (s Style) Order(w io.Writer, o *api.Order) error {
	t := trail{Style: s, order: o}
	for i := range o.Places {
		t.place = max(t.place, utf8.RuneCountInString(o.Places[i].String()))
	}
	t.place = min(t.place, widestPlace)
	name := "Order " + o.ID
	if o.Hashed {
		name += " (hash)"
	}
	t.b.WriteString(s.paint("1", name) + "\n" + wrapAt(o.Summary, "", orderWidth) + "\n")
	for _, event := range o.Events {
		t.event(event)
	}
	t.expected()
	t.gaps()
	t.empty()
	t.references()
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *trail) event(event api.OrderEvent) {
	at := event.At.In(t.Now.Location())
	day, clock := at.Format("2006-01-02 MST"), at.Format(time.TimeOnly)
	if event.At.IsZero() {
		day, clock = "Time not known", "-"
	}
	if day != t.day {
		t.b.WriteString("\n" + day + "\n")
		t.day = day
	}
	what := event.What
	if event.Key != "" {
		what += " (" + event.Key + ")"
	}
	if event.Detail != "" {
		what += ": " + event.Detail
	}
	t.row(clock, event.Place, what, eventColors[event.Kind])
}

// row writes a time, a place and a text in columns; each breaks between words.
func (t *trail) row(clock string, place int, text, color string) {
	wheres := strings.Split(wrapAt(t.order.Places[place].String(), "", t.place), "\n")
	whats := strings.Split(wrapAt(text, "", orderWidth-2-8-2-t.place-2), "\n")
	for i := range max(len(wheres), len(whats)) {
		var where, what string
		if i < len(wheres) {
			where = wheres[i]
		}
		if i < len(whats) {
			what = t.paint(color, whats[i])
		}
		where += strings.Repeat(" ", max(0, t.place-utf8.RuneCountInString(where)))
		t.b.WriteString(strings.TrimRight(fmt.Sprintf("  %-8s  %s  %s", clock, where, what), " ") + "\n")
		clock = ""
	}
}

func (t *trail) expected() {
	for i, x := range t.order.Expected {
		if i == 0 {
			t.b.WriteString("\nExpected\n")
		}
		by := x.By.In(t.Now.Location())
		text, color := x.What+", by "+phrase.Clock(by, t.Now), ""
		if x.Overdue {
			text, color = text+": "+phrase.Ago(t.Now.Sub(by))+" overdue", "33"
		}
		t.row(by.Format(time.TimeOnly), x.Place, text, color)
	}
}

// gaps writes what could not be searched, and what to do about it.
func (t *trail) gaps() {
	title := "\nNot searched\n"
	for i := range t.order.Places {
		place := &t.order.Places[i]
		for _, gap := range place.Gaps {
			t.b.WriteString(title + "  " + t.paint("33", place.String()) + " (" + gap.Source + ")\n")
			t.b.WriteString(wrapAt(gap.Reason, "    ", orderWidth) + "\n")
			title = ""
		}
	}
}

// empty names the places without the order, and those that were searched only in part.
func (t *trail) empty() {
	title := "\nNothing found\n"
	for i := range t.order.Places {
		place := &t.order.Places[i]
		if place.Events > 0 || len(place.Gaps) > 0 {
			continue
		}
		text := place.String() + ": no " + cmp.Or(place.Holds, "trace of it")
		if place.Searched != "" {
			text += " (searched: " + place.Searched + ")"
		}
		t.b.WriteString(title + wrapAt(text, "  ", orderWidth) + "\n")
		title = ""
	}
	title = "\nSearched in part\n"
	for i := range t.order.Places {
		if place := &t.order.Places[i]; place.Events > 0 && place.Searched != "" {
			t.b.WriteString(title + wrapAt(place.String()+": "+place.Searched, "  ", orderWidth) + "\n")
			title = ""
		}
	}
}

// references writes the traces and the findings.
func (t *trail) references() {
	for i, trace := range t.order.Traces {
		if i == 0 {
			t.b.WriteString("\nTraces\n")
		}
		t.b.WriteString("  " + cmp.Or(trace.URL, trace.ID) + "\n")
	}
	for i := range t.order.Findings {
		f := &t.order.Findings[i]
		if i == 0 {
			t.b.WriteString("\nFindings\n")
		}
		t.b.WriteString(wrapAt(fmt.Sprintf("%s  %s  %s: %s", short(f.ID), f.Severity, f.Mode, f.Subject), "  ", orderWidth) + "\n")
	}
}
