package dashboards

import "github.com/lostorder/lostorder/internal/signal"

// modePanel shows one failure mode by what it is decided from. Every mode that is
// built has one; its findings and its links come by themselves.
type modePanel struct {
	mode  signal.Mode
	page  string // the name of the dashboard that it is on
	shows string // what the evidence is, after the mode in the title
	unit  string
	empty string // why there may be none
	steps []step
	// evidence is what to look at beside the findings; nil: how many orders or messages
	// they concern.
	evidence func(in scope) []query
}

const (
	openFindings  = "open findings"
	ofQueue       = "{{messaging_destination_name}} {{messaging_consumer_group_name}}"
	ofDestination = "{{messaging_destination_name}}"
	ofOutbox      = "{{outbox}}"
	ofState       = "{{lifecycle}} {{state}}"

	noQueues = "no queue is watched"
	noDLQ    = "no dead letter queue is watched"
	noOutbox = "no outbox is watched"
	noOrders = "no order table is watched"
	noChecks = "no check looks for it"
	// A table that has no history of moves shows where orders are, not how they came
	// there.
	noHistory = "no lifecycle has a history of moves"
)

// objective is where a share of what was promised is used up.
var objective = step{1, red}

var modePanels = []modePanel{
	{
		mode: signal.EventMissing, page: "outbox", shows: "orders without their event", unit: "short", empty: noChecks, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return append(mismatches("missing_right")(in), query{expr: in.each("lostorder_outbox_skipped_messages"), legend: ofOutbox + " went past"})
		},
	},
	{
		mode: signal.OutboxStalled, page: "outbox", shows: "age of the oldest event, of its objective", unit: "percentunit", empty: noOutbox, steps: []step{objective},
		evidence: func(in scope) []query {
			return []query{{expr: pendingWait(in) + " / " + in.each(outboxObjective), legend: ofOutbox}}
		},
	},
	{
		mode: signal.MessageLost, page: "queues", shows: "messages removed unread", unit: "short", empty: "none", steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.growth("lostorder_queue_lost_messages_total"), legend: ofQueue + " {{reason}}"}}
		},
	},
	{
		mode: signal.MessageExpiring, page: "queues", shows: "time until messages are removed unread", unit: "s", empty: "nothing threatens",
		evidence: func(in scope) []query {
			return []query{{expr: "bottomk(20, " + in.each("lostorder_queue_time_to_loss_seconds") + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.ConsumerAbsent, page: "queues", shows: "consumers connected", unit: "short", empty: noQueues,
		evidence: func(in scope) []query {
			return []query{{expr: "bottomk(20, " + in.each("lostorder_queue_consumers") + ")", legend: ofQueue}}
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
		mode: signal.BacklogGrowing, page: "queues", shows: "published less acknowledged", unit: "mps", empty: "no broker here counts both",
		evidence: func(in scope) []query {
			return []query{{
				expr:   "topk(20, " + in.rate("lostorder_queue_published_messages_total") + " - " + in.rate("lostorder_queue_acknowledged_messages_total") + ")",
				legend: ofQueue,
			}}
		},
	},
	{
		mode: signal.DLQFilling, page: "queues", shows: "dead letters", unit: "short", empty: noDLQ, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_dlq_messages"), legend: ofDestination}}
		},
	},
	{
		mode: signal.RetryLoop, page: "queues", shows: "deliveries of what was delivered before", unit: "mps", empty: "no broker here counts what is delivered again",
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, " + in.rate("lostorder_queue_redelivered_messages_total") + ")", legend: ofQueue}}
		},
	},
	{
		mode: signal.DLQMissing, page: "queues", shows: "queues without a dead letter queue", unit: "short", empty: "no broker here says which queue has one",
		evidence: func(in scope) []query {
			return []query{{expr: "topk(20, 1 - " + in.each("lostorder_queue_dlq_configured") + " > 0)", legend: ofDestination}}
		},
	},
	{mode: signal.TransactionHanging, page: "queues", shows: "messages behind an open transaction", unit: "short", empty: "none"},
	{
		mode: signal.OrderOverdue, page: "orders", shows: "orders overdue", unit: "short", empty: noOrders, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_overdue"), legend: ofState}}
		},
	},
	{
		mode: signal.OrderConflict, page: "orders", shows: "orders that went where they may not", unit: "short", empty: noHistory, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_in_conflict"), legend: "{{lifecycle}} {{kind}} {{certainty}}"}}
		},
	},
	{
		mode: signal.OrderDuplicate, page: "orders", shows: "orders made of a request that had one", unit: "short", empty: "no lifecycle looks for duplicates", steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_duplicated"), legend: "{{lifecycle}}"}}
		},
	},
	{
		mode: signal.SagaStuck, page: "orders", shows: "sagas and orders overdue", unit: "short", empty: noOrders, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_overdue"), legend: ofState}}
		},
	},
	{
		mode: signal.CompensationFailed, page: "orders", shows: "sagas with a step that was never undone", unit: "short", empty: noHistory, steps: []step{{1, red}},
		evidence: func(in scope) []query {
			return []query{{expr: in.each("lostorder_orders_in_conflict", `kind="not_compensated"`), legend: "{{lifecycle}} {{certainty}}"}}
		},
	},
	{
		mode: signal.OrderUnmatched, page: "integrity", shows: "without a partner on the other side", unit: "short", empty: noChecks, steps: []step{{1, red}},
		evidence: mismatches("missing_left|missing_right"),
	},
	{
		mode: signal.EffectDuplicate, page: "integrity", shows: "orders with more than one", unit: "short", empty: noChecks, steps: []step{{1, red}},
		evidence: mismatches("duplicate"),
	},
	{
		mode: signal.ReplicaDivergence, page: "integrity", shows: "orders of which two stores differ", unit: "short", empty: noChecks, steps: []step{{1, red}},
		evidence: mismatches("different"),
	},
}

// mismatches are those of some kinds, by check.
func mismatches(kinds string) func(scope) []query {
	return func(in scope) []query {
		return []query{{expr: in.each("lostorder_reconciliation_mismatches", `kind=~"`+kinds+`"`), legend: "{{check}} {{kind}}"}}
	}
}
