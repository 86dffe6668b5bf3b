package notify

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// cloudEvents writes one CloudEvent 1.0 for each finding, in structured mode.
type cloudEvents struct{ links }

type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        eventData `json:"data"`
}

type eventData struct {
	Finding     string            `json:"finding"`
	Mode        string            `json:"mode,omitempty"`
	Severity    string            `json:"severity"`
	Summary     string            `json:"summary"`
	Labels      map[string]string `json:"labels"`
	Target      string            `json:"target"`
	Count       int64             `json:"count"`
	CountBefore *int64            `json:"count_before,omitempty"` // when it was last sent
	Amounts     signal.Amounts    `json:"amounts,omitempty"`      // what the affected orders are worth, as in the API
	AmountsOf   signal.Coverage   `json:"amounts_of,omitempty"`
	OrderIDs    []string          `json:"order_ids,omitempty"`
	Since       time.Time         `json:"since"`
	DetectedAt  time.Time         `json:"detected_at"`
	ClosedAt    time.Time         `json:"closed_at,omitzero"`
	URL         string            `json:"url,omitempty"`
	RunbookURL  string            `json:"runbook_url"`
}

// eventType begins the type of each event. The reason follows.
const eventType = "io.github.lostorder.finding."

func (cloudEvents) split(notices []notice) [][]notice { return chunks(notices, 1) }

func (f cloudEvents) body(group []notice, id string, now time.Time) (string, any) {
	n := &group[0]
	e := cloudEvent{
		SpecVersion: "1.0", ID: id, Source: "/lostorder", Type: eventType + string(n.why), Subject: n.ID, Time: now.UTC(), ContentType: jsonType,
		Data: eventData{
			Finding: n.ID, Mode: string(n.Mode), Severity: string(n.Severity), Summary: n.Summary, Labels: n.labels(), Target: n.Target, Count: n.Count,
			Amounts: n.AtStake.Amounts, AmountsOf: n.AtStake.Coverage,
			OrderIDs: n.Orders, Since: n.Since.UTC(), DetectedAt: n.Detected.UTC(), ClosedAt: n.Closed.UTC(), URL: f.finding(&n.alert), RunbookURL: f.runbook(&n.alert),
		},
	}
	if f.page != "" {
		e.Source = f.page
	}
	if n.known {
		e.Data.CountBefore = &n.before
	}
	return "application/cloudevents+json", e
}
