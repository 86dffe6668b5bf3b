package signal

import (
	"strings"
	"time"
)

// TargetID names one thing that is watched. It is unique in a configuration.
type TargetID struct {
	Collector string // kafka, outbox, orders, …
	Target    string // its name in the config file
}

// String returns collector/target.
func (t TargetID) String() string { return t.Collector + "/" + t.Target }

// ParseTargetID is the reverse of String. The name of a target may contain a slash.
func ParseTargetID(text string) TargetID {
	collector, target, _ := strings.Cut(text, "/")
	return TargetID{Collector: collector, Target: target}
}

// Report is one reading of one target. It is immutable: its receivers may keep it
// and read it from any goroutine.
//
// Err is nil when the reading is complete. Beside readings it says what is missing
// from them; without any, the target could not be read.
type Report struct {
	TargetID
	At       time.Time     // when the reading was finished, on our clock
	Duration time.Duration // how long it took
	Interval time.Duration // until the next one is due
	Err      error
	// Identity identifies the target itself, where it has one, such as a cluster id.
	// When it changes, another target has replaced it.
	Identity string
	// Rewound: the target has lost writes since the last reading, because a backup was restored
	// or a replica that was behind was promoted.
	Rewound bool
	// Labels are those of the config for all findings of the target.
	Labels Labels

	// Recalled: the source continues from what it knew before a restart, and has read all of
	// that again. What the report does not show is not wrong any more.
	Recalled bool

	Queues          []Queue
	DeadLetters     []DeadLetterQueue
	Losses          []BrokerLoss
	Alarms          []Alarm
	Outboxes        []Outbox
	Lifecycles      []Lifecycle
	Reconciliations []Reconciliation

	// Warnings are facts about the target that its operator should fix and that do not
	// make the reading wrong: a NULL timestamp, a clock that is ahead.
	Warnings []string
	// Remedies are what to do about the warnings, where the text of one ends with it.
	Remedies []Remedy
}

// Empty reports whether the report holds no reading.
func (r *Report) Empty() bool {
	return len(r.Queues)+len(r.DeadLetters)+len(r.Outboxes)+len(r.Lifecycles)+len(r.Reconciliations) == 0
}

// Complete reports whether everything in the target was read.
func (r *Report) Complete() bool { return r.Err == nil }
