package detect

import "github.com/lostorder/lostorder/internal/signal"

// compensationFailed: a step that undoes others does not come to its end, failed
// for good, or never ran although the saga was given up.
var compensationFailed = Decision{
	Mode:        signal.CompensationFailed,
	Description: "What a saga did is not undone: a compensating step hangs, failed for good, or never ran before the saga was given up.",
	BenignTwin:  "A compensating step that is tried again within its time, a saga that was given up before it had done anything, one that was compensated.",
	judge:       judgeCompensationFailed,
}

func judgeCompensationFailed(v *view) []Case {
	hanging := stuckCases(v, func(l *signal.Lifecycle, s *signal.State) bool { return l.Saga && s.Compensating })
	return append(hanging, conflictCases(v, func(kind signal.ConflictKind) bool { return kind == signal.NotCompensated })...)
}
