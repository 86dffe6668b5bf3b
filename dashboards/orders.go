package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

const (
	ordersInState = "lostorder_orders"
	overdue       = "lostorder_orders_overdue"
	conflicts     = "lostorder_orders_in_conflict"
	dwell         = "lostorder_order_oldest_dwell_seconds"
	maxDwell      = "lostorder_order_max_dwell_seconds"
	dwellSeconds  = "lostorder_order_dwell_seconds"
	dwellRatio    = "lostorder_order_dwell_ratio"
	withinDwell   = "lostorder_orders_within_dwell"
	transitions   = "lostorder_order_moves_total"
	completed     = "lostorder_lifecycle_completed_total"
	perMinute     = "suffix: /min"
	burnUnit      = "suffix: × budget"

	allowed = "(1 - lostorder:slo_objective:ratio)"
)

// burn is how many times faster than allowed the error budget was used up in a
// range that rules/orders.yml records; the objective is there and nowhere else.
func burn(window string) string {
	return "lifecycle:lostorder_slo_errors:ratio_" + window + `{job=~"$job"} / on () group_left () ` + allowed
}

// outcomes have colours of their own wherever they are shown.
var outcomes = map[string]string{"in_time": blue, "late": bad, "abandoned": pink}

// orders is the dashboard of the states that orders pass.
func orders() page {
	in := scope{"database": "database", "lifecycle": "lifecycle", "state": "state"}
	// An empty state has no oldest order; it has used up nothing of its time.
	oldest := "(" + in.each(dwell) + " or (" + in.each(ordersInState) + " == 0))"
	late := sum(in.growth(completed, `outcome="late"`)) + " / (" + sum(in.growth(completed)) + " > 0)"
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Orders overdue", width: 6, unit: unitCount, empty: noOrders,
				about:   "Orders that have been in their state for longer than the lifecycle allows. A capped count shows the cap.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(in.each(overdue))), legend: "orders"}},
			},
			{
				title: "Orders in states that are counted", width: 6, unit: unitCount, empty: noOrders,
				about:   "Orders in the states that lostorder counts, which are those that are not terminal.",
				visual:  number(),
				queries: []query{{expr: known(sum(in.each(ordersInState))), legend: "orders"}},
			},
			{
				title: "Longest dwell, of what is allowed", width: 4, unit: "percentunit", empty: noOrders,
				about:   "How much of the time that it may be in its state the worst order has used up.",
				visual:  number(objective),
				queries: []query{{expr: known(highest(oldest + " / " + in.each(maxDwell))), legend: "of its max"}},
			},
			{
				title: "Done in time", width: 4, unit: "percentunit", empty: "no order finished",
				about:   "Of the orders that finished in the shown range, the share that was not late. An order that was abandoned in time is not late. The panel beside it compares the share with the objective.",
				visual:  number(),
				queries: []query{{expr: known("1 - " + late), legend: "in time"}},
			},
			{
				title: "Late, of what the objective allows", width: 4, unit: burnUnit, empty: "no order finished, or no rules",
				about:   "The share of late orders among those that finished in the shown range, divided by the share that the objective in rules/orders.yml allows. Above 1 the objective is missed.",
				visual:  number(objective),
				queries: []query{{expr: known(late + " / on () group_left () " + allowed), legend: "late"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Longest dwell by state, of what is allowed", width: 12, unit: "percentunit", empty: noOrders,
				about:   "How much of its time the order that has been in the state longest has used up. From 100 % on it is overdue.",
				visual:  lines(objective),
				queries: []query{{expr: oldest + " / " + in.each(maxDwell), legend: ofState}},
			},
			{
				title: "Orders by state", width: 12, unit: unitCount, empty: noOrders,
				about:   "Orders in each state that is counted. A capped count shows the cap.",
				visual:  lines(),
				queries: []query{{expr: in.each(ordersInState), legend: ofState}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Longest dwell", width: 12, unit: "s", empty: noOrders,
				about:   "How long the order that has been in the state longest has been in it.",
				visual:  lines(),
				queries: []query{{expr: oldest, legend: ofState}},
			},
			{
				title: "Error budget burn, by lifecycle", width: 12, unit: burnUnit, empty: noBurn,
				about:  "How many times faster than allowed the error budget is used up, over one hour, six hours, one day and three. The objective is in rules/orders.yml.",
				visual: lines(objective),
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
	rows = append(rows, modesOn("orders", in)...)
	rows = append(rows, row{title: "With a history", height: 8, collapsed: true, panels: []panel{
		{
			title: "Dwell of orders that left a state, of what is allowed", width: 12, unit: "percentunit", empty: noHistory,
			about:   "How long orders had been in their state when they left it, as a share of what is allowed: the colour scale shows how many. Above 100 % they were overdue. Choose a state at the top to read it alone.",
			visual:  buckets("percentunit"),
			queries: []query{{expr: in.buckets(dwellRatio), legend: "{{le}}"}},
		},
		{
			title: "Slowest tenth of the orders that left a state", width: 12, unit: "s", empty: noHistory,
			about:  "Nine of ten orders that left the state had been in it for less. Points are single orders; they lead to their traces.",
			visual: lines(),
			// By shares of the max, whose buckets are fine for a fast state and for a slow one.
			queries: []query{{
				expr: in.quantile("0.9", dwellRatio, "database", "lifecycle", "state") + " * on (job, database, lifecycle, state) " + in.each(maxDwell) +
					" or " + in.quantile("0.9", dwellSeconds, "database", "lifecycle", "state"),
				legend: ofState, exemplar: true,
			}},
		},
	}}, row{title: "Transitions and ends, with a history", height: 8, collapsed: true, panels: []panel{
		{
			title: "Transitions", width: 12, unit: perMinute, empty: noHistory,
			about:   "Orders that went from one state to the next, in a minute.",
			visual:  lines(),
			queries: []query{{expr: "60 * " + in.rate(transitions), legend: ofState + " → {{next_state}}"}},
		},
		{
			title: "Orders that finished", width: 12, unit: perMinute, empty: noHistory,
			about:   "Orders that finished in a minute: in time, late (in some state for longer than allowed), or abandoned.",
			visual:  lines().withColors(outcomes, "in_time", "late", "abandoned"),
			queries: []query{{expr: "60 * " + in.rate(completed), legend: "{{lifecycle}} {{outcome}}"}},
		},
	}}, row{title: "With a histogram", height: 8, collapsed: true, panels: []panel{
		{
			title: "Dwell of the orders in a state", width: columns, unit: "s", empty: "no lifecycle with a histogram is read",
			about:   "How long the orders that are in a state now have been in it, as they were counted last: the colour scale shows how many. Only for lifecycles with a histogram.",
			visual:  buckets("s"),
			queries: []query{{expr: `sum by (le) (label_replace(` + in.each(withinDwell) + `, "le", "$1", "within", "(.+)"))`, legend: "{{le}}"}},
		},
	}})
	return page{
		name: "orders", title: "Order lifecycle",
		answers: "In which state orders are, for how long, and which have been in theirs for longer than allowed.",
		variables: []variable{
			byLabel("database", "database", "Database", ordersInState),
			byLabel("lifecycle", "lifecycle", "Lifecycle", ordersInState),
			byLabel("state", "state", "State", ordersInState),
		},
		rows: rows,
	}
}
