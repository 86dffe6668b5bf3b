package dashboards

const (
	queueAge       = "lostorder_queue_oldest_message_age_seconds"
	queueObjective = "lostorder_queue_max_age_objective_seconds"
	queueMessages  = "lostorder_queue_messages"
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

// queues is the dashboard of queues and dead letter queues.
func queues() page {
	in := scope{"cluster": "cluster", "messaging_destination_name": "queue", "messaging_consumer_group_name": "group"}
	// A dead letter queue is not found under the name of the queue whose failures
	// end in it, nor has it a group of its own.
	dead := scope{"cluster": "cluster"}
	late := queueWait(in) + " > bool " + in.each(queueObjective)
	top := []panel{
		{
			title: "Queues that are late", width: 5, unit: "short", empty: "no queue has an objective",
			says:    "Queues whose oldest message waits for longer than their max_age.",
			look:    number(step{1, red}),
			queries: []query{{expr: "sum(" + late + ")", legend: "queues"}},
		},
		{
			title: "Queues that nobody reads", width: 5, unit: "short", empty: noQueues,
			says:    "Queues in which messages wait while no consumer is connected. A deploy looks the same for a moment; consumer_absent waits for it.",
			look:    number(step{1, yellow}),
			queries: []query{{expr: "sum((" + in.each("lostorder_queue_consumers") + " == bool 0) * (" + waiting(in) + " > bool 0))", legend: "queues"}},
		},
		{
			title: "Messages waiting", width: 5, unit: "short", empty: noQueues,
			says:    "Messages that wait to be delivered, over all queues and groups.",
			look:    number(),
			queries: []query{{expr: "sum(" + waiting(in) + ")", legend: "messages"}},
		},
		{
			title: "Dead letters", width: 5, unit: "short", empty: noDLQ,
			says:    "Messages that sit in dead letter queues.",
			look:    number(step{1, yellow}),
			queries: []query{{expr: "sum(" + dead.each("lostorder_dlq_messages") + ")", legend: "messages"}},
		},
		{
			title: "Messages lost", width: 4, unit: "short", empty: notScraped,
			says:    "Messages that the broker removed before anybody had processed them, in the range that is shown.",
			look:    number(step{1, red}),
			queries: []query{{expr: "sum(" + in.growth("lostorder_queue_lost_messages_total") + ") or 0 * sum(" + in.each(findings) + ")", legend: "messages"}},
		},
	}
	rows := []row{
		{height: 4, panels: top},
		{height: 8, panels: []panel{
			{
				title: "Age of the oldest message, of its objective", width: 12, unit: "percentunit", empty: "no queue has an objective",
				says:    "How much of the max_age of its queue the oldest message has used up. From 100 % on the queue is late. The 20 worst.",
				look:    lines(objective),
				queries: []query{{expr: "topk(20, " + queueWait(in) + " / " + in.each(queueObjective) + ")", legend: ofQueue}},
			},
			{
				title: "Messages waiting, by queue", width: 12, unit: "short", empty: noQueues,
				says:    "Messages that wait to be delivered. The 20 longest queues.",
				look:    lines(),
				queries: []query{{expr: "topk(20, " + waiting(in) + ")", legend: ofQueue}},
			},
		}},
		{height: 8, panels: []panel{
			{
				title: "Published", width: 8, unit: "mps", empty: "no broker here counts what is published",
				says:    "Messages published, once for each queue or topic, however many groups read it. The 20 busiest.",
				look:    lines(),
				queries: []query{{expr: "topk(20, max by (" + subject("lostorder_queue_published_messages_total", "messaging_consumer_group_name") + ") (" + in.rate("lostorder_queue_published_messages_total") + "))", legend: ofDestination}},
			},
			{
				title: "Acknowledged", width: 8, unit: "mps", empty: "no broker here counts what is acknowledged",
				says:    "Messages acknowledged, by queue and group. The 20 busiest.",
				look:    lines(),
				queries: []query{{expr: "topk(20, " + in.rate("lostorder_queue_acknowledged_messages_total") + ")", legend: ofQueue}},
			},
			{
				title: "Delivered again", width: 8, unit: "mps", empty: "no broker here counts what is delivered again",
				says:    "Deliveries of messages that had been delivered before. Kafka does not count them. The 20 worst.",
				look:    lines(),
				queries: []query{{expr: "topk(20, " + in.rate("lostorder_queue_redelivered_messages_total") + ")", legend: ofQueue}},
			},
		}},
		{title: "Dead letter queues", height: 8, panels: []panel{
			{
				title: "Arrivals in dead letter queues", width: 12, unit: "mps", empty: noDLQ,
				says:    "Messages that arrive in dead letter queues. The 20 busiest.",
				look:    lines(),
				queries: []query{{expr: "topk(20, " + dead.rate("lostorder_dlq_arrivals_total") + ")", legend: ofDestination}},
			},
			{
				title: "Oldest dead letter", width: 12, unit: "s", empty: "no dead letter waits",
				says:    "Age of the message that has been in its dead letter queue longest. The 20 oldest.",
				look:    lines(),
				queries: []query{{expr: "topk(20, " + dead.each("lostorder_dlq_oldest_message_age_seconds") + ")", legend: ofDestination}},
			},
		}},
	}
	rows = append(rows, row{title: "Brokers", height: 6, panels: []panel{
		{
			title: "Alarms of brokers", width: 12, unit: "short", empty: "no broker here has alarms",
			says:    "When a node had so little memory or disk left that it blocked publishers (RabbitMQ). What publishers cannot hand over waits with them, and may be lost there.",
			look:    states("none", "blocked"),
			queries: []query{{expr: dead.each("lostorder_broker_alarm"), legend: "{{cluster}} {{node}} {{resource}}"}},
		},
		{
			title: "Dropped by brokers", width: 12, unit: "short", empty: "no broker here counts what it drops",
			says:    "Messages that a node dropped without a dead letter queue or could not route, in the range that is shown, by reason (RabbitMQ). Whether they were orders is for message_lost to say.",
			look:    lines(),
			queries: []query{{expr: dead.growth("lostorder_broker_lost_messages_total"), legend: "{{cluster}} {{node}} {{reason}}"}},
		},
	}})
	return page{
		name: "queues", title: "Queues and dead letters",
		answers: "Which queues are late, which nobody reads, what the broker removed unread, and what sits in dead letter queues.",
		variables: []variable{
			byLabel("cluster", "cluster", "Cluster", queueMessages),
			byLabel("queue", "messaging_destination_name", "Queue", queueMessages),
			byLabel("group", "messaging_consumer_group_name", "Group", queueMessages),
		},
		rows: append(rows, modesOn("queues", in)...),
	}
}
