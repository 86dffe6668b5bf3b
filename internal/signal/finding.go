package signal

import (
	"cmp"
	"time"
)

// Subject is what a finding is about. Unused fields are empty.
type Subject struct {
	System      System `json:"messaging_system,omitempty"`
	Cluster     string `json:"cluster,omitempty"`
	Destination string `json:"messaging_destination_name,omitempty"`
	Group       string `json:"messaging_consumer_group_name,omitempty"`
	Database    string `json:"database,omitempty"`
	Outbox      string `json:"outbox,omitempty"`
	Lifecycle   string `json:"lifecycle,omitempty"`
	State       string `json:"state,omitempty"`
	Check       string `json:"check,omitempty"`
}

// String names the subject in text, the most specific part first: "orders → billing
// (kafka main)".
func (s Subject) String() string {
	switch {
	case s.Check != "":
		return "check " + s.Check + " (database " + s.Database + ")"
	case s.Outbox != "":
		return "outbox " + s.Outbox + " (database " + s.Database + ")"
	case s.Lifecycle != "" && s.State == "":
		return s.Lifecycle + " (database " + s.Database + ")"
	case s.Lifecycle != "":
		return s.Lifecycle + " in state " + s.State + " (database " + s.Database + ")"
	case s.Destination == "":
		return string(s.System) + " " + s.Cluster
	case s.Group != "":
		return s.Destination + " → " + s.Group + " (" + string(s.System) + " " + s.Cluster + ")"
	default:
		return s.Destination + " (" + string(s.System) + " " + s.Cluster + ")"
	}
}

// Finding is one open or closed case of a failure mode.
type Finding struct {
	ID       string
	Mode     Mode
	Severity Severity
	Subject  Subject
	// Summary is what happened, in one sentence.
	Summary  string
	Target   TargetID // whose readings decided it
	OrderIDs []string // a sample: those that wait longest, or came to a dead letter queue last, first
	Count    int64    // affected orders or messages
	Since    time.Time
	// DecidableAt is the first moment at which the case differed from its benign twin.
	// DetectedAt is when it was found.
	DecidableAt time.Time
	DetectedAt  time.Time
	ClosedAt    time.Time // zero while it is open
	// Unconfirmed: it was open before a restart, and its target has not been read since.
	Unconfirmed bool
	Evidence    Evidence
	TraceID     string
	// Traced are the orders of the sample whose trace is known.
	Traced []OrderRef
	// AtStake is what the affected orders are worth, where the config names their amounts.
	AtStake Stake
	// Labels are those of the config for the subject, such as the team that owns it.
	Labels Labels
	// CausedBy is the id of the finding that explains this one, and Symptoms are the ids of
	// the open findings that this one explains.
	CausedBy string
	Symptoms []string
}

// Open reports whether the finding is open.
func (f *Finding) Open() bool { return f.ClosedAt.IsZero() }

// CompareFindings orders findings: the most severe first, then the oldest.
func CompareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
}
