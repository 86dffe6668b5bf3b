package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fault is one way to lose orders, and its benign twin: what looks like it and is
// not.
type fault struct {
	mode signal.Mode
	// title says what breaks, for somebody who has never seen the shop.
	title string
	// inject breaks it and returns what a perfect detector would say.
	inject func(ctx context.Context) (expectation, error)
	// lasts is how long it stays broken: as long as it takes to be decidable, and a
	// little for a machine that is busy.
	lasts time.Duration
	heal  func(ctx context.Context) error

	twinTitle string
	twin      func(ctx context.Context) error
	twinLasts time.Duration // about how long the twin takes
}

// expectation is what was injected.
type expectation struct {
	subject signal.Subject
	orders  []string // that the finding must name
	count   int64    // of messages, where it is known; otherwise 0
}

// slack is what a fault lasts beyond the moment at which it can be decided.
const slack = 6 * time.Second

// faults returns at least one fault for every failure mode that is built.
func (s *Shop) faults(rng *rand.Rand) []fault {
	faults := []fault{
		s.relaySticks(),
		s.consumerHangs(rng.Int32N(partitions)),
		s.consumerDies(),
		s.consumerCrashes(),
		s.consumerIsTooSlow(),
		s.consumerLosesToRetention(),
		s.retentionPassesGroup(),
		s.messageIsPoison(),
		s.redrivePolicyIsRemoved(),
		s.returnIsPoison(),
		s.orderIsForgotten(),
		s.paymentIsMissing(),
		s.orderIsShippedTwice(),
		s.orderIsPaidAndCancelled(),
		s.requestIsSentTwice(),
		s.sagaHangs(),
		s.compensationHangs(),
		s.searchIsOverwritten(),
		s.eventIsForgotten(),
	}
	if s.packing != nil {
		faults = append(faults, s.giftIsPoison(), s.printerDies())
	}
	return faults
}

func queue(topic, group string) signal.Subject {
	return signal.Subject{System: signal.Kafka, Cluster: "shop", Destination: topic, Group: group}
}
