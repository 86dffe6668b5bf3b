package dashboards

import "github.com/lostorder/lostorder/internal/signal"

// modePanel shows one failure mode by what it is decided from, and by nothing that
// another mode is decided from. Every mode that is built has one; its findings and its
// links come by themselves.
type modePanel struct {
	mode  signal.Mode
	page  string // the name of the dashboard that it is on
	shows string // what the evidence is, after the mode in the title
	unit  string
	empty string // why there may be none
	log   bool   // on a logarithmic axis
	steps []step
	// evidence is what to read beside the findings; nil: how many orders or messages
	// they affect.
	evidence func(in scope) []query
}

const (
	openFindings  = "open findings"
	ofQueue       = "{{messaging_destination_name}} {{messaging_consumer_group_name}}"
	ofDestination = "{{messaging_destination_name}}"
	ofOutbox      = "{{outbox}}"
	ofState       = "{{lifecycle}} {{state}}"

	noQueues  = "no queue is read"
	noDLQ     = "no dead letter queue is read"
	noOutbox  = "no outbox is read"
	noOrders  = "no order table is read"
	noChecks  = "no reconciliation that can find it is read"
	noSagas   = "no saga is read"
	noHistory = "no lifecycle with a history is read"
)

// objective is where a share of what was promised is used up.
var objective = step{1, bad}

var modePanels = []modePanel{
	{
		mode: signal.EventMissing, page: "outbox", shows: "orders without their event", unit: unitCount, empty: noChecks, steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return append(mismatches(signal.EventMissing)(in), query{expr: in.each("lostorder_outbox_skipped_messages"), legend: ofOutbox + " skipped"})
		},
	},
	{
		mode: signal.OutboxStalled, page: "outbox", shows: "age of the oldest event, of its objective", unit: "percentunit", empty: noOutbox, steps: []step{objective},
		evidence: func(in scope) []query {
			return []query{{expr: pendingWait(in) + " / " + in.each(outboxObjective), legend: ofOutbox}}
		},
	},
	{
		// The counter itself: its growth in a range would fall back to zero one range later,
		// as if the messages had come back.
		mode: signal.MessageLost, page: "queues", shows: "messages removed since lostorder started", unit: unitCount, empty: noQueues, steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + in.each(lost) + " > 0) or topk(1, " + in.each(lost) + ")", legend: ofQueue + " {{reason}}"}}
		},
	},
	{
		mode: signal.MessageExpiring, page: "queues", shows: "time until messages are removed", unit: "s", empty: "no message is going to expire", log: true,
		evidence: func(in scope) []query {
			return []query{{expr: "bottomk(20, " + in.each("lostorder_queue_time_to_loss_seconds") + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.MessageOverdue, page: "queues", shows: "age of the oldest message, of its objective", unit: "percentunit", empty: noQueues, steps: []step{objective},
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + in.each(queueAge) + " / " + in.each(queueObjective) + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.ConsumerAbsent, page: "queues", shows: "messages that wait without a consumer", unit: unitCount, empty: "every queue that is read has a consumer, or holds no message", steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + unconsumed(in) + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.ConsumerStalled, page: "queues", shows: "messages acknowledged, where some wait", unit: "mps", empty: "no message waits",
		evidence: func(in scope) []query {
			return []query{{
				expr:   "bottomk(20, " + in.rate("lostorder_queue_acknowledged_messages_total") + " and " + waiting(in) + " > 0)",
				legend: ofQueue,
			}}
		},
	},
	{
		mode: signal.BacklogGrowing, page: "queues", shows: "published less acknowledged", unit: "mps", empty: "no broker that is read counts both",
		evidence: func(in scope) []query {
			return []query{{
				expr:   "topk(20, " + in.rate("lostorder_queue_published_messages_total") + " - " + in.rate("lostorder_queue_acknowledged_messages_total") + ")",
				legend: ofQueue,
			}}
		},
	},
	{
		mode: signal.DLQFilling, page: "queues", shows: "messages in dead letter queues", unit: unitCount, empty: noDLQ, steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_dlq_messages"), legend: ofDestination}}
		},
	},
	{
		mode: signal.RetryLoop, page: "queues", shows: "redeliveries", unit: "mps", empty: "no broker that is read counts redeliveries",
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + in.rate(redelivered) + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.DLQMissing, page: "queues", shows: "queues that lack a dead letter queue", unit: unitCount, empty: "no queue that is read lacks one, or no broker says so",
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, 1 - " + in.each("lostorder_queue_dlq_configured") + " > 0)", legend: ofDestination}}
		},
	},
	{
		mode: signal.TransactionHanging, page: "queues", shows: "messages behind an open transaction", unit: unitCount, empty: "no group stands at an open transaction", steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + in.each("lostorder_queue_held_messages") + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.OrderOverdue, page: "orders", shows: "orders overdue", unit: unitCount, empty: noOrders, steps: []step{{1, bad}},
		evidence: overdueIn(signal.OrderOverdue),
	},
	{
		mode: signal.OrderStateUnknown, page: "orders", shows: "orders in an undeclared state", unit: unitCount, empty: "no order is in an undeclared state", steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_undeclared"), legend: ofState}}
		},
	},
	{
		mode: signal.OrderConflict, page: "orders", shows: "orders with an illegal transition", unit: unitCount, empty: noHistory, steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each(conflicts, `kind!="not_compensated"`), legend: "{{lifecycle}} {{kind}} {{certainty}}"}}
		},
	},
	{
		mode: signal.OrderDuplicate, page: "orders", shows: "duplicate orders from the same request", unit: unitCount, empty: "no lifecycle that is read checks for duplicates", steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_duplicated"), legend: "{{lifecycle}}"}}
		},
	},
	{
		mode: signal.SagaStuck, page: "orders", shows: "sagas overdue in a step", unit: unitCount, empty: noSagas, steps: []step{{1, bad}},
		evidence: overdueIn(signal.SagaStuck),
	},
	{
		mode: signal.CompensationFailed, page: "orders", shows: "sagas that are not undone", unit: unitCount, empty: noSagas, steps: []step{{1, bad}},
		evidence: func(in scope) []query {
			return append(overdueIn(signal.CompensationFailed)(in),
				query{expr: in.each(conflicts, `kind="not_compensated"`), legend: "{{lifecycle}} never undone {{certainty}}"})
		},
	},
	{
		mode: signal.OrderUnmatched, page: "integrity", shows: "orders without a counterpart", unit: unitCount, empty: noChecks, steps: []step{{1, bad}},
		evidence: mismatches(signal.OrderUnmatched),
	},
	{
		mode: signal.EffectDuplicate, page: "integrity", shows: "orders with more than one effect", unit: unitCount, empty: noChecks, steps: []step{{1, bad}},
		evidence: mismatches(signal.EffectDuplicate),
	},
	{
		mode: signal.ReplicaDivergence, page: "integrity", shows: "orders that differ between two stores", unit: unitCount, empty: noChecks, steps: []step{{1, bad}},
		evidence: mismatches(signal.ReplicaDivergence),
	},
}

// mismatches are those that a mode is decided from, by check.
func mismatches(mode signal.Mode) func(scope) []query {
	return func(in scope) []query {
		const info = "lostorder_reconciliation_info"
		return []query{{
			expr:   in.each(mismatched) + " and on (job, check, kind) " + in.each(info, `mode="`+string(mode)+`"`),
			legend: "{{check}} {{kind}}",
		}}
	}
}

// overdueIn are the orders that are overdue in a state that a mode is decided from.
func overdueIn(mode signal.Mode) func(scope) []query {
	return func(in scope) []query {
		const info = "lostorder_order_state_info"
		return []query{{
			expr:   in.each(overdue) + " and on (job, database, lifecycle, state) " + in.each(info, `mode="`+string(mode)+`"`),
			legend: ofState,
		}}
	}
}
