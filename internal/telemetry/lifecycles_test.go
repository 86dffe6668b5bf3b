package telemetry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

const order = `database="shop",lifecycle="order"`

func TestSeriesOfLifecycles(t *testing.T) {
	s := full()
	e := exporter(&s)
	readAll(e, s)
	got := lines(scrape(t, e, "text"))
	for sentence, want := range map[string][]string{
		"moves are counted":                       {`lostorder_order_moves_total{` + order + `,state="placed",next_state="delivered"} 7`},
		"an outcome that nothing had is at zero":  {`lostorder_lifecycle_completed_total{` + order + `,outcome="in_time"} 5`, `lostorder_lifecycle_completed_total{` + order + `,outcome="abandoned"} 0`},
		"what is suspected is told apart":         {`lostorder_orders_in_conflict{` + order + `,kind="two_ends",certainty="confirmed"} 1`, `lostorder_orders_in_conflict{` + order + `,kind="illegal_move",certainty="confirmed"} 0`, `lostorder_orders_in_conflict{` + order + `,kind="illegal_move",certainty="suspected"} 1`},
		"the first of a group is no duplicate":    {`lostorder_orders_duplicated{` + order + `} 2`},
		"orders under way are counted within":     {`lostorder_orders_within_dwell{` + order + `,state="placed",within="1"} 4`, `lostorder_orders_within_dwell{` + order + `,state="placed",within="300"} 28`, `lostorder_orders_within_dwell{` + order + `,state="placed",within="+Inf"} 30`},
		"a dwell is observed once for each order": {`lostorder_order_dwell_seconds_count{` + order + `,state="placed"} 1`, `lostorder_order_dwell_seconds_sum{` + order + `,state="placed"} 42`},
	} {
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s: no %s in\n%s", sentence, line, strings.Join(got, "\n"))
			}
		}
	}
}

func TestADwellHasItsTraceAndIsNative(t *testing.T) {
	s := full()
	e := exporter(&s)
	readAll(e, s)
	var traces []string
	for _, m := range scrape(t, e, "protobuf")["lostorder_order_dwell_seconds"].GetMetric() {
		h := m.GetHistogram()
		for _, b := range h.GetBucket() {
			for _, l := range b.GetExemplar().GetLabel() {
				traces = append(traces, l.GetName()+"="+l.GetValue())
			}
		}
		if len(h.GetPositiveDelta()) == 0 {
			t.Error("the histogram is not native")
		}
	}
	if !slices.Equal(traces, []string{"trace_id=0af7651916cd43dd8448eb211c80319c"}) {
		t.Errorf("exemplars: %q", traces)
	}
}

// TestDwellsStartAtZero: a rate sees the first order that leaves a state only if the
// histogram existed before, and a panel must not be empty until then.
func TestDwellsStartAtZero(t *testing.T) {
	s := full()
	e := exporter(&s)
	for i := range s.Targets {
		if r := s.Targets[i].Reading; r != nil {
			for j := range r.Lifecycles {
				r.Lifecycles[j].History.EndedDwells = nil
			}
		}
	}
	readAll(e, s)
	families := scrape(t, e, "protobuf")
	for _, name := range []string{"lostorder_order_dwell_seconds", "lostorder_order_dwell_ratio"} {
		series := families[name].GetMetric()
		if len(series) != 1 || series[0].GetHistogram().GetSampleCount() != 0 || series[0].GetLabel()[2].GetValue() != "placed" {
			t.Errorf("%s has %v, want one series of state placed at zero", name, series)
		}
	}
}

func TestTheHistogramOfATargetThatIsForgottenIsGone(t *testing.T) {
	s := full()
	e := exporter(&s)
	readAll(e, s)
	e.Forget(signal.TargetID{Collector: "orders", Target: "shop"})
	if f := scrape(t, e, "protobuf")["lostorder_order_dwell_seconds"]; f != nil {
		t.Errorf("it is still there: %v", f)
	}
}
