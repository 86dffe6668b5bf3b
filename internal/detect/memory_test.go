package detect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestGapInObservationIsCounted(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return dwell(0, s.now) })
	if s.detector.Counters().Gaps != 0 {
		t.Error("a gap where there was none")
	}
	s.fail(10 * time.Minute)
	s.play(time.Minute, func(int) signal.Report { return dwell(0, s.now) })
	if s.detector.Counters().Gaps != 1 {
		t.Errorf("gaps %d, want 1", s.detector.Counters().Gaps)
	}
}

func TestPartlyReadTargetIsForgottenPieceByPiece(t *testing.T) {
	s := newScript(t)
	s.partial = true
	s.play(24*time.Hour, func(i int) signal.Report {
		r := group(1, part(0, 60, 60))
		passing := r.Queues[0]
		passing.Group = fmt.Sprintf("passing-%d", i)
		r.Queues = append(r.Queues, passing)
		return r
	})
	if kept := len(s.detector.Counters().Lost); kept > 300 {
		t.Errorf("%d queues are remembered, two are there", kept)
	}
}
