package demo

import (
	"context"
	"time"
)

// index brings the copy of the orders for the search up to date, again and again.
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
			from = began.Add(-2 * time.Second).UnixMilli() // a transaction may have taken that long
		}
	}
}

// idleSearch makes the copy fall behind, or catch up again.
func (s *Shop) idleSearch(idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = idle
}
