package detect_test

import (
	"slices"
	"testing"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// twins names, for each failure mode, a story of what looks most like it and is
// not.
var twins = map[signal.Mode]string{
	signal.OutboxStalled:      "benign: a bulk import that drains slowly",
	signal.MessageLost:        "benign: retention overtakes a replay of what was committed",
	signal.ConsumerAbsent:     "benign: a deploy of a minute and a half",
	signal.ConsumerStalled:    "benign: a slow consumer that commits once in four minutes",
	signal.TransactionHanging: "benign: a long transaction whose producer writes and that is below its timeout",
	signal.BacklogGrowing:     "benign: a nightly batch that drains in an hour",
	signal.MessageExpiring:    "benign: a batch that is half as old as it may be and is worked off in time",
	signal.MessageOverdue:     "benign: a nightly batch that drains in three hours",
	signal.RetryLoop:          "benign: pods are replaced one after the other while an offset stands still",
	signal.DLQMissing:         "benign: a queue to which somebody gives its dead letter queue a little later",
	signal.DLQFilling:         "benign: an empty dead letter queue that once held messages",
	signal.OrderOverdue:       "benign: a slow order within its deadline",
	signal.OrderStateUnknown:  "benign: orders pass through such a state in nine minutes",
	signal.OrderUnmatched:     "benign: payments that are within their grace",
	signal.EffectDuplicate:    "benign: orders that may have several payments",
	signal.OrderConflict:      "benign: paid and cancelled by two clocks, which a second reading does not confirm",
	signal.OrderDuplicate:     "benign: no two orders share a key",
	signal.SagaStuck:          "benign: a step that is retried within its time",
	signal.CompensationFailed: "benign: a compensating step within its time",
	signal.ReplicaDivergence:  "benign: a copy that is behind within its grace",
	signal.EventMissing:       "benign: events that wait to be published, and an outbox that is cleaned up",
}

func TestEveryModeHasABenignTwin(t *testing.T) {
	for _, mode := range detect.Modes() {
		name := twins[mode]
		if slices.ContainsFunc([]map[string]scenario{queueCases, growthCases, expiryCases, overdueCases, retryCases, letterCases, unknownStateCases, transactionCases}, func(scenarios map[string]scenario) bool {
			tc, ok := scenarios[name]
			return ok && tc.found == nil
		}) {
			continue
		}
		if tc, ok := allStoreCases()[name]; ok && tc.found == nil {
			continue
		}
		if tc, ok := checkCases[name]; ok && tc.found == nil {
			continue
		}
		t.Errorf("%s: no story of its benign twin, or one in which something is found: %q", mode, name)
	}
}
