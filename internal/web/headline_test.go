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
	worth := func(f signal.Finding, coverage signal.Coverage, amounts ...signal.Amount) signal.Finding {
		f.AtStake = signal.Stake{Amounts: amounts, Coverage: coverage}
		return f
	}
	euros := func(value signal.Decimal, orders int64) signal.Amount {
		return signal.Amount{Currency: "EUR", Value: value, Orders: orders}
	}
	late := in(signal.OrderOverdue, 132, "order")
	for sentence, c := range map[string]struct {
		open []signal.Finding
		want string
	}{
		"orders of one lifecycle":                    {[]signal.Finding{in(signal.OrderOverdue, 132, "order")}, "132 orders are stuck since 02:19"},
		"one order":                                  {[]signal.Finding{in(signal.OrderOverdue, 1, "order")}, "1 order is stuck since 02:19"},
		"a large number has separators":              {[]signal.Finding{in(signal.MessageLost, 1_234_567, "")}, "1,234,567 messages are lost since"},
		"what is lost comes before what is stuck":    {[]signal.Finding{in(signal.OrderOverdue, 132, "order"), in(signal.MessageLost, 3, "")}, "3 messages are lost and 132 orders are stuck, oldest since"},
		"two modes about the same orders count once": {[]signal.Finding{in(signal.OrderOverdue, 10, "order"), in(signal.SagaStuck, 12, "order")}, "12 orders are stuck, oldest"},
		"orders of two lifecycles are added":         {[]signal.Finding{in(signal.OrderOverdue, 10, "order"), in(signal.OrderOverdue, 12, "refund")}, "22 orders are stuck, oldest"},
		"what they are worth":                        {[]signal.Finding{worth(late, signal.CoversAll, euros("18240.5", 132))}, "132 orders are stuck, € 18,240.50, since 02:19"},
		"two findings are added in one currency": {
			[]signal.Finding{worth(late, signal.CoversAll, euros("18240.5", 132)), worth(in(signal.OrderOverdue, 2, "refund"), signal.CoversAll, euros("0.5", 2))},
			"134 orders are stuck, € 18,241.00, oldest since 02:19",
		},
		"two currencies are never added": {
			[]signal.Finding{worth(late, signal.CoversAll, euros("18240.5", 100), signal.Amount{Currency: "USD", Value: "40", Orders: 32})},
			"132 orders are stuck, € 18,240.50 and $ 40.00, since 02:19",
		},
		"an amount of the sample is a lower bound":        {[]signal.Finding{worth(late, signal.CoversSample, euros("99", 5))}, "132 orders are stuck, at least € 99.00, since"},
		"an amount of those counted is a lower bound":     {[]signal.Finding{worth(late, signal.CoversCounted, euros("99", 132))}, "132 orders are stuck, at least € 99.00, since"},
		"an order without an amount is unknown, not free": {[]signal.Finding{worth(late, signal.CoversAll, euros("99", 131))}, "132 orders are stuck, at least € 99.00, since"},
		"a finding without amounts is unknown, not free": {
			[]signal.Finding{worth(late, signal.CoversAll, euros("99", 132)), in(signal.OrderOverdue, 1, "refund")}, "133 orders are stuck, at least € 99.00, oldest",
		},
		"the money of orders that two modes name counts once": {
			[]signal.Finding{worth(in(signal.OrderOverdue, 10, "order"), signal.CoversAll, euros("100", 10)), worth(in(signal.SagaStuck, 12, "order"), signal.CoversAll, euros("120", 12))},
			"12 orders are stuck, € 120.00, oldest",
		},
		"each kind of harm has its own money": {
			[]signal.Finding{worth(late, signal.CoversAll, euros("18240.5", 132)), in(signal.MessageLost, 3, "")}, "3 messages are lost and 132 orders are stuck (€ 18,240.50), oldest since",
		},
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
