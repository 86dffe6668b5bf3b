package demo

import (
	"context"
	"time"
)

// index keeps the copy of the orders for the search up to date until ctx ends.
func (s *Shop) index(ctx context.Context) {
	var from int64
	for pause(ctx, 200*time.Millisecond) {
		s.mu.Lock()
		idle := s.idle
		s.mu.Unlock()
		if idle {
			continue
		}
		began := time.Now()
		if err := s.store.copyChanged(ctx, from); err == nil {
			from = began.Add(-2 * time.Second).UnixMilli() // a transaction may take that long
		}
	}
}

// pauseSearch stops or resumes updating the copy.
func (s *Shop) pauseSearch(idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = idle
}
