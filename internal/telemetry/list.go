package telemetry

import "github.com/lostorder/lostorder/internal/signal"

// groups is the one list of metrics. docs/metrics.md is made from it.
var groups = []group{
	{
		Title: "Queues",
		Intro: "A queue as one consumer group reads it. Brokers with groups (Kafka) have the label `messaging_consumer_group_name`. " +
			"A value that the source could not read has no series; it is never shown as zero.",
		Metrics: []Metric{
			{
				Name: "lostorder_queue_messages", Type: Gauge, Unit: "messages", Labels: with(queueLabels, labelState), Stability: Stable,
				Help: "Messages in the queue, by state: ready (waiting to be delivered), in_flight (delivered, not acknowledged), delayed (not yet due), uncommitted (in partitions where the group never committed an offset).",
				each: perQueue(queueMessages),
			},
			{
				Name: "lostorder_queue_partition_messages", Type: Gauge, Unit: "messages", Labels: partitionLabels, Stability: Stable,
				Help: "Messages in one partition of the queue, by state: ready or uncommitted. Only with granularity partition. The names of its labels are short, because it has most of the series; with partition_labels full it has the labels of lostorder_queue_messages and messaging_destination_partition_id.",
				each: perQueue(partitionMessages),
			},
			{
				Name: "lostorder_queue_oldest_message_age_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "Age of the oldest message that waits, at the time of the reading.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.age(q.Oldest, q.at, q.labels) }),
			},
			{
				Name: "lostorder_queue_oldest_message_age_lower_bound", Type: Gauge, Unit: "boolean", Labels: queueLabels, Stability: Experimental,
				Help: "Always 1: the age of the oldest message is a lower bound, and the message may be older. No series if the age is measured or unknown.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.lowerBound(q.Oldest, q.labels) }),
			},
			{
				Name: "lostorder_queue_max_age_objective_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "How long a message of the queue may wait, as configured. Compare it with the age of the oldest message.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.objective(q.Objective.MaxAge, q.labels) }),
			},
			{
				Name: "lostorder_queue_consumers", Type: Gauge, Unit: "consumers", Labels: queueLabels, Stability: Stable,
				Help: "Consumers connected to the queue.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Consumers, q.labels) }),
			},
			{
				Name: "lostorder_queue_consumer_utilisation_ratio", Type: Gauge, Unit: "ratio", Labels: queueLabels, Stability: Experimental,
				Help: "Share of time in which a consumer had room for the next message, so that the broker could deliver it at once (RabbitMQ).",
				each: perQueue(consumerUtilisation),
			},
			{
				Name: "lostorder_queue_published_messages_total", Type: Counter, Unit: "messages", Labels: queueLabels, Stability: Stable,
				Help: "Messages published to the queue, as the broker counts them.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Published, q.labels) }),
			},
			{
				Name: "lostorder_queue_acknowledged_messages_total", Type: Counter, Unit: "messages", Labels: queueLabels, Stability: Stable,
				Help: "Messages that consumers acknowledged, as the broker counts them.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Acknowledged, q.labels) }),
			},
			{
				Name: "lostorder_queue_redelivered_messages_total", Type: Counter, Unit: "messages", Labels: queueLabels, Stability: Stable,
				Help: "Redeliveries: deliveries of messages that had been delivered before, as the broker counts them.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Redelivered, q.labels) }),
			},
			{
				Name: "lostorder_queue_time_to_loss_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "Time until the broker removes the first unprocessed message, at the current consumption rate. No series if no message is at risk or the time is unknown.",
				each: timeToLoss, shared: true,
			},
			{
				Name: "lostorder_queue_held_messages", Type: Gauge, Unit: "messages", Labels: queueLabels, Stability: Experimental,
				Help: "Messages behind an open transaction at which the group makes no progress (Kafka). No series if no transaction holds the group back.",
				each: perQueue(heldMessages),
			},
			{
				Name: "lostorder_queue_dlq_configured", Type: Gauge, Unit: "boolean", Labels: queueLabels, Stability: Experimental,
				Help: "Whether a message that fails reaches another queue: 0 if it would be dropped or redelivered forever. No series if the broker does not know (Kafka), or if the queue needs none: a dead letter queue, a temporary queue, or a queue whose objective says so.",
				each: perQueue(dlqConfigured),
			},
			{
				Name: "lostorder_queue_lost_messages_total", Type: Counter, Unit: "messages", Labels: with(queueLabels, labelReason), Stability: Stable,
				Help: "Messages that the broker removed before a consumer processed them, or that were skipped, by reason, since lostorder started. Without a destination, the broker counted them for all its queues together.",
				each: lostMessages, shared: true,
			},
		},
	},
	{
		Title: "Dead letter queues",
		Intro: "A dead letter queue has one series of each metric, so a sum counts each message once. `source` is the queue whose failed messages go there. " +
			"It is `several` for more than one queue, and absent if unknown. `lostorder_dlq_source_info` has one series per source, to join with.",
		Metrics: []Metric{
			{
				Name: "lostorder_dlq_messages", Type: Gauge, Unit: "messages", Labels: dlqLabels, Stability: Stable,
				Help: "Messages in the dead letter queue.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.count(q.Messages, q.labels) }),
			},
			{
				Name: "lostorder_dlq_oldest_message_age_seconds", Type: Gauge, Unit: "seconds", Labels: dlqLabels, Stability: Stable,
				Help: "How long the oldest message has been in the dead letter queue, at the time of the reading.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.age(q.Oldest, q.at, q.labels) }),
			},
			{
				Name: "lostorder_dlq_oldest_message_age_lower_bound", Type: Gauge, Unit: "boolean", Labels: dlqLabels, Stability: Experimental,
				Help: "Always 1: the age of the oldest message in the dead letter queue is a lower bound, and the message may be older. No series if the age is measured or unknown.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.lowerBound(q.Oldest, q.labels) }),
			},
			{
				Name: "lostorder_dlq_arrivals_total", Type: Counter, Unit: "messages", Labels: dlqLabels, Stability: Stable,
				Help: "Messages that arrived in the dead letter queue.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.count(q.Arrived, q.labels) }),
			},
			{
				Name: "lostorder_dlq_source_info", Type: Gauge, Unit: "sources", Labels: dlqLabels, Stability: Experimental,
				Help: "One series for each queue whose failed messages go to the dead letter queue. Always 1, to join with.",
				each: dlqSources,
			},
		},
	},
	{
		Title: "Brokers",
		Intro: "What a node of a broker reports about itself and about all its queues together (RabbitMQ).",
		Metrics: []Metric{
			{
				Name: "lostorder_broker_alarm", Type: Gauge, Unit: "boolean", Labels: with(nodeLabels, labelResource), Stability: Experimental,
				Help: "Whether the node is so short of the resource (memory, disk) that the broker blocks publishers.",
				each: brokerAlarms,
			},
			{
				Name: "lostorder_broker_lost_messages_total", Type: Counter, Unit: "messages", Labels: with(nodeLabels, labelReason), Stability: Experimental,
				Help: "Messages that the node dropped without a dead letter queue, or could not route, as the broker counts them. By reason: unroutable_dropped, unroutable_returned (to the publisher), expired, maxlen, rejected, delivery_limit.",
				each: brokerLosses,
			},
		},
	},
	{
		Title: "Outboxes",
		Intro: "Events that were committed together with their orders and are not yet published. A count that was capped shows the cap.",
		Metrics: []Metric{
			{
				Name: "lostorder_outbox_pending_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Stable,
				Help: "Events in the outbox that wait to be published.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Pending, o.labels) }),
			},
			{
				Name: "lostorder_outbox_oldest_pending_age_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Stable,
				Help: "Age of the oldest pending event, at the time of the reading.",
				each: perOutbox(func(o *outbox, out *block) { out.age(o.Oldest, o.at, o.labels) }),
			},
			{
				Name: "lostorder_outbox_max_age_objective_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Stable,
				Help: "How long an event may stay pending, as configured. Compare it with the age of the oldest pending event.",
				each: perOutbox(func(o *outbox, out *block) { out.objective(o.MaxAge, o.labels) }),
			},
			{
				Name: "lostorder_outbox_failed_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Stable,
				Help: "Events in the outbox that the relay has given up.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Failed, o.labels) }),
			},
			{
				Name: "lostorder_outbox_retried_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Stable,
				Help: "Events in the outbox that the relay has tried more than once.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Retried, o.labels) }),
			},
			{
				Name: "lostorder_outbox_published_messages_total", Type: Counter, Unit: "messages", Labels: outboxLabels, Stability: Experimental,
				Help: "Events of the outbox published since lostorder started watching it; a lower bound. Only if an indexed column of publication times or the position of the relay shows it.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Published, o.labels) }),
			},
			{
				Name: "lostorder_outbox_skipped_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Experimental,
				Help: "Events of the outbox that the relay skipped: they were committed after its position had passed their number, and are not published. Absent if the position is unknown.",
				each: perOutbox(func(o *outbox, out *block) {
					if o.Skipped != nil {
						out.count(signal.Count(len(o.Skipped.Rows)), o.labels)
					}
				}),
			},
			{
				Name: "lostorder_outbox_slot_active", Type: Gauge, Unit: "boolean", Labels: outboxLabels, Stability: Experimental,
				Help: "Whether a connector reads the replication slot of the outbox, or the binary log as the user of the outbox.",
				each: perSlot(func(o *outbox, out *block) { out.count(truth(o.LogReader.Active), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lost", Type: Gauge, Unit: "boolean", Labels: outboxLabels, Stability: Experimental,
				Help: "Whether events of the log can no longer be read. The replication slot was dropped, or the server removed log that the slot still needed, or that was written after the reader of the binary log was last seen.",
				each: perSlot(func(o *outbox, out *block) { out.count(truth(o.LogReader.Lost || o.LogReader.Dropped), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lag_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that the reader of the replication slot has not confirmed. Of a binary log: log written since the last connector read it, absent while the server still has log to send.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Lag(), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lag_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Experimental,
				Help: "How long the reader of the replication slot has confirmed nothing, or no connector has read the binary log; a lower bound. It also grows while the log contains nothing for the reader.",
				each: perSlot(func(o *outbox, out *block) { out.age(o.LogReader.UnconfirmedSince, o.at, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_retained_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that the server keeps for the replication slot. Absent for a binary log, which the server keeps for a fixed time.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Retained, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_safe_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that can still be written before the server invalidates the replication slot. Absent if it never does.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Remaining, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_confirmed_bytes_total", Type: Counter, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Position in the log that the reader of the replication slot has confirmed, or up to which the binary log was sent. Its rate is the speed of the relay.",
				each: perSlot(func(o *outbox, out *block) { out.count(signal.Count(o.LogReader.Confirmed), o.labels) }),
			},
		},
	},
	{
		Title: "Orders",
		Intro: "The states of a lifecycle in one store. A count that was capped shows the cap. An order id is never a label.",
		Metrics: []Metric{
			{
				Name: "lostorder_orders", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Stable,
				Help: "Orders in the state.",
				each: perState(func(s *state, out *block) { out.count(s.Orders, s.labels) }),
			},
			{
				Name: "lostorder_orders_overdue", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Stable,
				Help: "Orders that have been in the state for longer than allowed.",
				each: perState(func(s *state, out *block) { out.count(s.Overdue, s.labels) }),
			},
			{
				Name: "lostorder_orders_overdue_amount", Type: Gauge, Unit: "currency", Labels: with(orderLabels, labelCurrency), Stability: Experimental,
				Help: "What the overdue orders in the state are worth, in units of the currency. A count that was capped shows the amount of those counted. Only if columns.amount is set. Amounts of several currencies are never added.",
				each: overdueAmounts,
			},
			{
				Name: "lostorder_orders_undeclared", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Experimental,
				Help: "Orders in a state that the lifecycle does not declare. No series while there are none.",
				each: perLifecycle(undeclared),
			},
			{
				Name: "lostorder_order_oldest_dwell_seconds", Type: Gauge, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "Dwell of the order that has been in the state longest, at the time of the reading.",
				each: perState(func(s *state, out *block) { out.age(s.Oldest, s.at, s.labels) }),
			},
			{
				Name: "lostorder_order_max_dwell_seconds", Type: Gauge, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "How long an order may be in the state, as configured. Compare it with the oldest dwell.",
				each: perState(func(s *state, out *block) { out.objective(s.Max, s.labels) }),
			},
			{
				Name: "lostorder_order_state_info", Type: Gauge, Unit: "info", Labels: with(orderLabels, labelMode), Stability: Experimental,
				Help: "Which failure mode reports an order that is overdue in the state: order_overdue, or saga_stuck and compensation_failed in a saga. Always 1, to join with.",
				each: perLifecycle(stateModes),
			},
			{
				Name: "lostorder_order_dwell_ratio", Type: Histogram, Unit: "ratio", Labels: orderLabels, Stability: Experimental,
				Help: "Dwell of orders that left the state, as a share of the allowed dwell: above 1 they were overdue. Only with a history, and for states with a max.",
			},
			{
				Name: "lostorder_order_dwell_seconds", Type: Histogram, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "Dwell of the orders that left the state since lostorder started. Only with a history.",
			},
			{
				Name: "lostorder_orders_within_dwell", Type: Gauge, Unit: "orders", Labels: with(orderLabels, labelWithin), Stability: Experimental,
				Help: "Orders that have been in the state for at most within seconds, at the last count. Only if the lifecycle has a histogram.",
				each: dwells,
			},
			{
				Name: "lostorder_order_moves_total", Type: Counter, Unit: "orders", Labels: with(orderLabels, labelNextState), Stability: Stable,
				Help: "Transitions from the state to the next since lostorder started. Only with a history.",
				each: perLifecycle(orderMoves),
			},
			{
				Name: "lostorder_lifecycle_completed_total", Type: Counter, Unit: "orders", Labels: with(lifecycleLabels, labelOutcome), Stability: Stable,
				Help: "Orders that finished since lostorder started, by outcome: in_time, late (a state or the whole took longer than allowed), abandoned. Only with a history.",
				each: perLifecycle(completed),
			},
			{
				Name: "lostorder_lifecycle_info", Type: Gauge, Unit: "info", Labels: lifecycleLabels, Stability: Experimental,
				Help: "The labels that the config gives the lifecycle. Always 1, to join with.",
				each: perLifecycle(lifecycleInfo),
			},
			{
				Name: "lostorder_orders_in_conflict", Type: Gauge, Unit: "orders", Labels: with(lifecycleLabels, labelKind, labelCertainty), Stability: Stable,
				Help: "Orders with an illegal transition or states that exclude each other, by kind (illegal_move, excluded_states, two_ends, not_compensated) and certainty (confirmed by a second reading, or suspected).",
				each: perLifecycle(conflicts),
			},
			{
				Name: "lostorder_orders_duplicated", Type: Gauge, Unit: "orders", Labels: lifecycleLabels, Stability: Stable,
				Help: "Duplicate orders: orders beyond the first from the same request. Only if the lifecycle checks duplicates.",
				each: perLifecycle(duplicated),
			},
		},
	},
	{
		Title: "Reconciliations",
		Intro: "Comparisons of what two stores hold. A count that was capped shows the cap. No count includes rows that were not compared yet.",
		Metrics: []Metric{
			{
				Name: "lostorder_reconciliation_mismatches", Type: Gauge, Unit: "orders", Labels: with(checkLabels, labelKind), Stability: Stable,
				Help: "Mismatches older than the grace period, by kind: missing_right (only the left side has the order), missing_left, duplicate (the right side has it more than once), different (other values).",
				each: perCheck(reconciliationMismatches),
			},
			{
				Name: "lostorder_reconciliation_suspects", Type: Gauge, Unit: "orders", Labels: checkLabels, Stability: Experimental,
				Help: "Mismatches that are still within the grace period.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Suspects, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_compared_total", Type: Counter, Unit: "rows", Labels: checkLabels, Stability: Stable,
				Help: "Rows compared, by passes and among new rows.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Compared, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_listed_total", Type: Counter, Unit: "rows", Labels: checkLabels, Stability: Experimental,
				Help: "Rows transferred one by one: new rows, and rows of key ranges that differed. The databases compare the others themselves.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Listed, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_rounds_total", Type: Counter, Unit: "passes", Labels: checkLabels, Stability: Stable,
				Help: "Completed passes over all rows.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Pass.Completed, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_last_pass_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: checkLabels, Stability: Experimental,
				Help: "When the check last completed a pass over all rows, in Unix time. Absent until the first pass since the start of lostorder.",
			},
			{
				Name: "lostorder_reconciliation_info", Type: Gauge, Unit: "info", Labels: with(checkLabels, labelKind, labelMode), Stability: Experimental,
				Help: "Which failure mode reports a mismatch of the kind. Always 1, to join with.",
				each: perCheck(checkModes),
			},
			{
				Name: "lostorder_reconciliation_progress_ratio", Type: Gauge, Unit: "ratio", Labels: checkLabels, Stability: Stable,
				Help: "Progress of the current pass, from 0 to 1, by the estimated number of rows. Absent if the number is unknown.",
				each: perCheck(reconciliationProgress),
			},
		},
	},
	{
		Title: "Findings",
		Intro: "Every failure mode has its series from the start, at zero. The `labels` of the config (`team`, …) are further labels of `lostorder_finding_since_timestamp_seconds`, " +
			"`lostorder_finding_affected` and `lostorder_finding_info`. Each open finding has series of its own until it closes, for at most 500 findings: the most severe first, " +
			"then the oldest. `lostorder_findings_unlisted` counts the others. `finding` is the id in the API and on the status page. The latest finding is the exemplar of " +
			"`lostorder_detection_delay_seconds`, with the trace of its order if known.",
		Metrics: []Metric{
			{
				Name: "lostorder_findings", Type: Gauge, Unit: "findings", Labels: findingLabels, Stability: Stable,
				Help: "Open findings, by failure mode and severity.",
				each: openFindings, shared: true,
			},
			{
				Name: "lostorder_findings_total", Type: Counter, Unit: "findings", Labels: []string{labelMode}, Stability: Stable,
				Help: "Findings opened since lostorder started.",
				each: findingsTotal, shared: true,
			},
			{
				Name: "lostorder_finding_since_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: with(caseLabels, labelExternal), Stability: Stable,
				Help: "When the failure of an open finding began, in Unix time. One series for each finding, with the labels of its subject, and external_url if --web.external-url is set.",
				each: perFinding(findingSince), shared: true,
			},
			{
				Name: "lostorder_finding_affected", Type: Gauge, Unit: "orders or messages", Labels: caseLabels, Stability: Stable,
				Help: "Orders or messages affected by an open finding.",
				each: perFinding(findingAffected), shared: true,
			},
			{
				Name: "lostorder_finding_acknowledged", Type: Gauge, Unit: "orders or messages", Labels: caseLabels, Stability: Experimental,
				Help: "Affected orders or messages that the config acknowledges, so that they do not count. Also of findings that are not open because all are acknowledged.",
				each: findingAcknowledged, shared: true,
			},
			{
				Name: "lostorder_finding_amount", Type: Gauge, Unit: "currency", Labels: with(caseLabels, labelCurrency, labelCoverage), Stability: Experimental,
				Help: "What the orders affected by an open finding are worth, in units of the currency. coverage says which orders that includes: all, counted (up to the cap; there may be more) or sample. Only if the config names the column of the amount.",
				each: findingAmounts, shared: true,
			},
			{
				Name: "lostorder_finding_amount_orders", Type: Gauge, Unit: "orders", Labels: with(caseLabels, labelCurrency, labelCoverage), Stability: Experimental,
				Help: "How many orders lostorder_finding_amount adds up, with the same labels.",
				each: findingAmountOrders, shared: true,
			},
			{
				Name: "lostorder_finding_info", Type: Gauge, Unit: "info", Labels: []string{labelMode, labelFinding, labelSubject, labelOrders}, Stability: Experimental,
				Help: "Subject of an open finding in words, such as \"orders → billing (kafka main)\", and up to five order ids of its sample if alerting.order_ids allows it. Always 1, to join with.",
				each: perFinding(findingInfo), shared: true,
			},
			{
				Name: "lostorder_finding_unconfirmed", Type: Gauge, Unit: "boolean", Labels: []string{labelMode, labelSeverity, labelFinding}, Stability: Experimental,
				Help: "An open finding from before a restart whose target has not been read since. Always 1; gone once the finding is confirmed or closed.",
				each: perFinding(findingUnconfirmed), shared: true,
			},
			{
				Name: "lostorder_finding_cause_info", Type: Gauge, Unit: "info", Labels: []string{labelMode, labelFinding, labelCausedBy}, Stability: Experimental,
				Help: "An open finding that another one explains: both name the same orders. caused_by is the id of the other one. Always 1; Alertmanager mutes the alert of the finding by it.",
				each: perFinding(findingCause), shared: true,
			},
			{
				Name: "lostorder_findings_unlisted", Type: Gauge, Unit: "findings", Stability: Stable,
				Help: "Open findings without a series of their own, because there are too many.",
				each: findingsUnlisted, shared: true,
			},
			{
				Name: "lostorder_detection_delay_seconds", Type: Histogram, Unit: "seconds", Labels: []string{labelMode}, Stability: Stable,
				Help: "Time from the earliest moment at which a case was decidable to its detection.",
			},
			{
				Name: "lostorder_observation_gaps_total", Type: Counter, Unit: "gaps", Stability: Stable,
				Help: "Observation gaps: times in which a target was not read for more than three intervals.",
				each: observationGaps, shared: true,
			},
		},
	},
	{
		Title: "Collectors",
		Intro: "One series per target. If a target cannot be read, its last reading stays for three intervals. After that its series end, and `lostorder_collector_up` stays at 0.",
		Metrics: []Metric{
			{
				Name: "lostorder_collector_up", Type: Gauge, Unit: "boolean", Labels: targetLabels, Stability: Stable,
				Help: "Whether the last reading of the target succeeded, at least in part.",
				each: perTarget(targetUp), shared: true,
			},
			{
				Name: "lostorder_target_info", Type: Gauge, Unit: "info", Labels: targetLabels, Stability: Experimental,
				Help: "The labels that the config gives the target. Always 1, to join with.",
				each: perTarget(targetInfo), shared: true,
			},
			{
				Name: "lostorder_collector_duration_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "How long the last reading of the target took.",
				each: perTarget(targetDuration), shared: true,
			},
			{
				Name: "lostorder_collector_interval_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "Time between two readings of the target. Compare it with the age of the reading.",
				each: perTarget(targetInterval), shared: true,
			},
			{
				Name: "lostorder_collector_last_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "When the target was last read completely, in Unix time.",
				each: perTarget(targetSuccess), shared: true,
			},
			{
				Name: "lostorder_collector_reading_age_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "Age, at the time of the scrape, of the reading that the other series show.",
				each: perTarget(targetReadingAge), live: true,
			},
			{
				Name: "lostorder_collector_warnings", Type: Gauge, Unit: "warnings", Labels: targetLabels, Stability: Experimental,
				Help: "Warnings about the target: facts that its operator should fix and that do not make the reading wrong. The status page lists them.",
				each: perTarget(targetWarnings), shared: true,
			},
			{
				Name: "lostorder_target_owned", Type: Gauge, Unit: "boolean", Labels: []string{labelCollector, labelTarget, labelMember}, Stability: Experimental,
				Help: "Whether this replica reads the target, for each target of the config. Only if replicas share their targets (--shard, --shard.leases); the other series of a target come from its owner only.",
				each: targetOwned, live: true,
			},
			{
				Name: "lostorder_members", Type: Gauge, Unit: "members", Labels: []string{labelMember}, Stability: Experimental,
				Help: "Replicas that share their targets, as far as this one knows them. Itself counts only while its Lease is valid.",
				each: members, live: true,
			},
			{
				Name: "lostorder_kafka_requests_total", Type: Counter, Unit: "requests", Labels: []string{labelAPI}, Stability: Experimental,
				Help: "Requests that lostorder sent to Kafka brokers, of all targets together, by API (Metadata, ListOffsets, OffsetFetch and so on). A request that is repeated counts again.",
				each: kafkaRequests, live: true,
			},
			{
				Name: "lostorder_duplicate_subjects", Type: Gauge, Unit: "subjects", Stability: Experimental,
				Help: "Subjects (queues, outboxes, states and checks) that more than one target reports. The last target wins.",
				each: duplicateSubjects, shared: true,
			},
		},
	},
	{
		Title: "Memory",
		Intro: "Only where the config has `state.dir`.",
		Metrics: []Metric{
			{
				Name: "lostorder_state_up", Type: Gauge, Unit: "boolean", Stability: Experimental,
				Help: "Whether lostorder can write its memory. While it is 0, a restart forgets what has changed.",
				each: stateUp, live: true,
			},
			{
				Name: "lostorder_state_last_write_timestamp_seconds", Type: Gauge, Unit: "seconds", Stability: Experimental,
				Help: "When the memory was last written, in Unix time.",
				each: stateLastWrite, live: true,
			},
			{
				Name: "lostorder_state_write_failures_total", Type: Counter, Unit: "failures", Stability: Experimental,
				Help: "Attempts to open or write the memory that failed.",
				each: stateFailures, live: true,
			},
			{
				Name: "lostorder_state_size_bytes", Type: Gauge, Unit: "bytes", Stability: Experimental,
				Help: "Size of the memory on disk.",
				each: stateBytes, live: true,
			},
			{
				Name: "lostorder_state_dropped_total", Type: Counter, Unit: "parts", Labels: []string{labelReason}, Stability: Experimental,
				Help: "Parts of the memory that were dropped, by reason: corrupt, newer_version, other_target, clock, privacy, removed.",
				each: stateDropped, live: true,
			},
		},
	},
	{
		Title: "Notifications",
		Intro: "One series for each webhook of `alerting.webhooks`; `webhook` is its name.",
		Metrics: []Metric{
			{
				Name: "lostorder_notifications_total", Type: Counter, Unit: "findings", Labels: []string{labelWebhook}, Stability: Experimental,
				Help: "Findings that the webhook took. A finding counts each time it is sent: when it opens, grows, is repeated or closes.",
				each: perWebhook(notificationsDelivered), live: true,
			},
			{
				Name: "lostorder_notifications_pending", Type: Gauge, Unit: "findings", Labels: []string{labelWebhook}, Stability: Experimental,
				Help: "Findings that wait to be delivered to the webhook.",
				each: perWebhook(notificationsPending), live: true,
			},
			{
				Name: "lostorder_notification_failures_total", Type: Counter, Unit: "failures", Labels: []string{labelWebhook, labelReason}, Stability: Experimental,
				Help: "Requests to the webhook that failed, by reason: timeout, connection, tls, rate_limited, status_4xx, status_5xx, other. Most are tried again.",
				each: perWebhook(notificationFailures), live: true,
			},
			{
				Name: "lostorder_notifications_dropped_total", Type: Counter, Unit: "findings", Labels: []string{labelWebhook, labelReason}, Stability: Experimental,
				Help: "Findings that could not be delivered and are not tried again, by reason: refused (the receiver answers 400, 413 or 422), overflow (too many that closed wait).",
				each: perWebhook(notificationsDropped), live: true,
			},
			{
				Name: "lostorder_notification_last_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: []string{labelWebhook}, Stability: Experimental,
				Help: "When the webhook last took findings, in Unix time.",
				each: perWebhook(notificationsLast), live: true,
			},
		},
	},
	{
		Title: "lostorder itself",
		Intro: "The usual `go_*` and `process_*` metrics describe the Go runtime and the process.",
		Metrics: []Metric{
			{
				Name: "lostorder_build_info", Type: Gauge, Unit: "info", Labels: []string{"version", "revision", "branch", "goversion", "goos", "goarch", "tags"}, Stability: Stable,
				Help: "A metric with a constant '1' value labeled by version, revision, branch, goversion from which lostorder was built, and the goos and goarch for the build.",
			},
			{
				Name: "lostorder_status_page_info", Type: Gauge, Unit: "info", Labels: []string{labelExternal}, Stability: Experimental,
				Help: "Address of the status page: external_url if --web.external-url is set, otherwise the address that Prometheus scrapes. Always 1, to join with.",
				each: statusPage, shared: true,
			},
			{
				Name: "lostorder_config_last_reload_successful", Type: Gauge, Unit: "boolean", Stability: Stable,
				Help: "Whether the last load of the config file succeeded.",
			},
			{
				Name: "lostorder_config_last_reload_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Stability: Stable,
				Help: "When the config file was last loaded, in Unix time.",
			},
		},
	},
}
