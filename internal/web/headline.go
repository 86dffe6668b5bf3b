package web

import (
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// fate is what happens to the orders and messages of a failure mode, as the headline says it.
type fate struct {
	one, many string // of what: "order", "orders"
	is, are   string // "is stuck", "are stuck"
}

var (
	messagesLost   = fate{"message", "messages", "is lost", "are lost"}
	eventsMissing  = fate{"event", "events", "is missing", "are missing"}
	ordersStuck    = fate{"order", "orders", "is stuck", "are stuck"}
	eventsStuck    = fate{"event", "events", "is not published", "are not published"}
	messagesStuck  = fate{"message", "messages", "is stuck", "are stuck"}
	ordersWrong    = fate{"order", "orders", "is wrong", "are wrong"}
	messagesFailed = fate{"message", "messages", "is in a dead letter queue", "are in dead letter queues"}
	messagesRisk   = fate{"message", "messages", "will be lost", "will be lost"}
)

// fates are in the order of their weight: the headline begins with the worst.
var fates = []fate{messagesLost, eventsMissing, ordersStuck, ordersWrong, eventsStuck, messagesStuck, messagesRisk, messagesFailed}

// fateOf says what a mode does to orders. A mode that has none, such as a missing dead letter
// queue, is counted as a finding.
var fateOf = map[signal.Mode]fate{
	signal.MessageLost: messagesLost, signal.EventMissing: eventsMissing,
	signal.OrderOverdue: ordersStuck, signal.SagaStuck: ordersStuck, signal.CompensationFailed: ordersStuck, signal.OrderStateUnknown: ordersStuck,
	signal.OrderConflict: ordersWrong, signal.OrderDuplicate: ordersWrong, signal.EffectDuplicate: ordersWrong, signal.OrderUnmatched: ordersWrong, signal.ReplicaDivergence: ordersWrong,
	signal.OutboxStalled:  eventsStuck,
	signal.ConsumerAbsent: messagesStuck, signal.ConsumerStalled: messagesStuck, signal.RetryLoop: messagesStuck, signal.BacklogGrowing: messagesStuck, signal.MessageOverdue: messagesStuck, signal.TransactionHanging: messagesStuck,
	signal.MessageExpiring: messagesRisk, signal.DLQFilling: messagesFailed,
}

// mostFates is how many kinds of harm the headline names.
const mostFates = 2

// affected says what the open findings do to orders: "132 orders are stuck and 3 messages are
// lost". It is empty where no finding affects any.
func affected(open []signal.Finding) string {
	// Two modes may name the same orders of a lifecycle. They are counted once.
	type place struct {
		fate
		database, lifecycle string
	}
	byMode := map[place]map[signal.Mode]int64{}
	for i := range open {
		f := &open[i]
		kind, known := fateOf[f.Mode]
		if !known || f.Count <= 0 {
			continue
		}
		p := place{fate: kind, database: f.Subject.Database, lifecycle: f.Subject.Lifecycle}
		if byMode[p] == nil {
			byMode[p] = map[signal.Mode]int64{}
		}
		byMode[p][f.Mode] += f.Count
	}
	counts := map[fate]int64{}
	for p, modes := range byMode {
		var sum, most int64
		for _, n := range modes {
			sum, most = sum+n, max(most, n)
		}
		if p.lifecycle == "" {
			most = sum
		}
		counts[p.fate] += most
	}
	var parts []string
	for _, kind := range fates {
		if n := counts[kind]; n > 0 && len(parts) < mostFates {
			parts = append(parts, kind.of(n))
		}
	}
	return strings.Join(parts, " and ")
}

func (f fate) of(n int64) string {
	if n == 1 {
		return "1 " + f.one + " " + f.is
	}
	return grouped(n) + " " + f.many + " " + f.are
}

// grouped writes a number with separators: 12,345.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
