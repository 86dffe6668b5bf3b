package phrase_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMoneyReadsAsPeopleWriteIt(t *testing.T) {
	for want, a := range map[string]signal.Amount{
		"€ 18,240.50":     {Currency: "EUR", Value: "18240.5"},
		"$ 0.05":          {Currency: "USD", Value: "0.05"},
		"£ -1,000.00":     {Currency: "GBP", Value: "-1000"},
		"¥ 1,234,567":     {Currency: "JPY", Value: "1234567"},
		"CHF 999.00":      {Currency: "CHF", Value: "999"},
		"€ 12.345":        {Currency: "EUR", Value: "12.345"},
		"12,345,678.90":   {Value: "12345678.9"},
		"points 5,000.00": {Currency: "points", Value: "5000"},
	} {
		if got := phrase.Money(a.Currency, a.Value); got != want {
			t.Errorf("%+v is written %q, want %q", a, got, want)
		}
	}
}

func TestStakeSaysOfWhichOrdersItIs(t *testing.T) {
	euros := signal.Amount{Currency: "EUR", Value: "18240.5", Orders: 132}
	dollars := signal.Amount{Currency: "USD", Value: "5", Orders: 1}
	for want, s := range map[string]signal.Stake{
		"":                                   {Coverage: signal.CoversAll},
		"€ 18,240.50 in 132 orders":          {Amounts: signal.Amounts{euros}, Coverage: signal.CoversAll},
		"at least € 18,240.50 in 132 orders": {Amounts: signal.Amounts{euros}, Coverage: signal.CoversCounted},
		"$ 5.00 in 1 order of the sample":    {Amounts: signal.Amounts{dollars}, Coverage: signal.CoversSample},
		"€ 18,240.50 (132 orders) and $ 5.00 (1 order) in 133 orders": {Amounts: signal.Amounts{euros, dollars}, Coverage: signal.CoversAll},
	} {
		if got := phrase.Stake(s); got != want {
			t.Errorf("it is written %q, want %q", got, want)
		}
	}
}
