package demo

import (
	"context"
	"fmt"
	"time"
)

// checkOut runs sagas until ctx ends. Each reserves goods and charges a card. Every fourth
// card is refused, and the goods are released.
func (s *Shop) checkOut(ctx context.Context) {
	for i := 0; pause(ctx, 2*orderEvery); i++ {
		steps := []string{"reserving", "charging", "done"}
		if i%4 == 3 {
			steps = []string{"reserving", "charging", "releasing", "aborted"}
		}
		// If the first step cannot be written, the saga never started.
		_, _ = s.runSaga(ctx, 20*time.Millisecond, steps...)
	}
}

// runSaga takes a new saga through steps. It stays in the last one.
func (s *Shop) runSaga(ctx context.Context, each time.Duration, steps ...string) (id string, err error) {
	id = s.newSagaID()
	return id, s.continueSaga(ctx, id, each, steps...)
}

// continueSaga takes a saga through further steps. It retries while the database is busy,
// so that no saga stops halfway by accident.
func (s *Shop) continueSaga(ctx context.Context, id string, each time.Duration, steps ...string) error {
	for _, step := range steps {
		for {
			err := s.store.step(ctx, id, step, time.Now())
			if err == nil {
				break
			}
			if !pause(ctx, 20*time.Millisecond) {
				return err
			}
		}
		if !pause(ctx, each) {
			return ctx.Err()
		}
	}
	return nil
}

func (s *Shop) newSagaID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sagas++
	return fmt.Sprintf("S-%d", s.sagas)
}
