package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// summary says where the order is, what is overdue, and how sure that is.
func summary(o *api.Order, now time.Time) string {
	var said []string
	var states []api.OrderEvent
	for _, event := range o.Events {
		if event.Kind == signal.EventState {
			states = append(states, event)
		}
	}
	for _, event := range states {
		what, more := event.What, ""
		if end := strings.IndexAny(what, ",;"); end > 0 { // "is in state paid, worth € 18.50"
			what, more = what[:end], what[end:]
		}
		text := "It " + what
		if len(states) > 1 {
			text = "In " + o.Places[event.Place].String() + " it " + what
		}
		if !event.At.IsZero() {
			text += " since " + phrase.Clock(event.At, now) + " (" + phrase.Ago(now.Sub(event.At)) + ")"
		}
		said = append(said, text+more+".")
	}
	for _, x := range o.Expected {
		if x.Overdue {
			said = append(said, fmt.Sprintf("Overdue since %s: %s.", phrase.Clock(x.By, now), x.What))
		}
	}
	for _, event := range o.Events {
		if event.Kind == signal.EventFault || event.Kind == signal.EventDeadLetter {
			said = append(said, fmt.Sprintf("In %s: %s.", o.Places[event.Place].String(), event.What))
		}
	}
	gaps := 0
	for i := range o.Places {
		if len(o.Places[i].Gaps) > 0 {
			gaps++
		}
	}
	switch all := len(o.Places); {
	case len(o.Events) == 0 && gaps == all:
		said = append(said, "Nothing is known: no place could be searched.")
	case len(o.Events) == 0 && gaps > 0:
		said = append(said, fmt.Sprintf("No place that could be searched knows it; %d of %s could not be searched.", gaps, phrase.Count(all, "place")))
	case len(o.Events) == 0:
		said = append(said, "No place knows it.")
	case gaps > 0:
		said = append(said, fmt.Sprintf("%d of %s could not be searched.", gaps, phrase.Count(all, "place")))
	}
	return strings.Join(said, " ")
}
