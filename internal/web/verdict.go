package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// coverage is which of the targets can be read.
type coverage struct {
	all     int
	blind   []string // targets that cannot be read
	partial []string // targets that can be read only in part
	waiting []string // targets not yet tried
	unowned []string // targets that no replica reads
	silent  []string // targets whose replica does not answer
}

func coverageOf(targets []watch.Target, now time.Time) coverage {
	s := coverage{all: len(targets)}
	for i := range targets {
		name := targets[i].ID.String()
		switch conditionOf(&targets[i], now) {
		case waiting:
			s.waiting = append(s.waiting, name)
		case down, stale:
			s.blind = append(s.blind, name)
		case partial:
			s.partial = append(s.partial, name)
		case unowned:
			s.unowned = append(s.unowned, name)
		case silent:
			s.silent = append(s.silent, name)
		case up:
		}
	}
	return s
}

// readable is the number of targets that can be read, at least in part.
func (s coverage) readable() int {
	return s.all - len(s.blind) - len(s.waiting) - len(s.unowned) - len(s.silent)
}

// String names the targets that cannot be read.
func (s coverage) String() string {
	if s.all == 0 {
		return "The configuration names no target."
	}
	if len(s.blind)+len(s.partial)+len(s.waiting)+len(s.unowned)+len(s.silent) == 0 {
		if s.all == 1 {
			return "The only target can be read."
		}
		return fmt.Sprintf("All %d targets can be read.", s.all)
	}
	const most = 5
	var parts []string
	if len(s.blind) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s cannot be read: %s.", len(s.blind), phrase.Count(s.all, "target"), phrase.List(s.blind, most)))
	}
	if len(s.partial) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s can be read in part only: %s.", len(s.partial), phrase.Count(s.all, "target"), phrase.List(s.partial, most)))
	}
	if len(s.waiting) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s not yet read: %s.", len(s.waiting), phrase.Count(s.all, "target"), phrase.List(s.waiting, most)))
	}
	if len(s.unowned) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s are read by no replica: %s.", len(s.unowned), phrase.Count(s.all, "target"), phrase.List(s.unowned, most)))
	}
	if len(s.silent) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s are read by replicas that do not answer this one: %s.", len(s.silent), phrase.Count(s.all, "target"), phrase.List(s.silent, most)))
	}
	return strings.Join(parts, " ")
}

// verdictOf decides whether orders are being lost. It is the headline of the status page.
func verdictOf(known *watch.Snapshot, now time.Time) api.Verdict {
	s := coverageOf(known.Targets, now)
	v := api.Verdict{Sight: s.String()}
	switch {
	case len(known.Open) > 0:
		v.Level, v.Label = worst(known.Open)
		v.Text = phrase.Headline(known.Open, now)
	case s.all == 0:
		v.Level, v.Label, v.Text = "blind", "Blind", "lostorder watches nothing."
	case s.readable() == 0 && len(s.waiting) > 0 && len(s.blind) == 0:
		v.Level, v.Label, v.Text = "blind", "Starting", "Unknown: no target has been read yet."
	case s.readable() == 0:
		v.Level, v.Label, v.Text = "blind", "Blind", "Unknown: no target can be read."
	case s.readable() < s.all:
		v.Level, v.Label = "blind", "Partly blind"
		v.Text = fmt.Sprintf("No order is being lost in the %d of %d targets that can be read. The others are unknown.", s.readable(), s.all)
	case len(s.partial) > 0:
		v.Level, v.Label = "blind", "Partly blind"
		v.Text = "No order is being lost in the parts of the targets that can be read. The others are unknown."
	default:
		v.Level, v.Label, v.Text = "calm", "All well", "No order is being lost."
		if since, objective := youngest(known.Targets, now); objective > 0 {
			v.Level, v.Label = "note", "Watching since "+since.In(now.Location()).Format("15:04")
			v.Text = fmt.Sprintf("No order is being lost so far. Consumers may stand still for %s before that counts, and lostorder has watched for %s.", phrase.Duration(objective), phrase.Duration(now.Sub(since)))
		}
	}
	return v
}

// youngest returns since when a target is watched that has not been watched for as long as its
// longest objective, and that objective: of several, the longest. A consumer that stood still before
// looks like one that has just paused. 0: there is no such target.
func youngest(targets []watch.Target, now time.Time) (since time.Time, longest time.Duration) {
	for i := range targets {
		t := &targets[i]
		if t.Watched.IsZero() || t.Reading == nil {
			continue
		}
		var objective time.Duration
		for j := range t.Reading.Queues {
			objective = max(objective, t.Reading.Queues[j].Objective.MaxAge)
		}
		for j := range t.Reading.Outboxes {
			objective = max(objective, t.Reading.Outboxes[j].MaxAge)
		}
		if objective > longest && now.Sub(t.Watched) < objective {
			since, longest = t.Watched, objective
		}
	}
	return since, longest
}

func worst(open []signal.Finding) (level, label string) {
	level, label = "note", "For the record"
	for i := range open {
		switch open[i].Severity {
		case signal.Critical:
			return "lost", "Orders are being lost"
		case signal.Warning:
			level, label = "risk", "Orders are at risk"
		case signal.Info:
		}
	}
	return level, label
}
