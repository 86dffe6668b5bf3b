package telemetry

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/lostorder/lostorder/internal/signal"
)

// The labels of an exemplar: the trace to open, where one is known, and the
// finding to look up.
const (
	exemplarTrace   = "trace_id"
	exemplarFinding = "finding_id"
)

// exemplarLabels names a finding within the room that OpenMetrics gives an
// exemplar. The trace goes first: the finding is on the status page anyway.
func exemplarLabels(f *signal.Finding) prometheus.Labels {
	labels := prometheus.Labels{}
	room := prometheus.ExemplarMaxRunes
	for _, l := range []label{{exemplarTrace, valid(f.TraceID)}, {exemplarFinding, valid(f.ID)}} {
		size := utf8.RuneCountInString(l.name) + utf8.RuneCountInString(l.value)
		if l.value != "" && size <= room {
			labels[l.name] = l.value
			room -= size
		}
	}
	return labels
}

// exemplarOf returns the exemplar of one finding more.
func exemplarOf(f *signal.Finding) *dto.Exemplar {
	labels := exemplarLabels(f)
	if len(labels) == 0 {
		return nil
	}
	one := 1.0
	e := &dto.Exemplar{Value: &one}
	for name, value := range labels {
		e.Label = append(e.Label, newPair(name, value))
	}
	slices.SortFunc(e.Label, func(a, b *dto.LabelPair) int { return strings.Compare(b.GetName(), a.GetName()) })
	if !f.DetectedAt.IsZero() {
		e.Timestamp = timestamppb.New(f.DetectedAt)
	}
	return e
}
