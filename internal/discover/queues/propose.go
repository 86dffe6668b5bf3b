package queues

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/propose"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// mostListed is how many queues a comment lists.
const mostListed = 40

// Propose adds to an entry what was observed, and the objectives that follow from it.
func Propose(e *draft.Entry, d collectors.Discovery, o *Observed) {
	if o.Readings == 0 {
		return
	}
	all := decide(o)
	e.Why = append(e.Why, fmt.Sprintf("Observed %s in %s.", phrase.Count(o.Readings, "time"), span(o.For)))
	e.Why = append(e.Why, list(all)...)
	e.Why = append(e.Why, pairs(d, o, all)...)
	if names := left(all); len(names) > 0 {
		e.Lines = append(e.Lines, draft.Line{Key: d.Queues, Value: draft.Map{{Key: "exclude", Value: names}}})
	}
	if objectives := objectives(d, all); len(objectives) > 0 {
		e.Lines = append(e.Lines, draft.Line{Key: "objectives", Items: objectives, Note: "how long messages may wait; 5m, or 15m for SQS, where none matches"})
	}
	dropKeys(e, o)
}

// list describes the queues, those first that may carry orders.
func list(all []decided) (lines []string) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b decided) int {
		return cmp.Or(cmp.Compare(a.role, b.role), -cmp.Compare(boolean(a.order), boolean(b.order)))
	})
	for i, d := range sorted {
		if i == mostListed {
			return append(lines, fmt.Sprintf("and %d more", len(sorted)-i))
		}
		lines = append(lines, "  "+d.describe())
	}
	return lines
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// describe is one line about a queue.
func (d decided) describe() string {
	q := &d.Last
	text := q.Destination
	switch {
	case q.Group != "":
		text += " → " + q.Group
	case q.Semantics.Get().Log:
		text += " (no group reads it)"
	}
	var facts []string
	switch d.role {
	case Dead:
		facts = append(facts, "dead letter queue")
	case Delay:
		facts = append(facts, "retry or delay: "+d.why)
	case Internal:
		facts = append(facts, "left out: "+d.why)
	case Work:
		if d.order {
			facts = append(facts, "may carry orders by "+d.says)
		}
	}
	if q.Consumers.Known() {
		facts = append(facts, phrase.Count(int(d.Consumers), "consumer"))
	}
	if d.Rate >= 0 {
		facts = append(facts, fmt.Sprintf("%.1f messages/s", d.Rate))
	}
	if q.Ready.Known() {
		facts = append(facts, fmt.Sprintf("%d waiting", q.Ready))
	}
	if longest, ok := d.Longest(); ok {
		facts = append(facts, "the oldest waited "+span(longest))
	}
	return text + ": " + strings.Join(facts, ", ")
}

// pairs lists the dead letter queues, each with the reason.
func pairs(d collectors.Discovery, o *Observed, all []decided) (lines []string) {
	setups := map[string]*signal.Setup{}
	roles := map[string]Role{}
	for _, q := range all {
		setups[q.Last.Destination], roles[q.Last.Destination] = q.Last.Setup, q.role
	}
	for _, dead := range o.Dead {
		if roles[dead.Destination] != Dead && setups[dead.Destination] != nil {
			continue
		}
		reason := d.Pair
		if len(dead.Sources) > 0 {
			switch s := setups[dead.Sources[0]]; {
			case s != nil && s.DeadLettering.To != "":
				reason = fmt.Sprintf("%s (to %s)", d.Pair, s.DeadLettering.To)
			case strings.Contains(dead.Destination, dead.Sources[0]):
				reason = fmt.Sprintf("%s (%s)", d.Pair, strings.Replace(dead.Destination, dead.Sources[0], "{topic}", 1))
			}
		}
		from := "queues that are not known"
		if len(dead.Sources) > 0 {
			from = phrase.List(dead.Sources, 5)
		}
		text := fmt.Sprintf("  %s holds the dead letters of %s %s", dead.Destination, from, reason)
		if dead.Messages.Known() {
			text += fmt.Sprintf(": %s now", phrase.Count(int(dead.Messages), "message"))
		}
		lines = append(lines, text)
	}
	if len(lines) > 0 {
		lines = append([]string{"Dead letter queues:"}, lines...)
	}
	return lines
}

// left are the names of queues to leave out: internal ones, and those in which messages only
// wait for their time.
func left(all []decided) (names []string) {
	for _, d := range all {
		if d.role == Internal || d.role == Delay && isDelay(d.Queue) {
			names = append(names, regexp.QuoteMeta(shortName(d.Last.System, d.Last.Destination)))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// shortName is the name of a queue as the config selects it: without its virtual host, in which
// a slash is escaped.
func shortName(system signal.System, destination string) string {
	if _, name, ok := strings.Cut(destination, "/"); ok && system == signal.RabbitMQ {
		return name
	}
	return destination
}

// The objective of a source where none matches, and the least that is proposed.
const (
	usual    = 5 * time.Minute
	usualSQS = 15 * time.Minute
	least    = time.Minute
)

// objectives proposes how long messages may wait, where what was seen differs from the usual.
func objectives(d collectors.Discovery, all []decided) [][]draft.Line {
	type choice struct {
		age   config.Duration
		names []string
		seen  []string
	}
	by := map[config.Duration]*choice{}
	longest := map[string]time.Duration{}
	orders := map[string]bool{}
	for _, q := range all {
		if age, ok := q.Longest(); ok && q.role == Work {
			longest[q.Last.Destination] = max(longest[q.Last.Destination], age)
			orders[q.Last.Destination] = orders[q.Last.Destination] || q.order
		}
	}
	system := signal.System("")
	if len(all) > 0 {
		system = all[0].Last.System
	}
	normal := usual
	if system == signal.SQS {
		normal = usualSQS
	}
	for _, name := range slices.Sorted(maps.Keys(longest)) {
		seen := longest[name]
		age := propose.Round(max(least, 5*seen))
		switch {
		case system == signal.SQS && time.Duration(age) <= normal:
			continue // a shorter one needs metrics that are read more often
		case time.Duration(age) > normal:
		case !orders[name] || time.Duration(age) == normal:
			continue
		}
		c := by[age]
		if c == nil {
			c = &choice{age: age}
			by[age] = c
		}
		c.names, c.seen = append(c.names, regexp.QuoteMeta(shortName(system, name))), append(c.seen, span(seen))
	}
	var items [][]draft.Line
	for _, age := range slices.Sorted(maps.Keys(by)) {
		c := by[age]
		items = append(items, []draft.Line{
			{Key: d.Queues, Value: slices.Compact(c.names), Note: "the oldest message waited at most " + phrase.List(c.seen, 6)},
			{Key: "max_age", Value: c.age},
		})
	}
	return items
}

// dropKeys comments out the line for order ids where keys were seen that are none.
func dropKeys(e *draft.Entry, o *Observed) {
	seen := false
	for _, q := range o.Queues {
		seen = seen || looksLikeIDs(q.Last.Sample)
	}
	for _, d := range o.Dead {
		seen = seen || len(d.Sample) > 0 && !slices.ContainsFunc(d.Sample, func(r signal.OrderRef) bool { return !strings.ContainsAny(r.ID, "0123456789") })
	}
	for i := range e.Lines {
		if e.Lines[i].Key != "order_id" {
			continue
		}
		if e.Lines[i].Off = !seen; seen {
			e.Lines[i].Note = "the keys of messages that were read look like order ids; needs READ"
		}
	}
}

func span(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", max(0, d).Seconds())
	}
	return phrase.Ago(d)
}
