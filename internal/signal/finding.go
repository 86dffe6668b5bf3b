package signal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
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

// String names the subject for people, shortest first: "orders → billing (kafka
// main)".
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

// Fact is one piece of evidence: a name in snake_case and its value.
type Fact struct {
	Name  string
	Value string
}

// Label is the name for people.
func (f Fact) Label() string { return strings.ReplaceAll(f.Name, "_", " ") }

// Evidence is what a finding was decided from, the most convincing first. In JSON it
// is an object that keeps that order.
type Evidence []Fact

// Find returns the fact with a name.
func (e Evidence) Find(name string) (Fact, bool) {
	i := slices.IndexFunc(e, func(f Fact) bool { return f.Name == name })
	if i < 0 {
		return Fact{}, false
	}
	return e[i], true
}

// MarshalJSON writes the facts as one object, in order.
func (e Evidence) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range e {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, keeping the order.
func (e *Evidence) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	*e = (*e)[:0]
	for dec.More() {
		var f Fact
		key, err := dec.Token()
		if err != nil {
			return err
		}
		f.Name, _ = key.(string)
		if err := dec.Decode(&f.Value); err != nil {
			return err
		}
		*e = append(*e, f)
	}
	return nil
}

// Finding is one open or closed case of a failure mode.
type Finding struct {
	ID       string
	Mode     Mode
	Severity Severity
	Subject  Subject
	Target   TargetID // whose readings decided it
	OrderIDs []string // a sample: those that wait longest, or came to a dead letter queue last, first
	Count    int64    // affected orders or messages
	Since    time.Time
	// DecidableAt is the first moment at which the case differed from its benign twin;
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
}

// Open reports whether the finding is open.
func (f *Finding) Open() bool { return f.ClosedAt.IsZero() }
