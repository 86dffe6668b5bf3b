package dashboards

import "github.com/lostorder/lostorder/internal/detect"

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

// buildNames gives each replica the label built: its version, or its revision where it
// was built without one.
const buildNames = `label_replace(label_replace(lostorder_build_info{job=~"$job"}, "built", "built from $1", "revision", "(.+)"), "built", "$1", "version", "(.+)")`

// itself is the dashboard of lostorder.
func itself() page {
	in := scope{}
	const ofTarget = "{{collector}} {{target}}"
	return page{
		name: "itself", title: "Status of lostorder itself",
		answers: "Whether lostorder can read everything that it should, how soon it finds what goes wrong, and what it costs.",
		rows: []row{
			{height: 4, panels: []panel{
				{
					title: "Targets blind", width: 5, unit: unitCount, empty: notScraped,
					about:   "Targets that cannot be read now.",
					visual:  number(step{1, bad}),
					queries: []query{{expr: sum(in.each(collectorUp) + " == bool 0"), legend: "targets"}},
				},
				{
					title: "Stale targets", width: 5, unit: unitCount, empty: "no target has a reading",
					about:   "Targets whose reading is older than three of their intervals.",
					visual:  number(step{1, bad}),
					queries: []query{{expr: known(sum(in.least(readingAge) + " > bool 3 * " + in.each(interval))), legend: "targets"}},
				},
				{
					title: "Observation gaps", width: 5, unit: unitCount, empty: notScraped,
					about:   "Times in the range that is shown in which a target could not be observed for long enough to matter.",
					visual:  number(step{1, warn}),
					queries: []query{{expr: in.growth("lostorder_observation_gaps_total"), legend: "gaps"}},
				},
				{
					title: "Warnings about targets", width: 5, unit: unitCount, empty: "no target has a reading",
					about:   "Facts about the targets that their operator should fix; the status page says which.",
					visual:  number(step{1, warn}),
					queries: []query{{expr: known(sum(in.each("lostorder_collector_warnings"))), legend: "warnings"}},
				},
				{
					title: "Reload failed", width: 4, unit: unitCount, empty: notScraped,
					about:   "Replicas whose last reload of the configuration failed; the one before is still in force.",
					visual:  number(step{1, bad}),
					queries: []query{{expr: sum(`max by (job, instance) (lostorder_config_last_reload_successful{job=~"$job"}) == bool 0`), legend: "replicas"}},
				},
			}},
			{height: 8, panels: []panel{
				{
					title: "Targets over time", width: 12, unit: unitCount, empty: notScraped,
					about:   "When each target could not be read.",
					visual:  states("read", "blind"),
					queries: []query{{expr: "1 - " + in.each(collectorUp) + " or on () " + absent("target"), legend: ofTarget}},
				},
				{
					title: "Age of the readings, in intervals", width: 12, unit: unitCount, empty: "no target has a reading",
					about:   "How old the reading of each target is, in its own intervals. Up to one is normal; after three the reading is dropped.",
					visual:  lines(step{3, bad}),
					queries: []query{{expr: in.least(readingAge) + " / " + in.each(interval), legend: ofTarget}},
				},
			}},
			{height: 8, panels: []panel{
				{
					title: "Time to read a target", width: 8, unit: "s", empty: "no target was read yet",
					about:   "How long the last attempt to read each target took.",
					visual:  lines(),
					queries: []query{{expr: in.each(duration), legend: ofTarget}},
				},
				{
					title: "Findings opened", width: 8, unit: unitCount, empty: notScraped,
					about:   "Findings opened in each step of the graph, by failure mode and replica.",
					visual:  lines(),
					marks:   detect.Modes(),
					queries: []query{{expr: "max by (job, instance, mode) (round(increase(" + in.series("lostorder_findings_total") + "[" + rateInterval + "])))", legend: "{{mode}} {{instance}}"}},
					links:   ofMode("${__field.labels.mode}"),
				},
				{
					title: "Detection delay", width: 8, unit: "s", empty: "no finding was opened in this range",
					about:  "Time from the earliest moment at which a finding was decidable until it was opened: the mean and the slowest tenth of those opened in each step, by failure mode. Points are single findings; they lead to the finding and to the trace of its order.",
					visual: bars(),
					marks:  detect.Modes(),
					queries: []query{
						{expr: in.mean(delay, "mode"), legend: "{{mode}}"},
						{expr: in.quantile("0.9", delay, "mode"), legend: "{{mode}}, slowest tenth", exemplar: true},
					},
					links: ofMode("${__field.labels.mode}"),
				},
			}},
			{title: "Costs, beside what is watched", height: 8, panels: []panel{
				{
					title: "Memory", width: 8, unit: "bytes", empty: notScraped,
					about:   "Memory of each replica, as the system counts it.",
					visual:  lines(),
					queries: []query{{expr: process("process_resident_memory_bytes"), legend: "{{instance}}"}},
				},
				{
					title: "Processor", width: 8, unit: "percentunit", empty: notScraped,
					about:   "Share of one processor that each replica uses.",
					visual:  lines(),
					queries: []query{{expr: process("rate(process_cpu_seconds_total[" + rateInterval + "])"), legend: "{{instance}}"}},
				},
				{
					title: "What is watched", width: 8, unit: unitCount, empty: notScraped,
					about:  "Queues, outboxes, states and checks that lostorder reads. Memory and processor follow them.",
					visual: lines(),
					queries: []query{
						{expr: "count by (job) (" + waiting(in) + ")", legend: "queues"},
						{expr: "count by (job) (" + in.each(pending) + ")", legend: "outboxes"},
						{expr: "count by (job) (" + in.each(ordersInState) + ")", legend: "states"},
						{expr: "count by (job) (" + in.each("lostorder_reconciliation_suspects") + ")", legend: "checks"},
					},
				},
			}},
			{title: "Which lostorder", height: 5, panels: []panel{
				{
					title: "Replicas", width: 14, unit: unitCount, empty: notScraped,
					about: "The replicas that are scraped, and their versions.",
					visual: list(
						column{field: "job", title: "Job"},
						column{field: "instance", title: "Instance"},
						column{field: "built", title: "Version"},
						column{field: "goversion", title: "Built with"},
						column{field: "Value #B", title: "Loaded", width: 120, unit: "dateTimeFromNow"},
					),
					queries: []query{
						{expr: "max by (job, instance, built, goversion) (" + buildNames + ")", legend: "build"},
						{expr: `1000 * max by (job, instance) (lostorder_config_last_reload_success_timestamp_seconds{job=~"$job"})`, legend: "loaded"},
					},
				},
				{
					title: "Findings not listed", width: 5, unit: unitCount, empty: notScraped,
					about:   "Open findings that have no series of their own, because there are more than lostorder exports; the API has them all. Of the replica with the most.",
					visual:  number(step{1, warn}),
					queries: []query{{expr: `max by (job) (max by (job, instance) (lostorder_findings_unlisted{job=~"$job"}))`, legend: "findings"}},
				},
				{
					title: "Subjects reported twice", width: 5, unit: unitCount, empty: notScraped,
					about:   "Queues, outboxes and states that more than one target reports. The last one wins; check for a target that is configured twice.",
					visual:  number(step{1, warn}),
					queries: []query{{expr: "max by (job) (lostorder_duplicate_subjects{job=~\"$job\"})", legend: "subjects"}},
				},
			}},
		},
	}
}
