package dashboards

const (
	mismatched = "lostorder_reconciliation_mismatches"
	compared   = "lostorder_reconciliation_compared_total"
)

// integrity is the dashboard of the checks that what one store holds, another
// store holds too.
func integrity() page {
	in := scope{"check": "check"}
	const ofCheck = "{{check}}"
	const none = "no check is configured"
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Mismatches", width: 6, unit: "short", empty: none,
				says:    "Orders whose two sides have differed for longer than the grace of their check. A count that was capped shows the cap.",
				look:    number(step{1, red}),
				queries: []query{{expr: "sum(" + in.each(mismatched) + ")", legend: "orders"}},
			},
			{
				title: "Still within the grace", width: 6, unit: "short", empty: none,
				says:    "Orders whose two sides differ and may still come to agree: what is under way.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.each("lostorder_reconciliation_suspects") + ")", legend: "orders"}},
			},
			{
				title: "Rows compared", width: 6, unit: "short", empty: none,
				says:    "Rows that were compared in the range that is shown. What was not compared is not known to be right.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.growth(compared) + ")", legend: "rows"}},
			},
			{
				title: "Rounds finished", width: 6, unit: "short", empty: none,
				says:    "Times in the range that is shown in which a check has compared all rows, old ones too, from the first to the last.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.growth("lostorder_reconciliation_rounds_total") + ")", legend: "rounds"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Mismatches by check", width: 8, unit: "short", empty: none,
				says:    "Orders whose two sides differ, by check and kind: missing on the right or on the left, there more than once, or with other values.",
				look:    lines(step{1, red}),
				queries: []query{{expr: in.each(mismatched), legend: ofCheck + " {{kind}}"}},
			},
			{
				title: "Rows compared, by check", width: 8, unit: "rowsps", empty: none,
				says: "How fast each check compares, and how many of the rows it has to read one by one; the others are compared inside the databases.",
				look: lines(),
				queries: []query{
					{expr: in.rate(compared), legend: ofCheck + " compared"},
					{expr: in.rate("lostorder_reconciliation_listed_total"), legend: ofCheck + " read one by one"},
				},
			},
			{
				title: "Progress of the round over all rows", width: 8, unit: "percentunit", empty: "no check knows how many rows there are",
				says:    "Which part of the rows the present round of each check has compared. What lies ahead was last compared in the round before.",
				look:    lines(),
				queries: []query{{expr: in.each("lostorder_reconciliation_progress_ratio"), legend: ofCheck}},
			},
		}},
	}
	return page{
		name: "integrity", title: "Reconciliation and integrity",
		answers:   "Whether what one store holds of an order, the others hold too: payments, shipments, events, copies; and how much of it was compared.",
		variables: []variable{byLabel("check", "check", "Check", mismatched)},
		rows:      append(rows, modesOn("integrity", in)...),
	}
}
