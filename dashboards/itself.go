package dashboards

const (
	collectorUp = "lostorder_collector_up"
	duration    = "lostorder_collector_duration_seconds"
	interval    = "lostorder_collector_interval_seconds"
	readingAge  = "lostorder_collector_reading_age_seconds"
	delay       = "lostorder_detection_delay_seconds"
)

// process is a metric that every process exports, of lostorder alone, by replica.
func process(series string) string {
	return "max by (job, instance) (" + series + " and on (job, instance) lostorder_build_info{job=~\"$job\"})"
}

// itself is the dashboard of lostorder.
func itself() page {
	in := scope{}
	const ofTarget = "{{collector}} {{target}}"
	return page{
		name: "itself", title: "lostorder itself",
		answers: "Whether lostorder sees everything that it should, how soon it finds what goes wrong, and what it costs.",
		rows: []row{
			{height: 4, panels: []panel{
				{
					title: "Blind targets", width: 5, unit: "short", empty: notScraped,
					says:    "Targets that cannot be read now.",
					look:    number(step{1, red}),
					queries: []query{{expr: "sum(" + in.each(collectorUp) + " == bool 0)", legend: "targets"}},
				},
				{
					title: "Stale targets", width: 5, unit: "short", empty: "no target has a reading",
					says:    "Targets whose reading is older than three of their intervals.",
					look:    number(step{1, red}),
					queries: []query{{expr: "sum(" + in.least(readingAge) + " > bool 3 * " + in.each(interval) + ")", legend: "targets"}},
				},
				{
					title: "Observation gaps", width: 5, unit: "short", empty: notScraped,
					says:    "Times in the range that is shown in which a target could not be observed for long enough to matter.",
					look:    number(step{1, yellow}),
					queries: []query{{expr: in.growth("lostorder_observation_gaps_total"), legend: "gaps"}},
				},
				{
					title: "Warnings about targets", width: 5, unit: "short", empty: "no target has a reading",
					says:    "Things about the targets that should be mended; the status page says which.",
					look:    number(step{1, yellow}),
					queries: []query{{expr: "sum(" + in.each("lostorder_collector_warnings") + ")", legend: "warnings"}},
				},
				{
					title: "Reload failed", width: 4, unit: "short", empty: notScraped,
					says:    "Replicas whose last reload of the configuration failed; the one before is still in force.",
					look:    number(step{1, red}),
					queries: []query{{expr: `sum(max by (job, instance) (lostorder_config_last_reload_successful{job=~"$job"}) == bool 0)`, legend: "replicas"}},
				},
			}},
			{height: 8, panels: []panel{
				{
					title: "Sight", width: 12, unit: "short", empty: notScraped,
					says:    "When each target could not be read.",
					look:    states("seen", "blind"),
					queries: []query{{expr: "1 - " + in.each(collectorUp), legend: ofTarget}},
				},
				{
					title: "Age of the readings, in intervals", width: 12, unit: "short", empty: "no target has a reading",
					says:    "How old the reading of each target is, in its own intervals. Up to one is as it should be; after three, what it said is dropped.",
					look:    lines(step{3, red}),
					queries: []query{{expr: in.least(readingAge) + " / " + in.each(interval), legend: ofTarget}},
				},
			}},
			{height: 8, panels: []panel{
				{
					title: "Time to read a target", width: 8, unit: "s", empty: "no target was read yet",
					says:    "How long the last attempt to read each target took.",
					look:    lines(),
					queries: []query{{expr: in.each(duration), legend: ofTarget}},
				},
				{
					title: "Findings opened", width: 8, unit: "short", empty: notScraped,
					says:    "Findings opened in each step of the graph, by failure mode.",
					look:    lines(),
					queries: []query{{expr: "max by (mode) (round(increase(" + in.series("lostorder_findings_total") + "[" + rateInterval + "])))", legend: "{{mode}}"}},
					links:   ofMode("${__field.labels.mode}"),
				},
				{
					title: "Detection delay", width: 8, unit: "s", empty: "nothing was found in this time",
					says:    "How long after the earliest moment at which it could be told a finding was opened: the slowest tenth, by failure mode. Points are single findings; they lead to the finding and to the trace of its order.",
					look:    lines(),
					queries: []query{{expr: in.quantile("0.9", delay, "mode"), legend: "{{mode}}", exemplar: true}},
					links:   ofMode("${__field.labels.mode}"),
				},
			}},
			{title: "Costs", height: 8, panels: []panel{
				{
					title: "Memory", width: 8, unit: "bytes", empty: notScraped,
					says:    "Memory of each replica, as the system counts it.",
					look:    lines(),
					queries: []query{{expr: process("process_resident_memory_bytes"), legend: "{{instance}}"}},
				},
				{
					title: "Processor", width: 8, unit: "percentunit", empty: notScraped,
					says:    "Share of one processor that each replica uses.",
					look:    lines(),
					queries: []query{{expr: process("rate(process_cpu_seconds_total[" + rateInterval + "])"), legend: "{{instance}}"}},
				},
				{
					title: "Goroutines", width: 8, unit: "short", empty: notScraped,
					says:    "Goroutines of each replica. It goes with the number of targets and stays level.",
					look:    lines(),
					queries: []query{{expr: process("go_goroutines"), legend: "{{instance}}"}},
				},
			}},
			{title: "Which lostorder", height: 5, panels: []panel{
				{
					title: "Replicas", width: 14, unit: "short", empty: notScraped,
					says: "The replicas that are scraped, and their versions.",
					look: list(
						column{field: "job", title: "Job"},
						column{field: "instance", title: "Instance"},
						column{field: "version", title: "Version"},
						column{field: "goversion", title: "Built with"},
						column{field: "Value #B", title: "Configuration loaded", width: 180, unit: "dateTimeFromNow"},
					),
					queries: []query{
						{expr: `max by (job, instance, version, goversion) (lostorder_build_info{job=~"$job"})`, legend: "build"},
						{expr: `1000 * max by (job, instance) (lostorder_config_last_reload_success_timestamp_seconds{job=~"$job"})`, legend: "loaded"},
					},
				},
				{
					title: "Findings not listed", width: 5, unit: "short", empty: notScraped,
					says:    "Open findings that have no series of their own, because there are more than lostorder exports; the API has them all.",
					look:    number(step{1, yellow}),
					queries: []query{{expr: "max by (job) (max by (job, instance) (lostorder_findings_unlisted{job=~\"$job\"}))", legend: "findings"}},
				},
				{
					title: "Subjects reported twice", width: 5, unit: "short", empty: notScraped,
					says:    "Queues, outboxes and states that more than one target reports. The last one wins; look for a target that is configured twice.",
					look:    number(step{1, yellow}),
					queries: []query{{expr: "max by (job) (lostorder_duplicate_subjects{job=~\"$job\"})", legend: "subjects"}},
				},
			}},
		},
	}
}
