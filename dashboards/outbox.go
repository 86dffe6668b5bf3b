package dashboards

const (
	pending         = "lostorder_outbox_pending_messages"
	pendingAge      = "lostorder_outbox_oldest_pending_age_seconds"
	outboxObjective = "lostorder_outbox_max_age_objective_seconds"
)

// pendingWait is how long the oldest event of each outbox has been pending; zero
// where none is.
func pendingWait(in scope) string {
	return "(" + in.each(pendingAge) + " or (" + in.each(pending) + " == 0))"
}

// outbox is the dashboard of events that wait to be published.
func outbox() page {
	in := scope{"database": "database", "outbox": "outbox"}
	late := pendingWait(in) + " > bool " + in.each(outboxObjective)
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Outboxes that are late", width: 6, unit: "short", empty: noOutbox,
				says:    "Outboxes whose oldest pending event waits for longer than their max_age.",
				look:    number(step{1, red}),
				queries: []query{{expr: "sum(" + late + ")", legend: "outboxes"}},
			},
			{
				title: "Events pending", width: 6, unit: "short", empty: noOutbox,
				says:    "Events that were committed with their orders and are not yet published. A count that was capped shows the cap.",
				look:    number(),
				queries: []query{{expr: "sum(" + in.each(pending) + ")", legend: "events"}},
			},
			{
				title: "Oldest pending event", width: 6, unit: "dtdurations", empty: noOutbox,
				says:    "Age of the event that has been pending longest; zero when none is.",
				look:    number(),
				queries: []query{{expr: "max(" + pendingWait(in) + ")", legend: "age"}},
			},
			{
				title: "Events given up", width: 6, unit: "short", empty: "no outbox says which events were given up",
				says:    "Events that the relay gave up, where the outbox has a column for it.",
				look:    number(step{1, red}),
				queries: []query{{expr: "sum(" + in.each("lostorder_outbox_failed_messages") + ")", legend: "events"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Age of the oldest event, of its objective", width: 8, unit: "percentunit", empty: noOutbox,
				says:    "How much of the max_age of its outbox the oldest pending event has used up. From 100 % on the outbox is late.",
				look:    lines(objective),
				queries: []query{{expr: pendingWait(in) + " / " + in.each(outboxObjective), legend: ofOutbox}},
			},
			{
				title: "Events pending, by outbox", width: 8, unit: "short", empty: noOutbox,
				says:    "Events that are not yet published. A relay that works shows a saw; one that is stuck, a ramp.",
				look:    lines(),
				queries: []query{{expr: in.each(pending), legend: ofOutbox}},
			},
			{
				title: "Events tried again or given up", width: 8, unit: "short", empty: "no outbox says how often an event was tried",
				says: "Events that the relay has tried more than once, and those that it gave up, where the outbox has columns for it.",
				look: lines(),
				queries: []query{
					{expr: in.each("lostorder_outbox_retried_messages"), legend: ofOutbox + " tried again"},
					{expr: in.each("lostorder_outbox_failed_messages"), legend: ofOutbox + " given up"},
				},
			},
		}},
	}
	return page{
		name: "outbox", title: "Outbox and publishing",
		answers: "Whether what was committed with an order is also published, how old what waits is, and what the relay gave up.",
		variables: []variable{
			byLabel("database", "database", "Database", pending),
			byLabel("outbox", "outbox", "Outbox", pending),
		},
		rows: append(rows, modesOn("outbox", in)...),
	}
}
