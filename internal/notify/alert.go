package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// mostOrders is how many orders a notification names.
const mostOrders = 5

// alert is what notifications say about one finding, or about one target that cannot be read.
type alert struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"` // as in the alerts for Prometheus
	Mode        signal.Mode       `json:"mode,omitempty"`
	Severity    signal.Severity   `json:"severity"`
	Target      string            `json:"target"`
	Subject     string            `json:"subject"`
	Labels      map[string]string `json:"labels"` // of the subject
	Summary     string            `json:"summary"`
	Description string            `json:"description,omitempty"`
	Custom      map[string]string `json:"custom,omitempty"` // labels of the config, such as the team
	Count       int64             `json:"count,omitempty"`
	AtStake     signal.Stake      `json:"at_stake,omitzero"`
	Since       time.Time         `json:"since"`
	Detected    time.Time         `json:"detected"` // distinguishes two cases with one id
	Closed      time.Time         `json:"closed,omitzero"`
	CausedBy    string            `json:"caused_by,omitempty"` // the finding that is sent instead of this one
	Explains    []string          `json:"explains,omitempty"`  // the findings that are not sent because of this one, in words
	Orders      []string          `json:"-"`                   // a sample, if notifications may name orders; never kept on disk
	TraceID     string            `json:"-"`
}

// open reports whether it is about something that holds.
func (a *alert) open() bool { return a.Closed.IsZero() }

// alertOf returns what is sent about a finding.
func alertOf(f *signal.Finding, nameOrders bool) alert {
	a := alert{
		ID: f.ID, Name: alertName(f.Mode), Mode: f.Mode, Severity: f.Severity, Target: f.Target.String(),
		Subject: f.Subject.String(), Labels: labelsOf(f.Subject), Custom: f.Labels, Summary: f.Summary, Description: means(f.Mode),
		Count: f.Count, AtStake: f.AtStake, Since: f.Since, Detected: f.DetectedAt, Closed: f.ClosedAt, CausedBy: f.CausedBy,
	}
	if a.Summary == "" {
		a.Summary = strings.ReplaceAll(string(f.Mode), "_", " ") + ": " + a.Subject
	}
	if nameOrders {
		a.Orders, a.TraceID = f.OrderIDs[:min(len(f.OrderIDs), mostOrders)], f.TraceID
	}
	return a
}

// alertName is the name of the alert that the rules for Prometheus have for a mode.
func alertName(mode signal.Mode) string {
	var name strings.Builder
	name.WriteString("Lostorder")
	for part := range strings.SplitSeq(string(mode), "_") {
		switch part {
		case "":
		case "dlq":
			name.WriteString("DLQ")
		default:
			name.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return name.String()
}

// sentence is the summary with what the affected orders are worth.
func (a *alert) sentence() string {
	if worth := phrase.Stake(a.AtStake); worth != "" && a.open() {
		return a.Summary + " At stake: " + worth + "."
	}
	return a.Summary
}

// labelsOf are the labels of a subject, with the names that metrics use.
func labelsOf(s signal.Subject) map[string]string {
	labels := map[string]string{}
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &labels)
	}
	if err != nil {
		panic(fmt.Sprintf("notify: a subject is no list of labels: %v", err))
	}
	return labels
}

// means describes what happened when a mode is found.
func means(mode signal.Mode) string {
	for _, d := range detect.Decisions() {
		if d.Mode == mode {
			return d.Description
		}
	}
	return ""
}

// reason is why an alert is sent.
type reason string

// The reasons, in the order of their weight.
const (
	opened   reason = "opened"
	worse    reason = "worse"    // its severity rose
	grew     reason = "grew"     // it affects at least twice as many as when it was last sent
	closed   reason = "closed"   // it no longer holds
	repeated reason = "repeated" // it still holds, and was last sent long ago
)

// notice is an alert that is due.
type notice struct {
	alert
	why    reason
	before int64     // how many it affected when it was last sent
	last   time.Time // when that was
	known  bool      // the receiver knows that it is open
}

// news says in words what has changed, and which other findings this one explains; empty where
// the summary says all.
func (n *notice) news() string {
	changed := n.changed()
	if len(n.Explains) == 0 || !n.open() {
		return changed
	}
	return strings.TrimPrefix(changed+" It explains "+phrase.List(n.Explains, mostOrders)+".", " ")
}

func (n *notice) changed() string {
	switch n.why {
	case worse:
		return "Its severity rose to " + string(n.Severity) + "."
	case grew:
		return fmt.Sprintf("It grew from %d to %d.", n.before, n.Count)
	case repeated:
		return "It is still open."
	case closed:
		if !n.known {
			return "It opened and closed before it could be sent."
		}
	case opened:
	}
	return ""
}
