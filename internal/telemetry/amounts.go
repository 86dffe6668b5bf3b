package telemetry

import "github.com/lostorder/lostorder/internal/signal"

// overdueAmounts adds what the overdue orders of each state are worth. A metric is a floating
// point number: it is exact up to 15 digits, and the sums were made before.
func overdueAmounts(v *view, out *block) {
	for i := range v.states.all {
		s := &v.states.all[i]
		for _, a := range s.AtStake.Amounts {
			out.add(a.Value.Float(), s.labels, v.labels.pair(labelCurrency, valid(a.Currency)))
		}
	}
}

func findingAmounts(v *view, out *block) {
	eachAmount(v, out, func(a signal.Amount) float64 { return a.Value.Float() })
}

func findingAmountOrders(v *view, out *block) {
	eachAmount(v, out, func(a signal.Amount) float64 { return float64(a.Orders) })
}

// eachAmount adds a value for each currency of each finding.
func eachAmount(v *view, out *block, value func(signal.Amount) float64) {
	for i := range v.findings.all {
		f := &v.findings.all[i]
		for _, a := range f.AtStake.Amounts {
			out.add(value(a), f.labels, v.labels.pair(labelCurrency, valid(a.Currency)), v.labels.pair(labelCoverage, valid(string(f.AtStake.Coverage))))
		}
	}
}
