package signal

import "time"

// TargetID names one thing that is watched. It is unique in a configuration.
type TargetID struct {
	Collector string // kafka, outbox, orders, …
	Target    string // its name in the config file
}

// String returns collector/target.
func (t TargetID) String() string { return t.Collector + "/" + t.Target }

// Report is one reading of one target. A report is immutable once it was
// reported: whoever received it may keep it and read it from any goroutine.
//
// Err is nil when the reading is whole. With readings beside it, it says what is
// missing from them; without any, the target could not be read.
type Report struct {
	TargetID
	At       time.Time     // when the reading was finished, on our clock
	Took     time.Duration // how long it took
	Interval time.Duration // until the next one is due
	Err      error
	// Identity is what the target says it is, where it says so (Kafka's cluster id).
	// When it changes, another target has taken the place.
	Identity string

	Queues          []Queue
	DeadLetters     []DeadLetterQueue
	Losses          []BrokerLoss
	Alarms          []Alarm
	Outboxes        []Outbox
	Lifecycles      []Lifecycle
	Reconciliations []Reconciliation

	// Warnings are facts about the target that the operator should mend and that
	// do not make the reading wrong: a NULL timestamp, a clock that is ahead.
	Warnings []string
	// Remedies are what to do about the warnings, where the text of one ends with it.
	Remedies []Remedy
}

// Empty reports whether the report holds no reading at all.
func (r *Report) Empty() bool {
	return len(r.Queues)+len(r.DeadLetters)+len(r.Outboxes)+len(r.Lifecycles)+len(r.Reconciliations) == 0
}

// Whole reports whether everything that the target has was read.
func (r *Report) Whole() bool { return r.Err == nil }
