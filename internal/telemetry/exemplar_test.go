package telemetry_test

import (
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestExemplarsNameTheFindingAndItsTrace(t *testing.T) {
	s := full()
	older := s.Open[0]
	older.ID, older.DetectedAt, older.ClosedAt = "f-0", noon.Add(-time.Hour), noon
	s.Closed = []signal.Finding{older}
	e := exporter(&s)
	e.Opened(s.Open[0])
	for _, format := range []string{"openmetrics", "protobuf"} {
		t.Run(format, func(t *testing.T) {
			families := scrape(t, e, format)
			want := map[string]string{"trace_id": traceID, "finding_id": "f-1"}
			if format == "protobuf" { // in OpenMetrics the counter is of unknown type
				total := seriesOf(t, families["lostorder_findings_total"], "outbox_stalled").GetCounter()
				check(t, "findings", total.GetExemplar(), want, 1)
				if at := total.GetExemplar().GetTimestamp().AsTime(); !at.Equal(noon) {
					t.Errorf("exemplar is of %s", at)
				}
				if none := seriesOf(t, families["lostorder_findings_total"], "dlq_filling"); none.GetCounter().GetExemplar() != nil {
					t.Error("a mode without finding has an exemplar")
				}
			}
			delay := seriesOf(t, families["lostorder_detection_delay_seconds"], "outbox_stalled").GetHistogram()
			for _, b := range delay.GetBucket() {
				if b.GetUpperBound() == 30 {
					check(t, "delay", b.GetExemplar(), want, 20)
				}
			}
			if format == "protobuf" && len(delay.GetPositiveSpan()) == 0 {
				t.Error("the histogram is not a native one too")
			}
		})
	}
}

func check(t *testing.T, what string, e *dto.Exemplar, want map[string]string, value float64) {
	t.Helper()
	if e == nil {
		t.Errorf("%s: no exemplar", what)
		return
	}
	for _, l := range e.GetLabel() {
		if want[l.GetName()] != l.GetValue() {
			t.Errorf("%s: exemplar has %s %q", what, l.GetName(), l.GetValue())
		}
	}
	if len(e.GetLabel()) != len(want) || e.GetValue() != value {
		t.Errorf("%s: exemplar is %v", what, e)
	}
}

func seriesOf(t *testing.T, f *dto.MetricFamily, mode string) *dto.Metric {
	t.Helper()
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "mode" && l.GetValue() == mode {
				return m
			}
		}
	}
	t.Fatalf("no series of %s", mode)
	return nil
}
