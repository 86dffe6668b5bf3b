//go:build integration

package e2e_test

import (
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// find waits for an open finding of a mode about a subject and checks that it is complete.
func (p *program) find(mode signal.Mode, about signal.Subject) api.Finding {
	p.t.Helper()
	var found api.Finding
	eventually(p.t, string(mode)+" is found of "+about.String(), func() (bool, string) {
		all := p.findings()
		i := slices.IndexFunc(all, func(f api.Finding) bool {
			return f.Mode == mode && f.Labels == about && f.ClosedAt.IsZero() && !p.expected[f.ID]
		})
		if i < 0 {
			return false, "findings: " + inJSON(all) + "\ntargets: " + inJSON(p.targets())
		}
		found = all[i]
		return true, ""
	})
	p.expected[found.ID] = true
	if !strings.HasSuffix(found.RunbookURL, "/"+string(mode)+".md") || found.Subject != about.String() ||
		found.Since.IsZero() || found.DetectedAt.Before(found.Since) || len(found.Evidence) == 0 {
		p.t.Errorf("the finding is not complete: %s", inJSON(found))
	}
	if _, ok := p.value("lostorder_findings", "mode="+string(mode), "severity="+string(found.Severity)); !ok {
		p.t.Errorf("no series of lostorder_findings for %s %s", mode, found.Severity)
	}
	return found
}

// also expects a finding too, if it has opened. Call it for what is true only at some moments
// that are over.
func (p *program) also(mode signal.Mode, about signal.Subject) {
	p.t.Helper()
	for _, f := range p.findings() {
		if f.Mode == mode && f.Labels == about {
			p.expected[f.ID] = true
		}
	}
}

// byID returns the current state of a finding.
func (p *program) byID(id string) api.Finding {
	p.t.Helper()
	all := p.findings()
	i := slices.IndexFunc(all, func(f api.Finding) bool { return f.ID == id })
	if i < 0 {
		p.t.Fatalf("finding %s is gone; there are %s", id, inJSON(all))
	}
	return all[i]
}

// closes waits until a finding closes by itself.
func (p *program) closes(f api.Finding) {
	p.t.Helper()
	eventually(p.t, string(f.Mode)+" closes", func() (bool, string) {
		now := p.byID(f.ID)
		return !now.ClosedAt.IsZero(), inJSON(now)
	})
}

// names waits until the finding names exactly these orders, in any order. They may be read
// shortly after the finding opens.
func (p *program) names(f api.Finding, orders ...string) {
	p.t.Helper()
	slices.Sort(orders)
	eventually(p.t, "the finding names its orders", func() (bool, string) {
		got := p.byID(f.ID).OrderIDs
		slices.Sort(got)
		return slices.Equal(got, orders), inJSON(got) + " instead of " + inJSON(orders)
	})
}

// counts waits until the finding counts n messages or orders.
func (p *program) counts(f api.Finding, want int64) {
	p.t.Helper()
	eventually(p.t, "the finding counts", func() (bool, string) {
		now := p.byID(f.ID)
		return now.Count == want, inJSON(now)
	})
}

// evidence returns one fact of a finding.
func evidence(f api.Finding, name string) string {
	for _, fact := range f.Evidence {
		if fact.Name == name {
			return fact.Value.String()
		}
	}
	return ""
}

// says checks facts of a finding, given as alternating names and values.
func (p *program) says(f api.Finding, facts ...string) {
	p.t.Helper()
	for fact := range slices.Chunk(facts, 2) {
		if got := evidence(f, fact[0]); got != fact[1] {
			p.t.Errorf("evidence %s is %q, want %q, in %s", fact[0], got, fact[1], inJSON(f))
		}
	}
}

// failOnUnexpected fails the test for findings that it did not expect.
func (p *program) failOnUnexpected() {
	p.t.Helper()
	if p.lenient {
		return
	}
	for _, f := range p.findings() {
		if !p.expected[f.ID] {
			p.t.Errorf("false finding: %s", inJSON(f))
		}
	}
}

// silent watches for d. No finding may open, and every target must be read all the time:
// otherwise silence proves nothing.
func (p *program) silent(d time.Duration) {
	p.t.Helper()
	var names []string
	for _, t := range p.targets() {
		names = append(names, t.Collector+"/"+t.Target)
	}
	p.watch(d, names, func(t api.Target) {
		if t.ReadingAgeSeconds != nil && t.Readings == (api.Readings{}) {
			p.t.Fatalf("the target shows nothing: %s", inJSON(t))
		}
	})
}

// fresh checks for d that these targets are read all the time and no finding opens.
func (p *program) fresh(d time.Duration, names ...string) {
	p.t.Helper()
	p.watch(d, names, func(api.Target) {})
}

// late is how long a reading may be older than three intervals on a busy machine.
const late = 20 * time.Second

// watch observes targets for d, and longer until each was read often enough. No finding may
// open, and each target must be up and fresh.
func (p *program) watch(d time.Duration, names []string, look func(api.Target)) {
	p.t.Helper()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	lateSince, readings := map[string]time.Time{}, map[string]map[time.Time]bool{}
	least := int(d / interval / 3)
	enough := func() bool {
		for _, name := range names {
			if len(readings[name]) < least {
				return false
			}
		}
		return true
	}
	for began := time.Now(); time.Since(began) < d || !enough(); <-ticker.C {
		if time.Since(began) > d+patience {
			p.t.Fatalf("in %s not all were read %d times: %s", d+patience, least, inJSON(p.targets()))
		}
		p.failOnUnexpected()
		if p.t.Failed() {
			p.t.FailNow()
		}
		for _, t := range p.targets() {
			name := t.Collector + "/" + t.Target
			if !slices.Contains(names, name) {
				continue
			}
			if !t.Up || t.Error != "" {
				p.t.Fatalf("the target is not well: %s", inJSON(t))
			}
			look(t)
			if readings[name] == nil {
				readings[name] = map[time.Time]bool{}
			}
			readings[name][t.LastAttempt] = true
			since, known := lateSince[name]
			switch {
			case t.ReadingAgeSeconds != nil && *t.ReadingAgeSeconds < (3*interval).Seconds():
				delete(lateSince, name)
			case !known:
				lateSince[name] = time.Now()
			case time.Since(since) > late:
				p.t.Fatalf("the target is not fresh: %s", inJSON(t))
			}
		}
	}
}
