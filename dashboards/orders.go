package dashboards

const (
	ordersInState = "lostorder_orders"
	overdue       = "lostorder_orders_overdue"
	dwell         = "lostorder_order_oldest_dwell_seconds"
	maxDwell      = "lostorder_order_max_dwell_seconds"
)

// orders is the dashboard of the states that orders pass.
func orders() page {
	in := scope{"database": "database", "lifecycle": "lifecycle", "state": "state"}
	// An empty state has no oldest order; it has used up nothing of its time.
	oldest := "(" + in.each(dwell) + " or (" + in.each(ordersInState) + " == 0))"
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Orders overdue", width: 8, unit: "short", empty: noOrders,
				says:    "Orders that have been in their state for longer than they may. A count that was capped shows the cap.",
				look:    number(step{1, red}),
				queries: []query{{expr: "sum(" + in.each(overdue) + ")", legend: "orders"}},
			},
			{
				title: "Orders under way", width: 8, unit: "short", empty: noOrders,
				says:    "Orders in states that are not final.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.each(ordersInState) + ")", legend: "orders"}},
			},
			{
				title: "Longest dwell, of what is allowed", width: 8, unit: "percentunit", empty: noOrders,
				says:    "How much of the time that it may be in its state the worst order has used up.",
				look:    number(objective),
				queries: []query{{expr: "max(" + oldest + " / " + in.each(maxDwell) + ")", legend: "of its max"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Longest dwell by state, of what is allowed", width: 8, unit: "percentunit", empty: noOrders,
				says:    "How much of its time the order that has been in the state longest has used up. From 100 % on it is overdue.",
				look:    lines(objective),
				queries: []query{{expr: oldest + " / " + in.each(maxDwell), legend: ofState}},
			},
			{
				title: "Longest dwell", width: 8, unit: "s", empty: noOrders,
				says:    "How long the order that has been in the state longest has been in it.",
				look:    lines(),
				queries: []query{{expr: oldest, legend: ofState}},
			},
			{
				title: "Orders by state", width: 8, unit: "short", empty: noOrders,
				says:    "Orders in each state that is counted. A count that was capped shows the cap.",
				look:    lines(),
				queries: []query{{expr: in.each(ordersInState), legend: ofState}},
			},
		}},
	}
	return page{
		name: "orders", title: "Order lifecycle",
		answers: "In which state orders are, for how long, and which have been in theirs for longer than they may.",
		variables: []variable{
			byLabel("database", "database", "Database", ordersInState),
			byLabel("lifecycle", "lifecycle", "Lifecycle", ordersInState),
			byLabel("state", "state", "State", ordersInState),
		},
		rows: append(rows, modesOn("orders", in)...),
	}
}
