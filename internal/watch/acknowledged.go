package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
)

// Acknowledgement is an entry of the config with what it covers now.
type Acknowledgement struct {
	Subject  string // what it is about: "finding 3f1c9ab04d21", "check charged", "lifecycle order"
	Why      string
	Until    time.Time
	Expired  bool
	Known    int // orders that it names, or up_to
	Count    int64
	Findings []detect.Acknowledged
}

// acknowledgements are those of the config, and what the log says of them already.
type acknowledgements struct {
	all     []detect.Acknowledgement
	since   time.Time // when they were applied
	ended   map[int]bool
	checked bool // whether they name orders that are not affected
}

// unmatchedAfter is how long sources have to find the known orders again after a start.
const unmatchedAfter = 15 * time.Minute

// Acknowledge replaces the acknowledgements of the config.
func (w *Watch) Acknowledge(all []detect.Acknowledgement) {
	w.deciding.Lock()
	defer w.deciding.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = acknowledgements{all: all, since: w.now(), ended: map[int]bool{}}
	w.detector.Acknowledge(all)
	w.changed()
}

// covered returns what each acknowledgement covers now.
func (w *Watch) covered(now time.Time) []Acknowledgement {
	all := make([]Acknowledgement, len(w.known.all))
	for i := range w.known.all {
		a := &w.known.all[i]
		all[i] = Acknowledgement{Subject: subjectOf(a), Why: a.Why, Until: a.Until, Expired: !now.Before(a.Until), Known: len(named(a))}
		if a.UpTo > 0 {
			all[i].Known = int(a.UpTo)
		}
	}
	for _, one := range w.detector.Acknowledged() {
		if a := &all[one.Index]; !a.Expired {
			a.Count += one.Count
			a.Findings = append(a.Findings, one)
		}
	}
	return all
}

// reviewAcknowledgements logs, once, those that have ended, and those that name orders which
// are not affected: a wrong id hides nothing, and its author should know.
func (w *Watch) reviewAcknowledgements() {
	now := w.now()
	for i := range w.known.all {
		if a := &w.known.all[i]; !now.Before(a.Until) && !w.known.ended[i] {
			w.known.ended[i] = true
			w.log.Warn("an acknowledgement has ended; its orders count again", "about", subjectOf(a), "until", a.Until, "why", a.Why)
		}
	}
	if w.known.checked || len(w.known.all) == 0 || now.Sub(w.known.since) < unmatchedAfter {
		return
	}
	w.known.checked = true
	for i, a := range w.covered(now) {
		if a.Expired {
			continue
		}
		missing := named(&w.known.all[i])
		for _, one := range a.Findings {
			missing = slices.DeleteFunc(missing, func(id string) bool { return slices.Contains(one.Orders, id) })
		}
		switch {
		case len(missing) > 0:
			w.log.Warn("acknowledged orders are not affected: they are repaired, or the ids are wrong", "about", a.Subject, "order_ids", missing, "why", a.Why)
		case len(a.Findings) == 0:
			w.log.Warn("an acknowledgement covers nothing: no such finding is open", "about", a.Subject, "why", a.Why)
		}
	}
}

// named are the orders of an acknowledgement, as they may be shown.
func named(a *detect.Acknowledgement) []string {
	ids := slices.Sorted(maps.Values(a.Orders))
	return slices.Compact(ids)
}

func subjectOf(a *detect.Acknowledgement) string {
	for _, one := range []struct{ kind, name string }{{"finding", a.Finding}, {"check", a.Check}, {"lifecycle", a.Lifecycle}} {
		if one.name != "" {
			return one.kind + " " + one.name
		}
	}
	return strings.TrimSpace(fmt.Sprint(a.Why))
}
