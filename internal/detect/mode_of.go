package detect

import "github.com/lostorder/lostorder/internal/signal"

// ModeOfMismatch returns the mode that reports a mismatch of a kind. Panels and alerts
// need it to show each mode its own evidence.
func ModeOfMismatch(reconciliation signal.ReconciliationKind, kind signal.MismatchKind) signal.Mode {
	switch {
	case kind == signal.Duplicate:
		return signal.EffectDuplicate
	case kind == signal.Different:
		return signal.ReplicaDivergence
	case kind == signal.MissingRight && reconciliation == signal.Events:
		return signal.EventMissing
	default:
		return signal.OrderUnmatched
	}
}

// ModeOfOverdue returns the mode that reports an order that is overdue in a state.
func ModeOfOverdue(l *signal.Lifecycle, s *signal.State) signal.Mode {
	switch {
	case !l.Saga:
		return signal.OrderOverdue
	case s.Compensating:
		return signal.CompensationFailed
	default:
		return signal.SagaStuck
	}
}
