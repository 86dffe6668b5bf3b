package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Counters count the results of decisions since the start. They only grow.
type Counters struct {
	Findings map[signal.Mode]int64 // opened, by mode; every mode that is built has an entry
	Lost     []Loss                // by queue and reason, in a stable order
	Gaps     int64                 // observation gaps
}

// Loss counts the messages that one queue lost for one reason. Destination is empty
// where the broker counts for all its queues and the queue is unknown.
type Loss struct {
	signal.QueueID
	Reason   LossReason
	Messages int64
}

// Expiry is a queue whose messages the broker will remove unprocessed at the current
// consumption rate.
type Expiry struct {
	signal.QueueID
	In time.Duration
}

// LossReason is why the broker removed messages that no consumer had processed.
type LossReason string

// The reasons for which messages are lost.
const (
	// Retention: the log was cut by age, by size, or by an operator.
	Retention LossReason = "retention"
	// Skipped: the offset of the group was moved over messages that can still be read.
	Skipped LossReason = "skipped"
	// QueueExpired: the broker deleted the queue because it had no consumer for too long.
	QueueExpired LossReason = "queue_expired"
	// QueueDeleted: the queue was deleted with messages in it.
	QueueDeleted LossReason = "queue_deleted"
	// unroutableReturned: the broker returned them to a publisher that asked for it. The
	// other reasons have the broker's own names.
	unroutableReturned LossReason = "unroutable_returned"
)
