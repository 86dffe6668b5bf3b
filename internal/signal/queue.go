package signal

import "time"

// System is the messaging system, in OpenTelemetry's words (messaging.system).
type System string

// The messaging systems.
const (
	Kafka    System = "kafka"
	RabbitMQ System = "rabbitmq"
	SQS      System = "aws_sqs"
)

// QueueID names a queue as one group of consumers sees it. Group is empty where
// the broker has no groups.
type QueueID struct {
	System      System
	Cluster     string
	Destination string
	Group       string
}

// Objective is what the shop promises itself about a queue.
type Objective struct {
	// MaxAge is how long a message may wait, and how long a reader may make no
	// progress while messages wait.
	MaxAge time.Duration
	// AbsentAfter is how long messages may wait with nobody reading; longer than
	// a deploy takes.
	AbsentAfter time.Duration
	// NoDLQ: the queue needs no dead letter queue.
	NoDLQ bool
}

// Queue is one reading of a queue. Make one with NewQueue, so that what the
// source does not know is Unknown and not zero.
type Queue struct {
	QueueID
	Objective Objective

	Ready       Count // waiting to be delivered (Kafka: committed offset to log end)
	InFlight    Count // delivered, not yet acknowledged
	Delayed     Count // not yet due
	ReadyBytes  Count // how large those that wait to be delivered are together
	Uncommitted Count // in partitions where the group never committed an offset

	Oldest    Age   // of the message that waits longest
	Consumers Count // members or subscribers that are connected now
	// Utilisation is the share of the time, of 1, in which a message could be
	// delivered at once because a consumer had room for it; Unknown where the broker
	// does not say. A backlog beside a low one is a consumer that is too slow.
	Utilisation float64
	// GroupState is the broker's own word for the state of the group (Kafka:
	// Stable, Empty, PreparingRebalance, …); empty where there is none.
	GroupState string
	// Members is a fingerprint of who the members of the group are: another one
	// when one of them came, left or was replaced. 0 where there are none, or where
	// the source does not know.
	Members uint64

	// Setup is how the queue is set up; nil where the source does not know.
	Setup *Setup

	// Counters since the broker's own beginning; they may reset.
	Published    Count
	Acknowledged Count
	Redelivered  Count
	// Received counts deliveries, each of a message that is delivered again, too:
	// far more of them than acknowledgements is a message that fails again and
	// again, where the broker does not count redeliveries.
	Received Count
	// Behind is how far the counters, and with them what was committed, may lie
	// behind the depths; 0 where both are of the same moment.
	Behind time.Duration

	// Partitions are the parts that progress on their own, in order of ID; a
	// queue that is not split has one. Progress is judged per partition.
	Partitions []Partition
	// PerPartition asks for series of each partition, not only of the queue.
	PerPartition bool
	// Waiting names orders at the head of the queue, where a source can read
	// them without taking them.
	Waiting []OrderRef
}

// NewQueue returns a queue of which nothing is known yet.
func NewQueue(id QueueID) Queue {
	return Queue{
		QueueID: id,
		Ready:   Unknown, InFlight: Unknown, Delayed: Unknown, ReadyBytes: Unknown, Uncommitted: Unknown,
		Consumers: Unknown, Utilisation: Unknown, Published: Unknown, Acknowledged: Unknown, Redelivered: Unknown, Received: Unknown,
	}
}

// Setup is how a queue is set up: what becomes of messages that fail, grow old or
// are too many. It is read on a slow clock and shared by readings, never changed.
type Setup struct {
	// Type is the broker's own word: classic, quorum, stream, standard, fifo.
	Type string
	// Retention is after how long the broker removes a message, processed or not
	// (message TTL, retention period); 0 where it keeps messages for ever.
	Retention time.Duration
	// MaxMessages and MaxBytes are how much the queue may hold; Unknown: no bound.
	MaxMessages Count
	MaxBytes    Count
	// DropsHead: a queue that is full removes its oldest message; otherwise it
	// refuses the newest.
	DropsHead bool
	// MaxDeliveries is after how many deliveries the broker gives a message up;
	// Unknown: never.
	MaxDeliveries Count
	// ReturnsUncounted: a consumer may hand a message back in a way that
	// MaxDeliveries does not count (RabbitMQ from 4.3 on: basic.nack), and get it
	// again for ever.
	ReturnsUncounted bool
	DeadLetter       DeadLetter
	// Temporary: the queue goes with its consumer or its connection, as one for replies
	// does.
	Temporary bool
}

// DeadLetter is what becomes of a message that a queue gives up.
type DeadLetter struct {
	Route DeadLetterRoute
	To    string // the exchange or queue that it goes to, in the broker's words
	// Problem says, for people, why a route that is set leads nowhere.
	Problem string
	// Leak says, for people, why messages are dropped on a way that leads to a queue;
	// empty where they are not.
	Leak string
	// AtMostOnce: the queue could wait until its dead letters have arrived, and does not.
	AtMostOnce bool
}

// DeadLetterRoute says whether messages that a queue gives up are kept.
type DeadLetterRoute uint8

// Where given-up messages go.
const (
	RouteUnknown DeadLetterRoute = iota
	RouteNone                    // nowhere: they are dropped
	RouteBroken                  // to a target that is not there or passes them to no queue
	RouteSet                     // to a queue
)

// BrokerLoss counts messages that a broker removed unprocessed, where the broker
// counts them for all its queues together.
type BrokerLoss struct {
	System   System
	Cluster  string
	Node     string
	Reason   string // expired, maxlen, rejected, delivery_limit, unroutable_dropped, unroutable_returned
	Messages Count  // counter; it may reset
}

// Alarm is a resource of a broker's node of which so little is left that publishers
// are blocked while the alarm is raised.
type Alarm struct {
	System   System
	Cluster  string
	Node     string
	Resource string // memory, disk
	Raised   bool
}

// Assignment says whether a member owns a partition.
type Assignment uint8

// Whether a partition is read by somebody.
const (
	AssignmentUnknown Assignment = iota
	Assigned
	Unassigned
)

// Partition is a part of a queue that progresses on its own. Offsets are the
// broker's; where it has none (RabbitMQ, SQS), Start is Unknown, Committed counts what
// readers are done with, and End is that and what waits. Then End falls when messages
// go another way (a purge, expiry, overflow), and Committed only when the broker began
// to count anew.
type Partition struct {
	ID         int32
	Assignment Assignment
	// HeadInvisible: what lies between Committed and End is only commit markers
	// and aborted messages, which a reader never sees (confirmed by reading).
	HeadInvisible bool
	Start         int64 // the first offset that can still be read
	End           int64 // the offset after the last message
	Committed     int64 // the next offset the group will read; Unknown: no commit yet
	Head          Age   // of the message at Committed
}

// Lag returns how many messages wait in the partition, never negative: an
// offset beyond the end is a topic made anew, one below the start counts only
// what can still be read. It is 0 where nothing was committed yet.
func (p Partition) Lag() int64 {
	if p.Committed < 0 || p.End < 0 {
		return 0
	}
	return max(0, p.End-max(p.Committed, p.Start))
}

// Waiting returns how many messages wait in a partition for which the group
// never committed an offset, and 0 where it did.
func (p Partition) Waiting() int64 {
	if p.Committed >= 0 || p.End < 0 {
		return 0
	}
	return max(0, p.End-max(p.Start, 0))
}

// DeadLetterQueue is one reading of a queue to which failed messages go.
type DeadLetterQueue struct {
	System      System
	Cluster     string
	Destination string
	Sources     []string // the queues whose failures end here
	Messages    Count    // that sit there and were not taken out again
	Oldest      Age
	Arrived     Count // counter of messages that ever arrived; it may reset
	// Retention is after how long the broker removes messages from it, and
	// SourceRetention the longest of its sources; 0 where they are kept for ever.
	Retention       time.Duration
	SourceRetention time.Duration
	Newest          []OrderRef
	// Reasons say, for people, why messages came here, the most frequent first; of a
	// sample of them, and only where the config allows to look.
	Reasons []string
}
