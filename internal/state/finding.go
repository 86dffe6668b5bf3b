package state

import (
	"encoding/json"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// findingRecord is a finding as it is written. The names of its fields are part of the format.
type findingRecord struct {
	ID          string            `json:"id"`
	Mode        signal.Mode       `json:"mode"`
	Severity    signal.Severity   `json:"severity"`
	Subject     signal.Subject    `json:"subject"`
	Summary     string            `json:"summary,omitempty"`
	Collector   string            `json:"collector"`
	Target      string            `json:"target"`
	OrderIDs    []string          `json:"order_ids,omitempty"`
	Traced      []signal.OrderRef `json:"traced,omitempty"`
	TraceID     string            `json:"trace_id,omitempty"`
	Count       int64             `json:"count"`
	Since       time.Time         `json:"since"`
	DecidableAt time.Time         `json:"decidable_at"`
	DetectedAt  time.Time         `json:"detected_at"`
	ClosedAt    time.Time         `json:"closed_at,omitzero"`
	Seen        signal.Instant    `json:"seen,omitempty"`  // of an open one
	Quiet       int               `json:"quiet,omitempty"` // of an open one
	Said        int64             `json:"said,omitempty"`  // of an open one
	Evidence    signal.Evidence   `json:"evidence,omitempty"`
	Labels      signal.Labels     `json:"labels,omitempty"`
	Amounts     signal.Amounts    `json:"amounts,omitempty"`
	AmountsOf   signal.Coverage   `json:"amounts_of,omitempty"`
}

func encodeFinding(o *detect.OpenFinding) ([]byte, error) {
	f := &o.Finding
	return json.Marshal(findingRecord{
		ID: f.ID, Mode: f.Mode, Severity: f.Severity, Subject: f.Subject, Summary: f.Summary, Collector: f.Target.Collector, Target: f.Target.Target,
		OrderIDs: f.OrderIDs, Traced: f.Traced, TraceID: f.TraceID, Count: f.Count,
		Since: f.Since, DecidableAt: f.DecidableAt, DetectedAt: f.DetectedAt, ClosedAt: f.ClosedAt, Seen: o.Seen, Quiet: o.Quiet, Said: o.Said, Evidence: f.Evidence, Labels: f.Labels,
		Amounts: f.AtStake.Amounts, AmountsOf: f.AtStake.Coverage,
	})
}

func decodeFinding(body []byte) (o detect.OpenFinding, err error) {
	var r findingRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return o, err
	}
	return detect.OpenFinding{
		Finding: signal.Finding{
			ID: r.ID, Mode: r.Mode, Severity: r.Severity, Subject: r.Subject, Summary: r.Summary, Target: signal.TargetID{Collector: r.Collector, Target: r.Target},
			OrderIDs: r.OrderIDs, Traced: r.Traced, TraceID: r.TraceID, Count: r.Count,
			Since: r.Since, DecidableAt: r.DecidableAt, DetectedAt: r.DetectedAt, ClosedAt: r.ClosedAt, Evidence: r.Evidence, Labels: r.Labels,
			AtStake: signal.Stake{Amounts: r.Amounts, Coverage: r.AmountsOf},
		},
		Seen: r.Seen, Quiet: r.Quiet, Said: r.Said,
	}, nil
}

// anonymous returns a finding without what names its orders.
func anonymous(f signal.Finding) signal.Finding {
	f.OrderIDs, f.Traced, f.TraceID, f.Evidence = nil, nil, "", nil
	return f
}
