package signal

// Mode is one way in which orders get lost. Its value is the same in code,
// metrics, alerts, panels, runbooks and tests.
type Mode string

// The failure modes that lostorder can decide.
const (
	OutboxStalled   Mode = "outbox_stalled"
	ConsumerStalled Mode = "consumer_stalled"
	ConsumerAbsent  Mode = "consumer_absent"
	MessageLost     Mode = "message_lost"
	DLQFilling      Mode = "dlq_filling"
	OrderOverdue    Mode = "order_overdue"
)

// Severity says who has to act: critical wakes somebody, warning waits for
// working hours, info is for the record.
type Severity string

// The severities, as the alerts use them.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)
