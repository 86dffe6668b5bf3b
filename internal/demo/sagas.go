package demo

import (
	"context"
	"fmt"
	"time"
)

// checkOut runs sagas until ctx ends: each reserves goods and charges a card; every
// fourth card is refused, and the goods are released.
func (s *Shop) checkOut(ctx context.Context) {
	for i := 0; pause(ctx, 2*orderEvery); i++ {
		steps := []string{"reserving", "charging", "done"}
		if i%4 == 3 {
			steps = []string{"reserving", "charging", "releasing", "aborted"}
		}
		// A step that is not written is the first of a saga that nobody asks for again.
		_, _ = s.runSaga(ctx, 20*time.Millisecond, steps...)
	}
}

// runSaga takes a new saga through steps; it stays in the last of them.
func (s *Shop) runSaga(ctx context.Context, each time.Duration, steps ...string) (id string, err error) {
	id = s.newSagaID()
	return id, s.continueSaga(ctx, id, each, steps...)
}

// continueSaga takes a saga through further steps. One that is begun is not left
// half way only because the database is busy.
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
