package telemetry

import "github.com/lostorder/lostorder/internal/signal"

// groups is the one list of metrics. docs/metrics.md is made from it.
var groups = []Group{
	{
		Title: "Queues",
		Intro: "A queue as one group of consumers sees it. `messaging_consumer_group_name` is there where the broker has groups (Kafka). " +
			"A value that the source could not read has no series; it is never shown as zero.",
		Metrics: []Metric{
			{
				Name: "lostorder_queue_messages", Type: Gauge, Unit: "messages", Labels: with(queueLabels, labelState), Stability: Stable,
				Help: "Messages in the queue, by state: ready (waiting to be delivered), in_flight (delivered, not acknowledged), delayed (not yet due), uncommitted (in partitions where the group never committed an offset).",
				each: perQueue(queueMessages),
			},
			{
				Name: "lostorder_queue_partition_messages", Type: Gauge, Unit: "messages", Labels: with(queueLabels, labelPartition, labelState), Stability: Stable,
				Help: "Messages in one partition of the queue, ready or uncommitted; only where granularity is partition.",
				each: perQueue(partitionMessages),
			},
			{
				Name: "lostorder_queue_oldest_message_age_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "Age of the message that waits longest, at the time of the reading.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.age(q.Oldest, q.at, q.labels) }),
			},
			{
				Name: "lostorder_queue_max_age_objective_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "How long a message of the queue may wait, as configured; compare it with the age of the oldest message.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.objective(q.Objective.MaxAge, q.labels) }),
			},
			{
				Name: "lostorder_queue_consumers", Type: Gauge, Unit: "consumers", Labels: queueLabels, Stability: Stable,
				Help: "Consumers that are connected to the queue now.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Consumers, q.labels) }),
			},
			{
				Name: "lostorder_queue_consumer_utilisation_ratio", Type: Gauge, Unit: "ratio", Labels: queueLabels, Stability: Experimental,
				Help: "Share of the time in which a message could be delivered at once because a consumer had room for it (RabbitMQ).",
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
				Help: "Deliveries of messages that had been delivered before, as the broker counts them.",
				each: perQueue(func(_ *view, q *queue, out *block) { out.count(q.Redelivered, q.labels) }),
			},
			{
				Name: "lostorder_queue_time_to_loss_seconds", Type: Gauge, Unit: "seconds", Labels: queueLabels, Stability: Stable,
				Help: "Time until the broker removes the first message that nobody will have processed, if they are taken off as they are now. No series where nothing threatens, or where it is not known.",
				each: timeToLoss,
			},
			{
				Name: "lostorder_queue_dlq_configured", Type: Gauge, Unit: "boolean", Labels: queueLabels, Stability: Experimental,
				Help: "Whether messages that the queue gives up go to another queue: 0 where they would be dropped or delivered for ever. No series where the broker does not say (Kafka), and for a queue that needs none: a dead letter queue, a temporary queue, or one whose objective says so.",
				each: perQueue(dlqConfigured),
			},
			{
				Name: "lostorder_queue_lost_messages_total", Type: Counter, Unit: "messages", Labels: with(queueLabels, labelReason), Stability: Stable,
				Help: "Messages that the broker removed before anybody had processed them, by reason, since lostorder started. Without a destination: the broker counts for all its queues, and of which it was is not known.",
				each: lostMessages,
			},
		},
	},
	{
		Title: "Dead letter queues",
		Intro: "A dead letter queue has one series of each metric. `source` is the queue whose failures end in it, `several` where there is more than one, " +
			"and absent where it is not known; so a sum counts each message once. `lostorder_dlq_source_info` has one series per source, to join with.",
		Metrics: []Metric{
			{
				Name: "lostorder_dlq_messages", Type: Gauge, Unit: "messages", Labels: dlqLabels, Stability: Stable,
				Help: "Messages that sit in the dead letter queue.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.count(q.Messages, q.labels) }),
			},
			{
				Name: "lostorder_dlq_oldest_message_age_seconds", Type: Gauge, Unit: "seconds", Labels: dlqLabels, Stability: Stable,
				Help: "Age of the message that has been in the dead letter queue longest, at the time of the reading.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.age(q.Oldest, q.at, q.labels) }),
			},
			{
				Name: "lostorder_dlq_arrivals_total", Type: Counter, Unit: "messages", Labels: dlqLabels, Stability: Stable,
				Help: "Messages that ever arrived in the dead letter queue.",
				each: perDLQ(func(q *deadLetterQueue, out *block) { out.count(q.Arrived, q.labels) }),
			},
			{
				Name: "lostorder_dlq_source_info", Type: Gauge, Unit: "sources", Labels: dlqLabels, Stability: Experimental,
				Help: "One for each queue whose failures end in the dead letter queue.",
				each: dlqSources,
			},
		},
	},
	{
		Title: "Brokers",
		Intro: "What a node of a broker says of itself and of all its queues together (RabbitMQ).",
		Metrics: []Metric{
			{
				Name: "lostorder_broker_alarm", Type: Gauge, Unit: "boolean", Labels: with(nodeLabels, labelResource), Stability: Experimental,
				Help: "Whether so little is left of the resource (memory, disk) that the broker blocks publishers.",
				each: brokerAlarms,
			},
			{
				Name: "lostorder_broker_lost_messages_total", Type: Counter, Unit: "messages", Labels: with(nodeLabels, labelReason), Stability: Experimental,
				Help: "Messages that the node dropped without a dead letter queue, or could not route, by reason, as the broker counts them: unroutable_dropped, unroutable_returned (to the publisher), expired, maxlen, rejected, delivery_limit.",
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
				Help: "Events in the outbox that are not yet published.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Pending, o.labels) }),
			},
			{
				Name: "lostorder_outbox_oldest_pending_age_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Stable,
				Help: "Age of the event that has been pending longest, at the time of the reading.",
				each: perOutbox(func(o *outbox, out *block) { out.age(o.Oldest, o.at, o.labels) }),
			},
			{
				Name: "lostorder_outbox_max_age_objective_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Stable,
				Help: "How long an event may stay pending, as configured; compare it with the age of the oldest pending event.",
				each: perOutbox(func(o *outbox, out *block) { out.objective(o.MaxAge, o.labels) }),
			},
			{
				Name: "lostorder_outbox_failed_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Stable,
				Help: "Events in the outbox that the relay gave up.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Failed, o.labels) }),
			},
			{
				Name: "lostorder_outbox_retried_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Stable,
				Help: "Events in the outbox that the relay has tried more than once.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Retried, o.labels) }),
			},
			{
				Name: "lostorder_outbox_published_messages_total", Type: Counter, Unit: "messages", Labels: outboxLabels, Stability: Experimental,
				Help: "Events of the outbox that were published since lostorder watches it, where a moment of publication with an index on it or the position of the relay tells; at least so many.",
				each: perOutbox(func(o *outbox, out *block) { out.count(o.Published, o.labels) }),
			},
			{
				Name: "lostorder_outbox_skipped_messages", Type: Gauge, Unit: "messages", Labels: outboxLabels, Stability: Experimental,
				Help: "Events of the outbox that were committed only after the relay's position had passed their number, and that it has not published since; absent where nothing says how far it has come.",
				each: perOutbox(func(o *outbox, out *block) {
					if o.Skipped != nil {
						out.count(signal.Count(len(o.Skipped.Rows)), o.labels)
					}
				}),
			},
			{
				Name: "lostorder_outbox_slot_active", Type: Gauge, Unit: "boolean", Labels: outboxLabels, Stability: Experimental,
				Help: "Whether somebody reads the replication slot of the outbox, or the binary log as the user of the outbox.",
				each: perSlot(func(o *outbox, out *block) { out.count(truth(o.LogReader.Active), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lost", Type: Gauge, Unit: "boolean", Labels: outboxLabels, Stability: Experimental,
				Help: "Whether the replication slot of the outbox is dropped, or the server removed log that it still needed, or that was written after the reader of the binary log was last seen.",
				each: perSlot(func(o *outbox, out *block) { out.count(truth(o.LogReader.Lost || o.LogReader.Dropped), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lag_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that was written and that the reader of the replication slot has not confirmed; of a binary log what was written since nobody reads it, and absent while the server has more to send than it has sent.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Lag(), o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_lag_seconds", Type: Gauge, Unit: "seconds", Labels: outboxLabels, Stability: Experimental,
				Help: "How long, at least, the reader of the replication slot has not confirmed what was written, or nobody has read the binary log. It grows also where nothing in the log is for the reader.",
				each: perSlot(func(o *outbox, out *block) { out.age(o.LogReader.UnconfirmedSince, o.at, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_retained_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that the server keeps for the replication slot; absent for a binary log, which it keeps for nobody.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Retained, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_safe_bytes", Type: Gauge, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Log that may still be written before the server gives the replication slot up; absent where it never does.",
				each: perSlot(func(o *outbox, out *block) { out.count(o.LogReader.Remaining, o.labels) }),
			},
			{
				Name: "lostorder_outbox_slot_confirmed_bytes_total", Type: Counter, Unit: "bytes", Labels: outboxLabels, Stability: Experimental,
				Help: "Position in the log up to which the reader of the replication slot has confirmed, or was sent the binary log; its rate is how fast the relay works.",
				each: perSlot(func(o *outbox, out *block) { out.count(signal.Count(o.LogReader.Confirmed), o.labels) }),
			},
		},
	},
	{
		Title: "Orders",
		Intro: "The states of a lifecycle in one store. A count that was capped shows the cap. The id of an order is a label of none of them.",
		Metrics: []Metric{
			{
				Name: "lostorder_orders", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Stable,
				Help: "Orders in the state.",
				each: perState(func(s *state, out *block) { out.count(s.Orders, s.labels) }),
			},
			{
				Name: "lostorder_orders_overdue", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Stable,
				Help: "Orders that have been in the state for longer than they may.",
				each: perState(func(s *state, out *block) { out.count(s.Overdue, s.labels) }),
			},
			{
				Name: "lostorder_orders_undeclared", Type: Gauge, Unit: "orders", Labels: orderLabels, Stability: Experimental,
				Help: "Orders in a state that the lifecycle does not declare. No series while there are none.",
				each: perLifecycle(undeclared),
			},
			{
				Name: "lostorder_order_oldest_dwell_seconds", Type: Gauge, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "How long the order that has been in the state longest has been in it, at the time of the reading.",
				each: perState(func(s *state, out *block) { out.age(s.Oldest, s.at, s.labels) }),
			},
			{
				Name: "lostorder_order_max_dwell_seconds", Type: Gauge, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "How long an order may be in the state, as configured; compare it with the oldest dwell.",
				each: perState(func(s *state, out *block) { out.objective(s.Max, s.labels) }),
			},
			{
				Name: "lostorder_order_state_info", Type: Gauge, Unit: "info", Labels: with(orderLabels, labelMode), Stability: Experimental,
				Help: "Which failure mode reports an order that is overdue in the state: order_overdue, or saga_stuck and compensation_failed in a saga. Always 1, to join with.",
				each: perLifecycle(stateModes),
			},
			{
				Name: "lostorder_order_dwell_ratio", Type: Histogram, Unit: "ratio", Labels: orderLabels, Stability: Experimental,
				Help: "Dwell of orders that left the state, as a share of how long an order may be in it: above 1 they were overdue. Only where there is a history and the state has a max.",
			},
			{
				Name: "lostorder_order_dwell_seconds", Type: Histogram, Unit: "seconds", Labels: orderLabels, Stability: Stable,
				Help: "How long orders were in the state, of those that left it since lostorder started; only where there is a history of moves.",
			},
			{
				Name: "lostorder_orders_within_dwell", Type: Gauge, Unit: "orders", Labels: with(orderLabels, labelWithin), Stability: Experimental,
				Help: "Orders that are in the state and have been there for no longer than within seconds, as they were counted last; only where the lifecycle has a histogram.",
				each: dwells,
			},
			{
				Name: "lostorder_order_moves_total", Type: Counter, Unit: "orders", Labels: with(orderLabels, labelNextState), Stability: Stable,
				Help: "Orders that went from the state to the next since lostorder started; only where there is a history of moves.",
				each: perLifecycle(orderMoves),
			},
			{
				Name: "lostorder_lifecycle_completed_total", Type: Counter, Unit: "orders", Labels: with(lifecycleLabels, labelOutcome), Stability: Stable,
				Help: "Orders that came to an end since lostorder started, by outcome: in_time, late (a state or the whole took longer than it may), abandoned; only where there is a history of moves.",
				each: perLifecycle(completed),
			},
			{
				Name: "lostorder_orders_in_conflict", Type: Gauge, Unit: "orders", Labels: with(lifecycleLabels, labelKind, labelCertainty), Stability: Stable,
				Help: "Orders that went where they may not, by kind (illegal_move, excluded_states, two_ends, not_compensated) and certainty (confirmed by a second reading, or suspected).",
				each: perLifecycle(conflicts),
			},
			{
				Name: "lostorder_orders_duplicated", Type: Gauge, Unit: "orders", Labels: lifecycleLabels, Stability: Stable,
				Help: "Orders beyond the first that were made of the same request; only where duplicates are looked for.",
				each: perLifecycle(duplicated),
			},
		},
	},
	{
		Title: "Reconciliations",
		Intro: "Checks that what one store holds, another store holds too. A count that was capped shows the cap; what was not looked at yet is in none of them.",
		Metrics: []Metric{
			{
				Name: "lostorder_reconciliation_mismatches", Type: Gauge, Unit: "orders", Labels: with(checkLabels, labelKind), Stability: Stable,
				Help: "Orders whose two sides have differed for longer than the grace, by kind: missing_right (the left has it and the right has not), missing_left, duplicate (the right has it more than once), different (other values).",
				each: perCheck(reconciliationMismatches),
			},
			{
				Name: "lostorder_reconciliation_suspects", Type: Gauge, Unit: "orders", Labels: checkLabels, Stability: Experimental,
				Help: "Orders whose two sides differ, still within the grace.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Suspects, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_compared_total", Type: Counter, Unit: "rows", Labels: checkLabels, Stability: Stable,
				Help: "Rows that were compared, those of the round over old rows and new ones.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Compared, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_listed_total", Type: Counter, Unit: "rows", Labels: checkLabels, Stability: Experimental,
				Help: "Rows that were read one by one, new ones and those of windows that differed; the others are compared inside the databases.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Listed, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_rounds_total", Type: Counter, Unit: "rounds", Labels: checkLabels, Stability: Stable,
				Help: "Times in which all rows, old ones too, were compared from the first to the last.",
				each: perCheck(func(_ *view, c *check, out *block) { out.count(c.Pass.Completed, c.labels) }),
			},
			{
				Name: "lostorder_reconciliation_last_pass_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: checkLabels, Stability: Experimental,
				Help: "When the check last finished a pass over all rows, in Unix time; absent until it finished one since lostorder started.",
			},
			{
				Name: "lostorder_reconciliation_info", Type: Gauge, Unit: "info", Labels: with(checkLabels, labelKind, labelMode), Stability: Experimental,
				Help: "Which failure mode reports a mismatch of the kind. Always 1, to join with.",
				each: perCheck(checkModes),
			},
			{
				Name: "lostorder_reconciliation_progress_ratio", Type: Gauge, Unit: "ratio", Labels: checkLabels, Stability: Stable,
				Help: "Part of the present round that is done, from 0 to 1, by about how many rows there are; absent where that is not known.",
				each: perCheck(reconciliationProgress),
			},
		},
	},
	{
		Title: "Findings",
		Intro: "Every failure mode that is built has its series from the start, at zero. Each open finding has two series of its own, gone once it is closed: the 500 most severe, " +
			"and of those the oldest, first; `lostorder_findings_unlisted` tells whether there are more. `finding` is its id in the API and on the status page. The latest finding is the exemplar of `lostorder_detection_delay_seconds`, with the trace of its order where one is known.",
		Metrics: []Metric{
			{
				Name: "lostorder_findings", Type: Gauge, Unit: "findings", Labels: findingLabels, Stability: Stable,
				Help: "Open findings, by failure mode and severity.",
				each: openFindings,
			},
			{
				Name: "lostorder_findings_total", Type: Counter, Unit: "findings", Labels: []string{labelMode}, Stability: Stable,
				Help: "Findings ever opened since lostorder started.",
				each: findingsTotal,
			},
			{
				Name: "lostorder_finding_since_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: with(caseLabels, labelExternal), Stability: Stable,
				Help: "Since when an open finding has been so, in Unix time; one series for each, with the labels that its subject has, and external_url where --web.external-url gives it.",
				each: perFinding(findingSince),
			},
			{
				Name: "lostorder_finding_affected", Type: Gauge, Unit: "orders or messages", Labels: caseLabels, Stability: Stable,
				Help: "Orders or messages that an open finding concerns.",
				each: perFinding(findingAffected),
			},
			{
				Name: "lostorder_finding_info", Type: Gauge, Unit: "info", Labels: []string{labelMode, labelFinding, labelSubject, labelOrders}, Stability: Experimental,
				Help: "What an open finding is about, in words: subject is \"orders → billing (kafka main)\", and orders up to five order ids of its sample where alerting.order_ids allows it. Always 1, to join with.",
				each: perFinding(findingInfo),
			},
			{
				Name: "lostorder_finding_unconfirmed", Type: Gauge, Unit: "boolean", Labels: []string{labelMode, labelSeverity, labelFinding}, Stability: Experimental,
				Help: "An open finding from before a restart whose target has not been read since. Always 1; gone once the finding is confirmed or closed.",
				each: perFinding(findingUnconfirmed),
			},
			{
				Name: "lostorder_findings_unlisted", Type: Gauge, Unit: "findings", Stability: Stable,
				Help: "Open findings that have no series of their own, because there are too many.",
				each: findingsUnlisted,
			},
			{
				Name: "lostorder_detection_delay_seconds", Type: Histogram, Unit: "seconds", Labels: []string{labelMode}, Stability: Stable,
				Help: "Time from the earliest moment at which a case could be told from its benign twin to its detection.",
			},
			{
				Name: "lostorder_observation_gaps_total", Type: Counter, Unit: "gaps", Stability: Stable,
				Help: "Times in which a target could not be observed for long enough to matter.",
				each: observationGaps,
			},
		},
	},
	{
		Title: "Collectors",
		Intro: "One per target. A target that cannot be read keeps its last reading for three intervals; after that its readings have no series, and `lostorder_collector_up` stays at 0.",
		Metrics: []Metric{
			{
				Name: "lostorder_collector_up", Type: Gauge, Unit: "boolean", Labels: targetLabels, Stability: Stable,
				Help: "Whether the last attempt to read the target brought readings.",
				each: perTarget(targetUp),
			},
			{
				Name: "lostorder_collector_duration_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "How long the last attempt to read the target took.",
				each: perTarget(targetDuration),
			},
			{
				Name: "lostorder_collector_interval_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "How often the target is read; compare it with the age of the reading.",
				each: perTarget(targetInterval),
			},
			{
				Name: "lostorder_collector_last_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "When the target was last read whole, in Unix time.",
				each: perTarget(targetSuccess),
			},
			{
				Name: "lostorder_collector_reading_age_seconds", Type: Gauge, Unit: "seconds", Labels: targetLabels, Stability: Stable,
				Help: "Age, at the time of the scrape, of the reading that the other series show.",
				each: perTarget(targetReadingAge), live: true,
			},
			{
				Name: "lostorder_collector_warnings", Type: Gauge, Unit: "warnings", Labels: targetLabels, Stability: Experimental,
				Help: "Things about the target that should be mended and do not make its reading wrong; the status page says which.",
				each: perTarget(targetWarnings),
			},
			{
				Name: "lostorder_duplicate_subjects", Type: Gauge, Unit: "subjects", Stability: Experimental,
				Help: "Queues, outboxes, states and checks that more than one target reports; the last target wins.",
				each: duplicateSubjects,
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
		Title: "lostorder itself",
		Intro: "Besides these, the Go runtime and the process are described by the usual `go_*` and `process_*` metrics.",
		Metrics: []Metric{
			{
				Name: "lostorder_build_info", Type: Gauge, Unit: "info", Labels: []string{"version", "revision", "branch", "goversion", "goos", "goarch", "tags"}, Stability: Stable,
				Help: "A metric with a constant '1' value labeled by version, revision, branch, goversion from which lostorder was built, and the goos and goarch for the build.",
			},
			{
				Name: "lostorder_status_page_info", Type: Gauge, Unit: "info", Labels: []string{labelExternal}, Stability: Experimental,
				Help: "Where people reach the status page: external_url where --web.external-url gives it, otherwise the address that Prometheus scrapes. Always 1, to join with.",
				each: statusPage,
			},
			{
				Name: "lostorder_config_last_reload_successful", Type: Gauge, Unit: "boolean", Stability: Stable,
				Help: "Whether the last attempt to load the configuration succeeded.",
			},
			{
				Name: "lostorder_config_last_reload_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Stability: Stable,
				Help: "When the configuration was last loaded, in Unix time.",
			},
		},
	},
}
