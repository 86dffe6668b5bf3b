package demo

import (
	"context"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) sagaHangs() fault {
	var id string
	return fault{
		mode:  signal.SagaStuck,
		title: "a checkout saga waits for an answer from the bank that never comes",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			id, err = s.runSaga(ctx, 0, "reserving", "charging")
			return expectation{subject: inStep("charging"), orders: []string{id}}, err
		},
		lasts:     stepMax + slack,
		heal:      func(ctx context.Context) error { return s.continueSaga(ctx, id, 0, "done") },
		twinTitle: "the bank answers at the third attempt, within the step's deadline",
		twin: func(ctx context.Context) error {
			_, err := s.runSaga(ctx, stepMax/2, "reserving", "charging", "done")
			return err
		},
		twinLasts: stepMax,
	}
}

func inStep(step string) signal.Subject {
	return signal.Subject{Database: "shop", Lifecycle: "checkout", State: step}
}
