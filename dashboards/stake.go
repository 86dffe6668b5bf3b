package dashboards

const (
	amount       = "lostorder_finding_amount"
	amountOrders = "lostorder_finding_amount_orders"
)

// worth adds up a metric of the amounts by currency and by what the amounts include.
func (s scope) worth(metric string, matchers ...string) string {
	return "sum by (" + stakes + ") (max by (" + subject(metric) + ") (" + s.series(metric, matchers...) + "))"
}

// stakes tell one amount at stake from another.
const stakes = "job, currency, coverage"

// stake is what orders are worth. Its label "stake" says it in words, as Go's phrase.Stake does:
// "€ 18,240.50 in 132 orders". Grafana cannot write two values in one text, so that Prometheus
// makes labels of them; the value is the amount.
func stake(amounts, orders string) string {
	expr := amounts +
		" * on (" + stakes + ") group_left (amount) count_values by (" + stakes + `) ("amount", round(` + amounts + ", 0.01))" +
		" * on (" + stakes + ") group_left (orders) count_values by (" + stakes + `) ("orders", ` + orders + ")"
	for _, r := range []struct{ label, from, to string }{
		{"currency", "EUR", "€"},
		{"currency", "USD", "$$"},
		{"currency", "GBP", "£"},
		{"amount", `(-?\\d+)`, "$1.00"},
		{"amount", `(-?\\d+\\.\\d)`, "${1}0"},
		{"amount", `(-?\\d+)(\\d{3}\\..*)`, "$1,$2"}, // and each three digits more
		{"amount", `(-?\\d+)(\\d{3},.*)`, "$1,$2"},
		{"amount", `(-?\\d+)(\\d{3},.*)`, "$1,$2"},
		{"orders", "(.+)", "$1 orders"},
		{"orders", "1 orders", "1 order"},
	} {
		expr = "label_replace(" + expr + `, "` + r.label + `", "` + r.to + `", "` + r.label + `", "` + r.from + `")`
	}
	for _, j := range []string{`"stake", " ", "currency", "amount"`, `"stake", " in ", "stake", "orders"`, `"covered", " ", "coverage", "stake"`} {
		expr = "label_join(" + expr + ", " + j + ")"
	}
	expr = `label_replace(label_replace(` + expr + `, "stake", "at least $1", "covered", "counted (.*)"), "stake", "$1 of the sample", "covered", "sample (.*)")`
	return `label_replace(` + known(expr) + `, "stake", "unknown", "stake", "")`
}
