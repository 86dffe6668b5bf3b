package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) compensationHangs() fault {
	var id string
	return fault{
		mode:  signal.CompensationFailed,
		title: "a card is refused, and the reserved goods are never released",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			id, err = s.runSaga(ctx, 0, "reserving", "charging", "releasing")
			return expectation{subject: inStep("releasing"), orders: []string{id}}, err
		},
		lasts:     stepMax + slack,
		heal:      func(ctx context.Context) error { return s.continueSaga(ctx, id, 0, "aborted") },
		twinTitle: "a card is refused, and the goods are released after two seconds",
		twin: func(ctx context.Context) error {
			_, err := s.runSaga(ctx, stepMax/3, "reserving", "charging", "releasing", "aborted")
			return err
		},
		twinLasts: stepMax + 2*time.Second,
	}
}
