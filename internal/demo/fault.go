package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fault is one way to lose orders, with its benign twin: what looks like it and is not.
type fault struct {
	mode signal.Mode
	// title says what breaks, to a reader who has never seen the shop.
	title string
	// inject breaks it and returns what a perfect detector reports.
	inject func(ctx context.Context) (expectation, error)
	// lasts is how long it stays broken: until it is decidable, plus slack for a busy
	// machine.
	lasts time.Duration
	heal  func(ctx context.Context) error

	twinTitle string
	twin      func(ctx context.Context) error
	twinLasts time.Duration // about how long the benign twin takes
}

// expectation is what was injected.
type expectation struct {
	subject signal.Subject
	orders  []string // that the finding must name
	count   int64    // of messages; 0 where it is not known
}

// slack is how much longer a fault lasts than it takes to be decidable.
const slack = 6 * time.Second

// faults returns at least one fault for each failure mode.
func (s *Shop) faults(rng *rand.Rand) []fault {
	faults := []fault{
		s.relaySticks(),
		s.consumerHangs(rng.Int32N(partitions)),
		s.consumerDies(),
		s.consumerCrashes(),
		s.consumerIsTooSlow(),
		s.consumerStaysBehind(),
		s.producerDiesInTransaction(),
		s.consumerLosesToRetention(),
		s.retentionPassesGroup(),
		s.messageIsPoison(),
		s.redrivePolicyIsRemoved(),
		s.returnIsPoison(),
		s.orderIsForgotten(),
		s.orderIsInAnUnknownState(),
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
