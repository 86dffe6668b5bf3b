package signal_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestMergedRemedyNamesEachPurposeOnce(t *testing.T) {
	index := func(purpose string) signal.Remedy {
		return signal.Remedy{Kind: signal.RemedyIndex, Text: "CREATE INDEX i ON t (a);", For: purpose}
	}
	got := signal.MergeRemedies([]signal.Remedy{index("count orders")}, []signal.Remedy{index("count orders, list states")})
	if len(got) != 1 || got[0].For != "count orders, list states" {
		t.Errorf("got %+v", got)
	}
}
