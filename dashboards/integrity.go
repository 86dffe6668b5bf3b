package dashboards

const (
	mismatched = "lostorder_reconciliation_mismatches"
	compared   = "lostorder_reconciliation_compared_total"
	passes     = "lostorder_reconciliation_rounds_total"
	lastPass   = "lostorder_reconciliation_last_pass_timestamp_seconds"
)

// integrity is the dashboard of the checks that what one store holds, another
// store holds too.
func integrity() page {
	in := scope{"check": "check"}
	const ofCheck = "{{check}}"
	const none = "no check is read"
	ofUsual := "(time() - " + in.each(lastPass) + ") / ($__range_s / (" + in.growth(passes) + " >= 2))"
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Mismatches", width: 5, unit: unitCount, empty: none,
				about:   "Orders whose two sides have differed for longer than the grace period of their check. A capped count shows the cap.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(in.each(mismatched))), legend: "orders"}},
			},
			{
				title: "Within the grace period", width: 5, unit: unitCount, empty: none,
				about:   "Orders whose two sides differ and may still come to agree: what is on its way.",
				visual:  number(),
				queries: []query{{expr: known(sum(in.each("lostorder_reconciliation_suspects"))), legend: "orders"}},
			},
			{
				title: "Coverage", width: 4, unit: "percentunit", empty: "no check knows how many rows there are",
				about:   "The part of all rows that was compared at least once since lostorder started, of the check with the lowest. It is 100 % after the first whole pass. Below that, the rest was never compared.",
				visual:  numberOn(warn, step{1, good}),
				queries: []query{{expr: known("min by (job) (0 * " + in.each(lastPass) + " + 1 or " + in.each("lostorder_reconciliation_progress_ratio") + ")"), legend: "compared"}},
			},
			{
				title: "Age of the last whole pass", width: 5, unit: "dtdurations", empty: "no check has finished a pass since lostorder started",
				about:   "Time since all rows were last compared, of the check with the oldest pass. Rows that changed since then are known only as far as the current pass is.",
				visual:  number(),
				queries: []query{{expr: known(highest("time() - " + in.each(lastPass))), legend: "ago"}},
			},
			{
				title: "Age of the last pass, of the usual time", width: 5, unit: "percentunit", empty: "no check has finished two passes in this range",
				about:   "Time since the last whole pass of the oldest check, divided by the usual time between its passes in the shown range. Above 100 % the current pass takes longer than usual.",
				visual:  number(step{1, warn}),
				queries: []query{{expr: known(highest(ofUsual)), legend: "of the usual time"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Mismatches by check", width: 12, unit: unitCount, empty: none,
				about:   "Orders whose two sides differ, by check and kind: missing on the right or on the left, there more than once, or with other values.",
				visual:  lines(step{1, bad}),
				queries: []query{{expr: in.each(mismatched), legend: ofCheck + " {{kind}}"}},
			},
			{
				title: "Progress of the pass over all rows", width: 12, unit: "percentunit", empty: "no check knows how many rows there are",
				about:   "The part of the rows that the current pass of each check has compared. A check that works draws a saw; one that is stuck, a level line.",
				visual:  lines(),
				queries: []query{{expr: in.each("lostorder_reconciliation_progress_ratio"), legend: ofCheck}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Age of the last whole pass, of the usual time between passes", width: 12, unit: "percentunit", empty: "no check has finished two passes in this range",
				about:   "Time since the last whole pass of each check, divided by the usual time between its passes in the shown range. Above 100 % a pass takes longer than usual.",
				visual:  lines(objective),
				queries: []query{{expr: ofUsual, legend: ofCheck}},
			},
			{
				title: "Rows compared, by check", width: 12, unit: "rowsps", empty: none,
				about:  "How fast each check compares, and how many of the rows it has to read one by one; the others are compared inside the databases.",
				visual: lines(),
				queries: []query{
					{expr: in.rate(compared), legend: ofCheck + " compared"},
					{expr: in.rate("lostorder_reconciliation_listed_total"), legend: ofCheck + " read one by one"},
				},
			},
		}},
	}
	return page{
		name: "integrity", title: "Reconciliation and integrity",
		answers:   "Whether the stores agree about each order (payments, shipments, events, copies), and how much of it was compared, how recently.",
		variables: []variable{byLabel("check", "check", "Check", mismatched)},
		rows:      append(rows, modesOn("integrity", in)...),
	}
}
