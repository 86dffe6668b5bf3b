package dashboards

const (
	pending         = "lostorder_outbox_pending_messages"
	pendingAge      = "lostorder_outbox_oldest_pending_age_seconds"
	noSlot          = "no outbox that is read has a relay that reads the log"
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
				title: "Outboxes that are late", width: 6, unit: unitCount, empty: noOutbox,
				about:   "Outboxes whose oldest event has been pending for longer than their max_age.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(late)), legend: "outboxes"}},
			},
			{
				title: "Events pending", width: 6, unit: unitCount, empty: noOutbox,
				about:   "Events that were committed with their orders and are not yet published. A capped count shows the cap.",
				visual:  number(),
				queries: []query{{expr: known(sum(in.each(pending))), legend: "events"}},
			},
			{
				title: "Oldest pending event", width: 6, unit: "dtdurations", empty: noOutbox,
				about:   "Age of the event that has been pending longest; zero when none is.",
				visual:  number(),
				queries: []query{{expr: known(highest(pendingWait(in))), legend: "age"}},
			},
			{
				title: "Events abandoned", width: 6, unit: unitCount, empty: "no outbox that is read says which events were abandoned",
				about:   "Events that the relay abandoned, where the outbox has a column for it.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(in.each("lostorder_outbox_failed_messages"))), legend: "events"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Age of the oldest event, of its objective", width: 12, unit: "percentunit", empty: noOutbox,
				about:   "How much of the max_age of its outbox the oldest pending event has used up. From 100 % on the outbox is late.",
				visual:  lines(objective),
				queries: []query{{expr: pendingWait(in) + " / " + in.each(outboxObjective), legend: ofOutbox}},
			},
			{
				title: "Events pending, by outbox", width: 12, unit: unitCount, empty: noOutbox,
				about:   "Events that are not yet published. A relay that works draws a saw; one that is stuck, a ramp.",
				visual:  lines(),
				queries: []query{{expr: in.each(pending), legend: ofOutbox}},
			},
		}},
	}
	rows = append(rows, modesOn("outbox", in)...)
	rows = append(rows, row{title: "Where the outbox or its relay counts it", height: 8, collapsed: true, panels: []panel{
		{
			title: "Events published", width: 8, unit: "mps", empty: "no outbox that is read says when an event was published, or how far its relay is",
			about:   "How fast the relay publishes, where the time of publication with an index on it, or the position of the relay, tells.",
			visual:  lines(),
			queries: []query{{expr: in.rate("lostorder_outbox_published_messages_total"), legend: ofOutbox}},
		},
		{
			title: "Events retried or abandoned", width: 8, unit: unitCount, empty: "no outbox that is read says how often an event was tried",
			about:  "Events that the relay has tried more than once, and those that it abandoned, where the outbox has columns for it.",
			visual: lines(),
			queries: []query{
				{expr: in.each("lostorder_outbox_retried_messages"), legend: ofOutbox + " retried"},
				{expr: in.each("lostorder_outbox_failed_messages"), legend: ofOutbox + " abandoned"},
			},
		},
		{
			title: "Events that the relay skipped", width: 8, unit: unitCount, empty: "no outbox that is read says how far its relay is",
			about:   "Events that committed after the position of the relay had passed them, and that were not published since.",
			visual:  lines(step{1, bad}),
			queries: []query{{expr: in.each("lostorder_outbox_skipped_messages"), legend: ofOutbox}},
		},
	}}, row{title: "Relays that read the log (CDC)", height: 8, collapsed: true, panels: []panel{
		{
			title: "Log not confirmed", width: 6, unit: "bytes", empty: noSlot,
			about:   "Log that the server has written and the reader of the slot has not confirmed; of a binary log, what was written since no connector reads it. A relay that works draws a saw.",
			visual:  lines(),
			queries: []query{{expr: in.each("lostorder_outbox_slot_lag_bytes"), legend: ofOutbox}},
		},
		{
			title: "Not confirmed for", width: 6, unit: "s", empty: noSlot,
			about:   "For how long, at least, what was written has not been confirmed, or no connector has read the binary log. It also grows where nothing in the log is for the reader.",
			visual:  lines(),
			queries: []query{{expr: in.each("lostorder_outbox_slot_lag_seconds"), legend: ofOutbox}},
		},
		{
			title: "Logs without a reader, or lost", width: 6, unit: unitCount, empty: noSlot,
			about:  "1 while no connector reads the slot or the binary log, and while the slot is dropped or the server has removed log that was still needed.",
			visual: lines(step{1, bad}),
			queries: []query{
				{expr: "1 - " + in.least("lostorder_outbox_slot_active"), legend: ofOutbox + " without a reader"},
				{expr: in.each("lostorder_outbox_slot_lost"), legend: ofOutbox + " lost"},
			},
		},
		{
			title: "Log kept for the slot", width: 6, unit: "bytes", empty: "no outbox that is read has a replication slot",
			about:  "Log that the server keeps for the slot, and how much it may still write before it drops the slot, where it ever does.",
			visual: lines(),
			queries: []query{
				{expr: in.each("lostorder_outbox_slot_retained_bytes"), legend: ofOutbox + " kept"},
				{expr: in.least("lostorder_outbox_slot_safe_bytes"), legend: ofOutbox + " left"},
			},
		},
	}})
	return page{
		name: "outbox", title: "Outbox and publishing",
		answers: "Whether what was committed with an order is also published, how old what waits is, and what the relay abandoned.",
		variables: []variable{
			byLabel("database", "database", "Database", outboxObjective),
			byLabel("outbox", "outbox", "Outbox", outboxObjective),
		},
		rows: rows,
	}
}
