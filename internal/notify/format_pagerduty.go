package notify

import (
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

// pagerDuty writes an event for the Events API v2, one for each finding.
type pagerDuty struct {
	links
	key config.Secret
}

type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client"`
	ClientURL  string            `json:"client_url,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Component string            `json:"component,omitempty"`
	Class     string            `json:"class"`
	Details   map[string]string `json:"custom_details"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// PagerDuty refuses a summary of more than 1,024 characters and an event of more than 512 KB.
const (
	longestSummary = 1000
	longestDetail  = 8000
)

// split makes one event of each notice. A finding that opened and closed before it could be
// sent is triggered first: PagerDuty drops the end of what it does not know.
func (pagerDuty) split(notices []notice) (groups [][]notice) {
	for _, n := range notices {
		if n.why == closed && !n.known {
			began := n
			began.Closed, began.why = time.Time{}, opened
			groups = append(groups, []notice{began})
		}
		groups = append(groups, []notice{n})
	}
	return groups
}

func (f pagerDuty) body(group []notice, _ string, _ time.Time) (string, any) {
	n := &group[0]
	details := f.annotations(n)
	for name, value := range details {
		details[name] = cut(value, longestDetail)
	}
	e := pagerDutyEvent{
		RoutingKey: f.key.Reveal(), Action: "trigger", DedupKey: "lostorder/" + n.ID, Client: "lostorder", ClientURL: f.finding(&n.alert),
		Links: []pagerDutyLink{{f.runbook(&n.alert), "Runbook"}},
		Payload: &pagerDutyPayload{
			Summary: cut(n.sentence(), longestSummary), Source: n.Target, Severity: string(n.Severity), Timestamp: n.Since.UTC(),
			Component: cut(n.Subject, longestSummary), Class: n.Name, Details: details,
		},
	}
	if !n.open() {
		e.Action = "resolve"
	}
	if e.ClientURL != "" {
		e.Links = append(e.Links, pagerDutyLink{e.ClientURL, "Evidence"})
	}
	return jsonType, e
}
