package signal

// Mode is one way orders get lost. Its value is the same in code, metrics, alerts,
// panels, runbooks and tests.
type Mode string

// The failure modes. detect.Decisions lists those that are decided.
const (
	EventMissing       Mode = "event_missing"
	OutboxStalled      Mode = "outbox_stalled"
	MessageLost        Mode = "message_lost"
	MessageExpiring    Mode = "message_expiring"
	MessageOverdue     Mode = "message_overdue"
	ConsumerAbsent     Mode = "consumer_absent"
	ConsumerStalled    Mode = "consumer_stalled"
	RetryLoop          Mode = "retry_loop"
	BacklogGrowing     Mode = "backlog_growing"
	DLQMissing         Mode = "dlq_missing"
	DLQFilling         Mode = "dlq_filling"
	TransactionHanging Mode = "transaction_hanging"
	OrderOverdue       Mode = "order_overdue"
	OrderStateUnknown  Mode = "order_state_unknown"
	OrderConflict      Mode = "order_conflict"
	OrderDuplicate     Mode = "order_duplicate"
	EffectDuplicate    Mode = "effect_duplicate"
	OrderUnmatched     Mode = "order_unmatched"
	ReplicaDivergence  Mode = "replica_divergence"
	SagaStuck          Mode = "saga_stuck"
	CompensationFailed Mode = "compensation_failed"
)

// Severity says when an engineer has to act: critical at once, warning in working hours,
// info never.
type Severity string

// The severities, as the alerts use them.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Rank orders severities, the most severe first. An unknown one counts as critical.
func (s Severity) Rank() int {
	switch s {
	case Warning:
		return 1
	case Info:
		return 2
	default:
		return 0
	}
}
