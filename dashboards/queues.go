package dashboards

const (
	queueAge       = "lostorder_queue_oldest_message_age_seconds"
	queueObjective = "lostorder_queue_max_age_objective_seconds"
	queueMessages  = "lostorder_queue_messages"
	redelivered    = "lostorder_queue_redelivered_messages_total"
	lost           = "lostorder_queue_lost_messages_total"
)

// waiting is how many messages wait in each queue.
func waiting(in scope) string {
	return "max by (" + subject(queueMessages, "messaging_message_state") + ") (" + in.series(queueMessages, `messaging_message_state="ready"`) + ")"
}

// queueWait is how long the oldest message of each queue has waited; zero where
// none waits.
func queueWait(in scope) string {
	return "(" + in.each(queueAge) + " or (" + waiting(in) + " == 0))"
}

// unconsumed is how many messages wait in each queue that has no consumer.
func unconsumed(in scope) string {
	return "(" + waiting(in) + " > 0 and " + in.each("lostorder_queue_consumers") + " == 0)"
}

// queues is the dashboard of queues and dead letter queues.
func queues() page {
	in := scope{"cluster": "cluster", "messaging_destination_name": "queue", "messaging_consumer_group_name": "group"}
	// A dead letter queue has neither the name nor the group of the queue whose failures
	// end in it.
	dead := scope{"cluster": "cluster"}
	late := queueWait(in) + " > bool " + in.each(queueObjective)
	rows := []row{
		{height: 4, panels: []panel{
			{
				title: "Queues that are late", width: 5, unit: unitCount, empty: "no queue with an objective is read",
				about:   "Queues whose oldest message waits for longer than their max_age.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(late)), legend: "queues"}},
			},
			{
				title: "Queues without a consumer, critical", width: 5, unit: unitCount, empty: notScraped,
				about:   "Open critical findings of consumer_absent: messages wait, and the consumers that were there are gone for longer than a deploy takes.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(scope{}.open(`mode="consumer_absent"`, `severity="critical"`))), legend: "queues"}},
			},
			{
				title: "Messages waiting", width: 5, unit: unitCount, empty: noQueues,
				about:   "Messages that wait to be delivered, over all queues and groups.",
				visual:  number(),
				queries: []query{{expr: known(sum(waiting(in))), legend: "messages"}},
			},
			{
				title: "Dead letters", width: 4, unit: unitCount, empty: noDLQ,
				about:   "Messages that sit in dead letter queues.",
				visual:  number(step{1, warn}),
				queries: []query{{expr: claim(sum(dead.each("lostorder_dlq_messages"))), legend: "messages"}},
			},
			{
				title: "Messages lost in this range", width: 5, unit: unitCount, empty: noQueues,
				about:   "Messages that a broker removed in the shown range before a consumer processed them. A loss before the range does not show here; message_lost below shows it.",
				visual:  number(step{1, bad}),
				queries: []query{{expr: claim(sum(in.growth(lost)) + " or 0 * " + sum(waiting(in))), legend: "messages"}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Age of the oldest message, of its objective", width: 12, unit: "percentunit", empty: "no queue with an objective is read",
				about:   "How much of the max_age of its queue the oldest message has used up. From 100 % on the queue is late. The 20 worst.",
				visual:  lines(objective),
				queries: []query{{expr: "topk(20, " + queueWait(in) + " / " + in.each(queueObjective) + ")", legend: ofQueue}},
			},
			{
				title: "Messages waiting, by queue", width: 12, unit: unitCount, empty: noQueues,
				about:   "Messages that wait to be delivered. The 20 longest queues.",
				visual:  lines(),
				queries: []query{{expr: "topk(20, " + waiting(in) + ")", legend: ofQueue}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Published", width: 12, unit: "mps", empty: "no broker that is read counts what is published",
				about:   "Messages published, once for each queue or topic, however many groups read it. The 20 busiest.",
				visual:  lines(),
				queries: []query{{expr: "topk(20, max by (" + subject("lostorder_queue_published_messages_total", "messaging_consumer_group_name") + ") (" + in.rate("lostorder_queue_published_messages_total") + "))", legend: ofDestination}},
			},
			{
				title: "Acknowledged", width: 12, unit: "mps", empty: "no broker that is read counts what is acknowledged",
				about:   "Messages acknowledged, by queue and group. The 20 busiest.",
				visual:  lines(),
				queries: []query{{expr: "topk(20, " + in.rate("lostorder_queue_acknowledged_messages_total") + ")", legend: ofQueue}},
			},
		}},
		{title: "Dead letter queues", height: 8, panels: []panel{
			{
				title: "Arrivals in dead letter queues", width: 12, unit: "mps", empty: noDLQ,
				about:   "Messages that arrive in dead letter queues. The 20 busiest.",
				visual:  lines(),
				queries: []query{{expr: "topk(20, " + dead.rate("lostorder_dlq_arrivals_total") + ")", legend: ofDestination}},
			},
			{
				title: "Oldest dead letter", width: 12, unit: "s", empty: noDLQ,
				about:   "Age of the message that has been in its dead letter queue longest; zero where none is. The 20 oldest.",
				visual:  lines(),
				queries: []query{{expr: "topk(20, " + dead.each("lostorder_dlq_oldest_message_age_seconds") + " or " + dead.each("lostorder_dlq_messages") + " == 0)", legend: ofDestination}},
			},
		}},
	}
	rows = append(rows, modesOn("queues", in)...)
	rows = append(rows, row{title: "Where a broker counts redeliveries, alarms and drops", height: 8, collapsed: true, panels: []panel{
		{
			title: "Redelivered", width: 8, unit: "mps", empty: "no broker that is read counts redeliveries",
			about:   "Deliveries of messages that had been delivered before. Kafka does not count them. The 20 worst.",
			visual:  lines(),
			queries: []query{{expr: "topk(20, " + in.rate(redelivered) + ")", legend: ofQueue}},
		},
		{
			title: "Alarms of brokers", width: 8, unit: unitCount, empty: "no broker that is read has alarms",
			about:   "1 while a node has so little memory or disk left that it blocks publishers. What publishers cannot hand over waits with them, and may be lost there.",
			visual:  lines(step{1, bad}),
			queries: []query{{expr: dead.each("lostorder_broker_alarm"), legend: "{{cluster}} {{node}} {{resource}}"}},
		},
		{
			title: "Dropped by brokers", width: 8, unit: unitCount, empty: "no broker that is read counts what it drops",
			about:   "Messages that a node dropped without a dead letter queue, or could not route, in each step of the graph, by reason. message_lost decides whether they are a loss.",
			visual:  bars(),
			queries: []query{{expr: "max by (" + subject("lostorder_broker_lost_messages_total") + ") (round(increase(" + dead.series("lostorder_broker_lost_messages_total") + "[" + rateInterval + "])))", legend: "{{cluster}} {{node}} {{reason}}"}},
		},
	}})
	return page{
		name: "queues", title: "Queues and dead letters",
		answers: "Which queues are late, which have no consumer, what the broker removed before it was processed, and what sits in dead letter queues.",
		variables: []variable{
			byLabel("cluster", "cluster", "Cluster", queueMessages),
			byLabel("queue", "messaging_destination_name", "Queue", queueMessages),
			byLabel("group", "messaging_consumer_group_name", "Group", queueMessages),
		},
		rows: rows,
	}
}
