package demo

import (
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// late is how long after a fault healed a finding may still open for it.
const late = 3 * time.Second

// injected is one injected fault and the finding that lostorder opened for it.
type injected struct {
	Mode     signal.Mode
	Title    string
	Expect   expectation
	At       time.Time
	HealedAt time.Time // zero while it is broken
	Finding  *api.Finding
	FoundAt  time.Time
}

// score compares what was injected with what is found. A finding counts only when its
// mode and subject are those of a fault, and its orders and count too where they can be
// known. Every other finding is false.
type score struct {
	late     time.Duration // after a fault healed
	mu       sync.Mutex
	faults   []*injected
	findings map[string]*api.Finding // by id, the latest state
	matched  map[string]bool
}

func newScore(late time.Duration) *score {
	return &score{late: late, findings: map[string]*api.Finding{}, matched: map[string]bool{}}
}

func (s *score) inject(f *injected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

func (s *score) heal(f *injected, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.HealedAt = at
}

// take takes the current findings. It returns the faults that they found and the findings
// that closed since the last call.
func (s *score) take(findings []api.Finding, at time.Time) (found []*injected, closed []*api.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range findings {
		f := &findings[i]
		before := s.findings[f.ID]
		s.findings[f.ID] = f
		if before != nil && before.ClosedAt.IsZero() && !f.ClosedAt.IsZero() {
			closed = append(closed, f)
		}
		if s.matched[f.ID] {
			continue
		}
		for _, fault := range s.faults {
			if fault.Finding == nil && fault.explains(f, s.late) {
				fault.Finding, fault.FoundAt = f, at
				s.matched[f.ID] = true
				found = append(found, fault)
				break
			}
		}
	}
	return found, closed
}

// falseFindings returns the findings that no fault explains, the earliest first.
func (s *score) falseFindings() []*api.Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wrong []*api.Finding
	for id, f := range s.findings {
		if !s.matched[id] {
			wrong = append(wrong, f)
		}
	}
	slices.SortFunc(wrong, func(a, b *api.Finding) int { return a.DetectedAt.Compare(b.DetectedAt) })
	return wrong
}

// explains reports whether the finding matches what was injected, while it was broken.
func (i *injected) explains(f *api.Finding, late time.Duration) bool {
	if f.Mode != i.Mode || f.Labels != i.Expect.subject {
		return false
	}
	if f.DetectedAt.Before(i.At) || !i.HealedAt.IsZero() && f.DetectedAt.After(i.HealedAt.Add(late)) {
		return false
	}
	if i.Expect.count > 0 && f.Count != i.Expect.count {
		return false
	}
	for _, orderID := range i.Expect.orders {
		if !slices.Contains(f.OrderIDs, orderID) {
			return false
		}
	}
	return true
}
