package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

const (
	ordersInState = "lostorder_orders"
	overdue       = "lostorder_orders_overdue"
	dwell         = "lostorder_order_oldest_dwell_seconds"
	maxDwell      = "lostorder_order_max_dwell_seconds"
	dwellOfMoves  = "lostorder_order_dwell_seconds"
	withinDwell   = "lostorder_orders_within_dwell"
	moves         = "lostorder_order_moves_total"
	completed     = "lostorder_lifecycle_completed_total"
	perMinute     = "suffix: /min"
)

// burn is how many times faster than allowed the error budget was used up in a
// window that rules/orders.yml records; the objective is there and nowhere else.
func burn(window string) string {
	return "lifecycle:lostorder_slo_errors:ratio_" + window + " / on () group_left () (1 - lostorder:slo_objective:ratio)"
}

// orders is the dashboard of the states that orders pass.
func orders() page {
	in := scope{"database": "database", "lifecycle": "lifecycle", "state": "state"}
	// An empty state has no oldest order; it has used up nothing of its time.
	oldest := "(" + in.each(dwell) + " or (" + in.each(ordersInState) + " == 0))"
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Orders overdue", width: 6, unit: "short", empty: noOrders,
				says:    "Orders that have been in their state for longer than they may. A count that was capped shows the cap.",
				look:    number(step{1, red}),
				queries: []query{{expr: "sum(" + in.each(overdue) + ")", legend: "orders"}},
			},
			{
				title: "Orders under way", width: 6, unit: "short", empty: noOrders,
				says:    "Orders in states that are not final.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.each(ordersInState) + ")", legend: "orders"}},
			},
			{
				title: "Longest dwell, of what is allowed", width: 6, unit: "percentunit", empty: noOrders,
				says:    "How much of the time that it may be in its state the worst order has used up.",
				look:    number(objective),
				queries: []query{{expr: "max(" + oldest + " / " + in.each(maxDwell) + ")", legend: "of its max"}},
			},
			{
				title: "Done in time", width: 6, unit: "percentunit", empty: "no order was seen to come to its end",
				says:    "Of the orders that came to their end in the range that is shown, those that took no longer in any state than they may. The alerts look at the time that orders spend beyond their deadline instead.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.growth(completed, `outcome="in_time"`) + ") / sum(" + in.growth(completed) + ")", legend: "in time"}},
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
		{title: "Throughput", height: 8, panels: []panel{
			{
				title: "Dwell of the orders that moved on", width: 8, unit: "s", empty: noHistory,
				says:    "How long orders had been in their state when they left it: the darker, the more. Choose a state at the top to see it alone. Points are single orders; they lead to their traces.",
				look:    buckets("s"),
				queries: []query{{expr: in.buckets(dwellOfMoves), legend: "{{le}}", exemplar: true}},
			},
			{
				title: "Orders that moved on", width: 8, unit: perMinute, empty: noHistory,
				says:    "Orders that went from one state to the next, in a minute.",
				look:    lines(),
				queries: []query{{expr: "60 * " + in.rate(moves), legend: ofState + " → {{next_state}}"}},
			},
			{
				title: "Orders that came to their end", width: 8, unit: perMinute, empty: noHistory,
				says:    "Orders that came to their end in a minute: in time, late (in some state for longer than it may), or abandoned.",
				look:    lines(),
				queries: []query{{expr: "60 * " + in.rate(completed), legend: "{{lifecycle}} {{outcome}}"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Dwell of the orders under way", width: 8, unit: "s", empty: "no lifecycle has a histogram",
				says:    "How long the orders that are under way have been in their state, as they were counted last: the darker, the more. Only for lifecycles with a histogram.",
				look:    buckets("s"),
				queries: []query{{expr: `sum by (le) (label_replace(` + in.each(withinDwell) + `, "le", "$1", "within", "(.+)"))`, legend: "{{le}}"}},
			},
			{
				title: "Slowest tenth of the orders that moved on", width: 8, unit: "s", empty: "no order moved on, or there is no history of moves",
				says:    "How long the slowest tenth of the orders that left a state had been in it.",
				look:    lines(),
				queries: []query{{expr: in.quantile("0.9", dwellOfMoves, "lifecycle", "state"), legend: ofState, exemplar: true}},
			},
			{
				title: "Error budget burn, by lifecycle", width: 8, unit: "short", empty: noBurn,
				says: "How many times faster than allowed the time that orders may spend beyond their deadlines is used up, over an hour, six, a day and three. The objective is in rules/orders.yml.",
				look: lines(objective),
				queries: []query{
					{expr: burn("1h"), legend: "{{lifecycle}} 1h"},
					{expr: burn("6h"), legend: "{{lifecycle}} 6h"},
					{expr: burn("1d"), legend: "{{lifecycle}} 1d"},
					{expr: burn("3d"), legend: "{{lifecycle}} 3d"},
				},
				links: []dashboard.DashboardLink{out("Runbook", runbooks+"order_budget_burns.md")},
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
