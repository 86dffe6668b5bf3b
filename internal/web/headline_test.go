package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestHeadlineSaysWhatHappensToOrders(t *testing.T) {
	in := func(mode signal.Mode, count int64, lifecycle string) signal.Finding {
		return signal.Finding{ID: string(mode) + lifecycle, Mode: mode, Severity: signal.Critical, Count: count, Since: before(time.Hour), Subject: signal.Subject{Database: "shop", Lifecycle: lifecycle}}
	}
	for sentence, c := range map[string]struct {
		open []signal.Finding
		want string
	}{
		"orders of one lifecycle":                          {[]signal.Finding{in(signal.OrderOverdue, 132, "order")}, "132 orders are stuck since 02:19"},
		"one order":                                        {[]signal.Finding{in(signal.OrderOverdue, 1, "order")}, "1 order is stuck since 02:19"},
		"a large number has separators":                    {[]signal.Finding{in(signal.MessageLost, 1_234_567, "")}, "1,234,567 messages are lost since"},
		"what is lost comes before what is stuck":          {[]signal.Finding{in(signal.OrderOverdue, 132, "order"), in(signal.MessageLost, 3, "")}, "3 messages are lost and 132 orders are stuck, oldest since"},
		"two modes about the same orders count once":       {[]signal.Finding{in(signal.OrderOverdue, 10, "order"), in(signal.SagaStuck, 12, "order")}, "12 orders are stuck, oldest"},
		"orders of two lifecycles are added":               {[]signal.Finding{in(signal.OrderOverdue, 10, "order"), in(signal.OrderOverdue, 12, "refund")}, "22 orders are stuck, oldest"},
		"a finding without orders is counted as a finding": {[]signal.Finding{in(signal.DLQMissing, 0, "")}, "1 open finding since"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := calm()
			s.Open = c.open
			_, page := do(t, handler(s), http.MethodGet, "/")
			if got := between(page, "<h1>", "<"); !strings.HasPrefix(got, c.want) {
				t.Errorf("the headline is %q", got)
			}
		})
	}
}

func TestHeadlineKnowsEveryMode(t *testing.T) {
	for _, mode := range detect.Modes() {
		s := calm()
		s.Open = []signal.Finding{{ID: "1", Mode: mode, Severity: signal.Critical, Count: 7, Since: before(time.Hour)}}
		_, page := do(t, handler(s), http.MethodGet, "/")
		if got := between(page, "<h1>", "<"); !strings.HasPrefix(got, "7 ") && mode != signal.DLQMissing {
			t.Errorf("%s: the headline is %q", mode, got)
		}
	}
}
