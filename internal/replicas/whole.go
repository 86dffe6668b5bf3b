package replicas

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Whole is a snapshot with what the other replicas read.
func (r *Replicas) Whole(own *watch.Snapshot) *watch.Snapshot {
	now, view := time.Now(), r.view()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := *own
	s.Ready = own.Ready && r.decided
	s.Targets, s.Open, s.Closed = slices.Clone(own.Targets), slices.Clone(own.Open), slices.Clone(own.Closed)
	here := map[signal.TargetID]bool{}
	for i := range s.Targets {
		here[s.Targets[i].ID] = true
	}
	for _, id := range r.order {
		if here[id] {
			continue
		}
		known := r.records[id]
		t := watch.Target{ID: id, Labels: r.targets[id].Labels, QueueLabels: r.targets[id].QueueLabels, Elsewhere: &watch.Elsewhere{Member: view.Owner(id)}}
		for _, other := range view.Others {
			if other.Name == t.Elsewhere.Member {
				t.Elsewhere.URL = shown(other.URL)
			}
		}
		current := r.current(&known, now)
		if current {
			*t.Elsewhere = watch.Elsewhere{Member: known.member, URL: known.url, Answer: known.target}
		}
		s.Targets = append(s.Targets, t)
		for _, f := range known.open {
			f.Unconfirmed = f.Unconfirmed || !current
			s.Open = append(s.Open, f)
		}
	}
	for _, a := range r.answers {
		s.Closed = append(s.Closed, a.closed...)
	}
	sort(&s)
	return &s
}

// shown is the address of a replica without a password.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// sort puts everything into the order of a snapshot. A case that two replicas have closed
// is there once.
func sort(s *watch.Snapshot) {
	slices.SortFunc(s.Targets, func(a, b watch.Target) int {
		return cmp.Or(cmp.Compare(a.ID.Collector, b.ID.Collector), cmp.Compare(a.ID.Target, b.ID.Target))
	})
	slices.SortFunc(s.Open, signal.CompareFindings)
	detect.Explain(s.Open)
	slices.SortFunc(s.Closed, func(a, b signal.Finding) int { return cmp.Or(b.ClosedAt.Compare(a.ClosedAt), cmp.Compare(a.ID, b.ID)) })
	s.Closed = slices.CompactFunc(s.Closed, func(a, b signal.Finding) bool { return a.ID == b.ID && a.ClosedAt.Equal(b.ClosedAt) })
}
