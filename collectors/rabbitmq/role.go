package rabbitmq

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// roles decides what each queue is for: from where its messages go when it gives them up,
// from where it takes them, and from whether consumers process it. Names decide only
// between what the rest leaves open.
type roles struct {
	setups   map[key]setup
	from     map[key][]key // the queues that dead-letter to a queue, sorted; not itself
	use      func(key) use
	given    func(queue string) signal.Purpose // by the config; without a role if it gives none
	known    map[key]signal.Purpose
	delaying map[key]string // why a queue is a delay; empty if it is none
}

func newRoles(setups map[key]setup, uses func(key) use, given func(string) signal.Purpose) *roles {
	r := &roles{setups: setups, from: map[key][]key{}, use: uses, given: given, known: map[key]signal.Purpose{}, delaying: map[key]string{}}
	for k, s := range setups {
		for _, to := range s.to {
			if to != k {
				r.from[to] = append(r.from[to], k)
			}
		}
	}
	for _, from := range r.from {
		slices.SortFunc(from, compareKeys)
	}
	return r
}

func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(a.vhost, b.vhost), strings.Compare(a.name, b.name))
}

// of returns what a queue is for; nothing while its definition is not known.
func (r *roles) of(k key) signal.Purpose {
	if p, known := r.known[k]; known {
		return p
	}
	p := r.given(k.name)
	if s := r.setups[k].signal; p.Role == "" && s != nil {
		// A queue that leads back to itself is asked for while it is decided.
		r.known[k] = signal.Purpose{}
		p = r.decide(k, r.setups[k])
	}
	r.known[k] = p
	return p
}

func (r *roles) decide(k key, s setup) signal.Purpose {
	if s.private != "" {
		return signal.Purpose{Role: signal.RoleReply, Reason: s.private}
	}
	if reason := r.delays(k); reason != "" {
		return signal.Purpose{Role: signal.RoleDelay, Reason: reason}
	}
	u := r.use(k)
	var failing, delaying []key
	for _, source := range r.from[k] {
		if r.delays(source) != "" {
			delaying = append(delaying, source)
		} else {
			failing = append(failing, source)
		}
	}
	switch {
	case len(r.from[k]) > 0 && r.returns(k):
		return signal.Purpose{Role: signal.RoleWork, Reason: "takes its own messages back from " + list(r.from[k])}
	case len(failing) > 0 && u.consumed():
		return signal.Purpose{Role: signal.RoleRetry, Reason: "takes the dead letters of " + list(failing) + ", and consumers of its own process them"}
	case u.attendance.Own():
		return signal.Purpose{Role: signal.RoleWork, Reason: "consumers process it"}
	case collectors.SoundsParked(k.name):
		return signal.Purpose{Role: signal.RoleParking, Reason: "its name; no consumer was seen"}
	case len(failing) > 0:
		return signal.Purpose{Role: signal.RoleDeadLetter, Reason: "takes the dead letters of " + list(failing) + "; no consumer of its own was seen"}
	case collectors.SoundsDead(k.name):
		return signal.Purpose{Role: signal.RoleDeadLetter, Reason: "its name; no consumer was seen"}
	case u.worked:
		return signal.Purpose{Role: signal.RoleWork, Reason: "consumers processed it"}
	case len(delaying) > 0:
		return signal.Purpose{Role: signal.RoleWork, Reason: list(delaying) + " passes messages on to it after a delay"}
	}
	return signal.Purpose{Role: signal.RoleWork, Reason: "takes no dead letters"}
}

// consumed reports whether consumers process a queue regularly.
func (r *roles) consumed(k key) bool { u := r.use(k); return u.consumed() }

// delays says why a queue is a delay: nothing consumes it, and what it gives up goes on to
// a queue that consumers process. Empty if it is none.
func (r *roles) delays(k key) string {
	reason, known := r.delaying[k]
	if !known {
		reason = r.delay(k, r.setups[k])
		r.delaying[k] = reason
	}
	return reason
}

func (r *roles) delay(k key, s setup) string {
	if s.signal == nil || s.private != "" || len(s.to) == 0 || r.consumed(k) {
		return ""
	}
	if p := r.given(k.name); p.Role != "" {
		if p.Role == signal.RoleDelay {
			return p.Reason
		}
		return ""
	}
	after := "messages leave when they expire"
	if s.signal.Retention > 0 {
		after = "messages leave after " + s.signal.Retention.String()
	}
	to := " to " + list(s.to)
	timed, named := s.signal.Retention > 0, collectors.SoundsDelayed(k.name)
	switch {
	case slices.Contains(s.to, k) && timed:
		return after + " and return to it"
	case r.returns(k) && (timed || named):
		return after + to + ", which gives them up to it; no consumer was seen"
	case r.returns(k), slices.ContainsFunc(s.to, func(to key) bool { return collectors.SoundsDead(to.name) || collectors.SoundsParked(to.name) }):
		return ""
	case named:
		return after + to + "; its name, and no consumer was seen"
	case !timed || collectors.SoundsDead(k.name) || collectors.SoundsParked(k.name):
		return ""
	case slices.ContainsFunc(s.to, r.consumed):
		return after + to + ", which consumers process; it has none itself"
	case slices.ContainsFunc(s.to, func(to key) bool { return extends(k.name, to.name) }):
		return after + to + ", whose name it extends; no consumer was seen"
	}
	return ""
}

// mostCycle bounds how many queues are visited to find the way back to one of them.
const mostCycle = 100

// returns reports whether a message that the queue gives up can come back to it.
func (r *roles) returns(k key) bool {
	seen := map[key]bool{}
	left := slices.Clone(r.setups[k].to)
	for len(left) > 0 && len(seen) < mostCycle {
		at := left[len(left)-1]
		left = left[:len(left)-1]
		if at == k || seen[at] {
			continue
		}
		seen[at] = true
		for _, to := range r.setups[at].to {
			if to == k {
				return true
			}
			left = append(left, to)
		}
	}
	return false
}

// extends reports whether a name is another with words before or after it.
func extends(name, other string) bool {
	if len(name) <= len(other) {
		return false
	}
	separates := func(c byte) bool { return strings.IndexByte("._-:/", c) >= 0 }
	return strings.HasPrefix(name, other) && separates(name[len(other)]) ||
		strings.HasSuffix(name, other) && separates(name[len(name)-len(other)-1])
}

// deadLettering returns what a dead letter queue inherits from the queues that dead-letter
// to it.
func (r *roles) deadLettering(k key) *deadLettering {
	d := &deadLettering{purpose: r.of(k)}
	for _, source := range r.from[k] {
		d.sources = append(d.sources, source.destination())
		d.retention = max(d.retention, r.setups[source].signal.Retention)
	}
	return d
}

// list names the first queues.
func list(queues []key) string {
	names := make([]string, len(queues))
	for i, k := range queues {
		names[i] = k.destination()
	}
	return phrase.List(names, 3)
}

// use is what the readings show of the consumers of a queue.
type use struct {
	attendance collectors.Attendance
	// worked: consumers processed a good part of what publishers sent. The broker does not
	// count dead letters as published, so this says nothing of a queue that takes only those.
	worked bool
}

// consumed reports whether consumers process the queue regularly.
func (u *use) consumed() bool { return u.attendance.Own() || u.worked }

// observe takes the next reading and reports whether the answer changed.
func (u *use) observe(c *counts, now signal.Instant) (changed bool) {
	before := u.worked
	processed := c.processed()
	u.worked = processed > 0 && c.published.Known() && processed >= c.published/10
	return u.attendance.Observe(c.consumers, now) || before != u.worked
}
