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

// Objective is what the shop promises about a queue.
type Objective struct {
	// MaxAge is how long a message may wait, and how long a consumer may make no
	// progress while messages wait.
	MaxAge time.Duration
	// AbsentAfter is how long messages may wait without a consumer; longer than a
	// deploy takes.
	AbsentAfter time.Duration
	// NoDLQ: the queue needs no dead letter queue.
	NoDLQ bool
	// Labels are those of the config for findings about the queue, besides those of the
	// target.
	Labels Labels
	// Severity is the one of the config for findings about the queue; empty: as decided.
	Severity Severity
}

// After returns the objective of a queue whose consumers leave each message in it until it is
// due, so that they make no progress for as long.
func (o Objective) After(delay time.Duration) Objective {
	if o.MaxAge > 0 {
		o.MaxAge += delay
	}
	return o
}

// Queue is one reading of a queue. Make one with NewQueue, so that what the
// source does not know is Unknown and not zero.
type Queue struct {
	QueueID
	Objective Objective
	// Incarnation differs after the queue was deleted and created again under the same name;
	// empty where the broker does not say.
	Incarnation string

	Ready       Count // waiting to be delivered (Kafka: committed offset to log end)
	InFlight    Count // delivered, not yet acknowledged
	Delayed     Count // not yet due
	ReadyBytes  Count // the size of the messages that wait to be delivered
	Uncommitted Count // in partitions where the group never committed an offset

	Oldest Age // of the message that waits longest
	// Delay is how long a message is held before it is due: before consumers process it, or
	// before a queue that holds messages passes it on. 0: it is due at once, or unknown.
	Delay     time.Duration
	Consumers Count // members or subscribers that are connected now
	// Utilisation is the share of the time, 0 to 1, in which the queue could deliver
	// a message at once because a consumer had capacity; Unknown where the broker does
	// not report it. A backlog and a low utilisation mean that the consumers are slow.
	Utilisation float64
	// GroupState is the broker's name for the state of the group, such as Stable or
	// PreparingRebalance; empty where the broker has no groups.
	GroupState string
	// Members is a fingerprint of the members of the group. It changes when a member
	// joins, leaves or is replaced. 0 where there are none, or where the source does
	// not know them.
	Members uint64

	// Purpose is what the queue is for.
	Purpose Purpose
	// Semantics is how the messaging system behaves; nil where the source declares none.
	Semantics *Semantics
	// Setup is how the queue is set up; nil where the source does not know.
	Setup *Setup

	// Unpaired is why the queue should have a dead letter queue by name and has none; nil where
	// nothing suggests that.
	Unpaired *Unpaired

	// Counters of the broker; they may reset.
	Published    Count
	Acknowledged Count
	Redelivered  Count
	// Received counts deliveries, redeliveries included. Where the broker does not
	// count redeliveries, far more deliveries than acknowledgements mean that a message
	// fails again and again.
	Received Count
	// Unexplained are the messages that left the queue in a way that no counter shows.
	Unexplained Unexplained
	// GroupHeldSince is since when the oldest message is the same one, in a queue that keeps
	// the order of messages within groups: it holds back its group and no other. Zero: unknown.
	GroupHeldSince Instant
	// CounterDelay is how far the counters, and the committed offsets derived from
	// them, may lag behind the depths; 0 where both are read at the same moment.
	CounterDelay time.Duration

	// Partitions are the parts that progress independently, in order of ID; a queue
	// that is not split has one. Progress is decided per partition.
	Partitions []Partition
	// PerPartition asks for series of each partition, not only of the queue.
	PerPartition bool
	// FullPartitionLabels: these series have the labels of the queue, not their short names.
	FullPartitionLabels bool
	// Sample names orders at the head of the queue, where a source can read them
	// without consuming them.
	Sample []OrderRef
	// OpenTransactions hold back the head of a partition: consumers that read committed
	// messages receive nothing after it. Only those that a source has found.
	OpenTransactions []OpenTransaction
	// PositionUntil is until when at most the broker keeps the committed offsets of a group
	// without consumers, and PositionKept for how long in all; zero: unknown, or it has consumers.
	PositionUntil Instant
	PositionKept  time.Duration
	// OffsetMoves are the changes of committed offsets, new in this reading, by which messages
	// were skipped. A source reports only those whose cause it can prove.
	OffsetMoves []OffsetMove
}

// OffsetMove is a committed offset that advanced over messages that no consumer received.
type OffsetMove struct {
	Partition int32
	From, To  int64 // what was skipped and can still be read: From, up to and without To
	By        Mover
	At        Instant // when it was committed, on the broker's clock
	// Confirmed: the source has read a message in the range. Otherwise there may be only commit
	// markers.
	Confirmed bool
	Sample    []OrderRef // orders in the range, where a source can read them
	// Remedy is the command that sets the offset back.
	Remedy string
}

// Mover is who moved a committed offset.
type Mover uint8

// Who moves committed offsets.
const (
	MovedByOutsider Mover = iota + 1 // a client that is no consumer of the group, such as an operator's tool
	MovedToEnd                       // a consumer that found no offset and started at the end
)

// Unexplained bounds how many of the messages that arrived in a queue are neither acknowledged
// nor in it. Only its growth means something: it may begin anywhere.
type Unexplained struct {
	Known       bool
	Least, Most int64
	Since       Instant // since when messages are counted
	At          Instant // as of when
}

// OpenTransaction is a transaction that holds back the head of a partition. What is known
// of its producer depends on the rights of lostorder.
type OpenTransaction struct {
	Partition int32
	Start     int64 // the offset of its first message; consumers wait there
	Messages  Count // from there to the end of the log
	Since     Age   // of its first message

	ID            string // its transactional id; empty: unknown
	Producer      int64  // the producer's id; Unknown
	ProducerEpoch int64
	// Began is when it began, as its coordinator shows it, and Timeout after how long the
	// coordinator aborts it; zero: unknown.
	Began   Instant
	Timeout time.Duration
	// LastWrite is when its producer last wrote to it, on any of its partitions; zero: unknown.
	LastWrite Instant
	// Ended: its coordinator has ended it, and the partition does not know.
	Ended bool
	// Remedy is the command that ends it.
	Remedy string
}

// AbortsAt is when the coordinator aborts the transaction by itself; zero: unknown, or never.
func (t *OpenTransaction) AbortsAt() Instant {
	if !t.Began.Known() || t.Timeout <= 0 || t.Ended {
		return 0
	}
	return t.Began.Add(t.Timeout)
}

// NewQueue returns a queue with every fact unknown.
func NewQueue(id QueueID) Queue {
	return Queue{
		QueueID: id,
		Ready:   Unknown, InFlight: Unknown, Delayed: Unknown, ReadyBytes: Unknown, Uncommitted: Unknown,
		Consumers: Unknown, Utilisation: Unknown, Published: Unknown, Acknowledged: Unknown, Redelivered: Unknown, Received: Unknown,
	}
}

// Setup is the configuration of a queue: what happens to messages that fail, expire
// or exceed its size. It is read rarely, shared by readings and never changed.
type Setup struct {
	// Type is the broker's name for it: classic, quorum, stream, standard, fifo.
	Type string
	// Retention is after how long the broker removes a message, processed or not
	// (message TTL, retention period); 0 where it keeps messages forever.
	Retention time.Duration
	// ExpiresUnused is after how long without consumers the broker deletes the queue with
	// its messages; 0: never.
	ExpiresUnused time.Duration
	// MaxMessages and MaxBytes are how much the queue may hold; Unknown: no limit.
	MaxMessages Count
	MaxBytes    Count
	// DropsHead: a full queue removes its oldest message; otherwise it rejects new
	// ones.
	DropsHead bool
	// MaxDeliveries is after how many deliveries the broker gives up a message;
	// Unknown: never.
	MaxDeliveries Count
	// ReturnsUncounted: a consumer may return a message in a way that MaxDeliveries
	// does not count, and receive it again forever.
	ReturnsUncounted bool
	DeadLettering    DeadLettering
	// Temporary: the queue is deleted with its consumer or its connection, as a reply
	// queue is.
	Temporary bool
}

// DeadLettering is what happens to a message that a queue gives up.
type DeadLettering struct {
	Route DeadLetteringRoute
	To    string // the exchange or queue that it is sent to
	// Problem says in words why the configured route leads to no queue.
	Problem string
	// Leak says in words why messages are dropped on a route that leads to a queue. It is
	// empty if they are not.
	Leak string
	// AtMostOnce: the queue could wait until its dead letters have arrived, and it does
	// not.
	AtMostOnce bool
}

// Unpaired is what suggests that a queue should have a dead letter queue, where the broker
// does not know dead letter queues and names pair them.
type Unpaired struct {
	// Retries is the queue in which its failed messages wait to be tried again; empty: none.
	Retries string
	// Siblings is how many other queues the same consumers read, if each has a dead letter
	// queue.
	Siblings int
}

// DeadLetteringRoute says whether the messages that a queue gives up are kept.
type DeadLetteringRoute uint8

// The routes of messages that a queue gives up.
const (
	RouteUnknown DeadLetteringRoute = iota
	RouteNone                       // nowhere: they are dropped
	RouteBroken                     // to a target that does not exist or routes them to no queue
	RouteSet                        // to a queue
)

// BrokerLoss counts the messages that a broker removed unprocessed, where it counts
// them for all its queues together.
type BrokerLoss struct {
	System  System
	Cluster string
	Node    string
	Reason  string // expired, maxlen, rejected, delivery_limit, unroutable_dropped, unroutable_returned
	// QueueType is the broker's name for the type of the queues that it counts; empty: all.
	QueueType string
	// From is a phrase that names what the messages were lost from.
	From     string
	Messages Count // counter; it may reset
	// Uptime is how long the node has been running, and its counters counting; 0 where it is
	// unknown.
	Uptime time.Duration
}

// Alarm is a resource of a broker's node. While the alarm is raised, the resource is
// nearly exhausted and publishers are blocked.
type Alarm struct {
	System   System
	Cluster  string
	Node     string
	Resource string // memory, disk
	Raised   bool
}

// Assignment says whether a member owns a partition.
type Assignment uint8

// Whether a partition has a consumer.
const (
	AssignmentUnknown Assignment = iota
	Assigned
	Unassigned
)

// Partition is a part of a queue that progresses independently. Offsets are the
// broker's. Where the broker has none, Start is Unknown, Committed counts the messages
// that consumers acknowledged, and End adds those that wait. Then End falls when
// messages leave another way (a purge, expiry, overflow), and Committed falls only when
// the counters of the broker restart.
type Partition struct {
	ID         int32
	Assignment Assignment
	// NothingToDeliver: between Committed and End are only commit markers and aborted
	// messages, which no consumer receives. The source confirmed it by reading.
	NothingToDeliver bool
	Start            int64 // the first offset that can still be read
	End              int64 // the offset after the last message
	Committed        int64 // the next offset the group will read; Unknown: no commit yet
	Head             Age   // of the message at Committed
}

// NewPartition returns a partition with every fact unknown.
func NewPartition(id int32) Partition {
	return Partition{ID: id, Start: Unknown, End: Unknown, Committed: Unknown}
}

// Lag returns how many messages wait in the partition. It is never negative: an
// offset beyond the end is of a recreated topic, and below the start only what can
// still be read counts. It is 0 where the group never committed an offset.
func (p Partition) Lag() int64 {
	if p.Committed < 0 || p.End < 0 {
		return 0
	}
	return max(0, p.End-max(p.Committed, p.Start))
}

// Uncommitted returns how many messages wait in a partition for which the group
// never committed an offset; 0 where it did.
func (p Partition) Uncommitted() int64 {
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
	Sources     []string // the queues whose failed messages go here
	Purpose     Purpose  // why it is a dead letter queue
	Messages    Count    // that are in it now
	Oldest      Age
	Arrived     Count // counter of messages that ever arrived; it may reset
	// Retention is after how long the broker removes messages from it, and
	// SourceRetention is the longest of its sources; 0 where messages are kept forever.
	Retention       time.Duration
	SourceRetention time.Duration
	// KeepsAge: a dead letter keeps the age that it had in its source.
	KeepsAge  bool
	Semantics *Semantics // as of a Queue
	Sample    []OrderRef
	// Objective is the one that selects it by its name. Labels that it does not set are those
	// that all sources have.
	Objective Objective
	// Reasons say in words why messages came here, the most frequent first. They come from
	// a sample, and are read only if the config allows it.
	Reasons []string
}

// NewDeadLetterQueue returns a dead letter queue with every fact unknown.
func NewDeadLetterQueue(system System, cluster, destination string) DeadLetterQueue {
	return DeadLetterQueue{System: system, Cluster: cluster, Destination: destination, Messages: Unknown, Arrived: Unknown}
}

// NewSetup returns a setup without limits.
func NewSetup() Setup {
	return Setup{MaxMessages: Unknown, MaxBytes: Unknown, MaxDeliveries: Unknown}
}
