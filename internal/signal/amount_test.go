package signal_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestDecimalsAreReadAsDatabasesWriteThem(t *testing.T) {
	for text, want := range map[string]struct {
		shift int
		value signal.Decimal
		ok    bool
	}{
		"18240.50": {0, "18240.5", true}, "7": {0, "7", true}, "-3.10": {0, "-3.1", true}, ".5": {0, "0.5", true}, "0.00": {0, "0", true},
		"1824050": {2, "18240.5", true}, "1": {2, "0.01", true}, "1.8e3": {0, "1800", true}, " 12 ": {0, "12", true},
		"99999999999999999999.99": {0, "99999999999999999999.99", true},
		"":                        {}, "$12": {}, "1/3": {}, "NaN": {}, "Inf": {}, "0x10": {}, "1e999999999": {}, "1_000": {}, "twelve": {},
	} {
		if value, ok := signal.ParseDecimal(text, want.shift); value != want.value || ok != want.ok {
			t.Errorf("%q with %d minor digits is %q (%v), want %q (%v)", text, want.shift, value, ok, want.value, want.ok)
		}
	}
}

func TestSumsAreExact(t *testing.T) {
	sum := signal.Decimal("0")
	for range 10 {
		sum = sum.Plus("0.1")
	}
	if sum != "1" {
		t.Errorf("ten times 0.1 is %s", sum)
	}
	if sum := signal.Decimal("99999999999999999999.99").Plus("0.01"); sum != "100000000000000000000" {
		t.Errorf("a large sum is %s", sum)
	}
	if product := signal.Decimal("0.07").Times(3); product != "0.21" {
		t.Errorf("three times 0.07 is %s", product)
	}
}

func TestCurrenciesAreNeverAdded(t *testing.T) {
	var all signal.Amounts
	for _, a := range []signal.Amount{{Currency: "USD", Value: "5", Orders: 1}, {Currency: "EUR", Value: "18000", Orders: 130}, {Currency: "EUR", Value: "240.5", Orders: 2}} {
		all = all.Plus(a)
	}
	want := signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 132}, {Currency: "USD", Value: "5", Orders: 1}}
	if len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("the amounts are %+v, want %+v", all, want)
	}
}

func TestASumOfStakesCoversWhatTheNarrowerOneCovers(t *testing.T) {
	all := signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "1", Orders: 1}}, Coverage: signal.CoversAll}
	sample := signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "2", Orders: 1}}, Coverage: signal.CoversSample}
	if sum := all.Plus(sample); sum.Coverage != signal.CoversSample || sum.Amounts[0].Value != "3" || sum.Orders() != 2 {
		t.Errorf("the sum is %+v", sum)
	}
	if sum := (signal.Stake{}).Plus(all); sum.Coverage != signal.CoversAll {
		t.Errorf("the sum with nothing is %+v", sum)
	}
}
