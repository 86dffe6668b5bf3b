package dashboards

const (
	pending         = "lostorder_outbox_pending_messages"
	pendingAge      = "lostorder_outbox_oldest_pending_age_seconds"
	noSlot          = "no outbox is read from the log of its database"
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
		{height: 8, panels: []panel{
			{
				title: "Events published", width: 12, unit: "mps", empty: "no outbox says when an event was published, or how far its relay has come",
				says:    "How fast the relay publishes, where a moment of publication with an index on it, or the relay's position, tells.",
				look:    lines(),
				queries: []query{{expr: in.rate("lostorder_outbox_published_messages_total"), legend: ofOutbox}},
			},
			{
				title: "Events that the relay went past", width: 12, unit: "short", empty: "no outbox says how far its relay has come",
				says:    "Events that were committed only after the relay's position had passed their number, and that were not published since.",
				look:    lines(step{1, red}),
				queries: []query{{expr: in.each("lostorder_outbox_skipped_messages"), legend: ofOutbox}},
			},
		}},
		{title: "Relays that read the log", height: 8, panels: []panel{
			{
				title: "Log not confirmed", width: 6, unit: "bytes", empty: noSlot,
				says:    "Log that the server has written and that the reader of the slot has not confirmed; of a binary log what was written since nobody reads it. A relay that works shows a saw.",
				look:    lines(),
				queries: []query{{expr: in.each("lostorder_outbox_slot_lag_bytes"), legend: ofOutbox}},
			},
			{
				title: "Not confirmed for", width: 6, unit: "s", empty: noSlot,
				says:    "How long, at least, what was written has not been confirmed, or nobody has read the binary log. It grows also where nothing in the log is for the reader.",
				look:    lines(),
				queries: []query{{expr: in.each("lostorder_outbox_slot_lag_seconds"), legend: ofOutbox}},
			},
			{
				title: "Logs that nobody reads, or that are lost", width: 6, unit: "short", empty: noSlot,
				says: "1 while nobody reads the slot, or the binary log as the user of the connector, and while the slot is dropped or the server has removed log that was still needed.",
				look: lines(step{1, red}),
				queries: []query{
					{expr: "1 - " + in.least("lostorder_outbox_slot_active"), legend: ofOutbox + " not read"},
					{expr: in.each("lostorder_outbox_slot_lost"), legend: ofOutbox + " lost"},
				},
			},
			{
				title: "Log kept for the slot", width: 6, unit: "bytes", empty: "no outbox is read from a replication slot",
				says: "Log that the server keeps for the slot, and how much it may still write before it gives the slot up, where it ever does.",
				look: lines(),
				queries: []query{
					{expr: in.each("lostorder_outbox_slot_retained_bytes"), legend: ofOutbox + " kept"},
					{expr: in.least("lostorder_outbox_slot_safe_bytes"), legend: ofOutbox + " left"},
				},
			},
		}},
	}
	return page{
		name: "outbox", title: "Outbox and publishing",
		answers: "Whether what was committed with an order is also published, how old what waits is, and what the relay gave up.",
		variables: []variable{
			byLabel("database", "database", "Database", outboxObjective),
			byLabel("outbox", "outbox", "Outbox", outboxObjective),
		},
		rows: append(rows, modesOn("outbox", in)...),
	}
}
