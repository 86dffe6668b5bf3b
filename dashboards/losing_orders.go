package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	findings    = "lostorder_findings"
	since       = "lostorder_finding_since_timestamp_seconds"
	affected    = "lostorder_finding_affected"
	notScraped  = "lostorder is not scraped"
	noneVisible = "none is seen"
	noBurn      = "no rules, or no order with a deadline"
)

// losingOrders is the first dashboard: all of it fits one screen.
func losingOrders() page {
	in := scope{}
	// Zero where lostorder is there and has nothing to say, and nothing where it is
	// not there: unknown is not zero.
	orZero := " or 0 * sum(" + in.each(findings) + ")"
	statusPage := out("Status page: evidence and order ids", "${status_page:raw}/")
	return page{
		name:  "losing-orders",
		title: "Are we losing orders?",
		answers: "Whether orders are being lost now, in which way, since when and which; how fast the error budget burns; and what lostorder cannot see. " +
			"All that needs no attention is green.",
		rows: []row{
			{height: 4, panels: []panel{
				{
					title: "Lost now", width: 4, unit: "short", empty: notScraped,
					says: "Open findings that are critical: orders or messages that are being lost or held up now. Each is a row of the table below.",
					look: number(step{1, red}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: "sum(" + in.each(findings, `severity="critical"`) + ")", legend: "critical findings"}},
				},
				{
					title: "Orders and messages concerned", width: 5, unit: "short", empty: notScraped,
					says: "Orders or messages that the critical findings concern, added up; one that two findings concern counts twice.",
					look: number(step{1, red}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{
						expr:   "sum(max by (" + subject(affected, "severity", "finding") + ") (" + in.series(affected, `severity="critical"`) + "))" + orZero,
						legend: "concerned",
					}},
				},
				{
					title: "For how long", width: 5, unit: "dtdurations", empty: notScraped,
					says: "How long ago the oldest open critical finding began; zero when there is none.",
					look: number(step{1, red}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: "max(time() - " + in.each(since, `severity="critical"`) + ")" + orZero, legend: "oldest"}},
				},
				{
					title: "Error budget burn", width: 4, unit: "short", empty: noBurn,
					says: "How many times faster than allowed the error budget of the orders was used up in the last hour, in the worst lifecycle. At 1 it lasts exactly as long as it should.",
					look: number(objective), links: []dashboard.DashboardLink{to("orders", "Order lifecycle"), out("Runbook", runbooks+"order_budget_burns.md")},
					queries: []query{{expr: "max(" + burn("1h") + ")", legend: "worst lifecycle"}},
				},
				{
					title: "Warnings", width: 3, unit: "short", empty: notScraped,
					says: "Open findings that can wait for working hours.",
					look: number(step{1, yellow}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: "sum(" + in.each(findings, `severity="warning"`) + ")", legend: "warnings"}},
				},
				{
					title: "Blind", width: 3, unit: "short", empty: notScraped,
					says: "Targets that lostorder cannot read now. What happens there is neither found nor healed.",
					look: number(step{1, red}), links: []dashboard.DashboardLink{to("itself", "lostorder itself")},
					queries: []query{{expr: "sum(" + in.each("lostorder_collector_up") + " == bool 0)", legend: "targets"}},
				},
			}},
			{height: 9, panels: []panel{whatIsLost(in), modesOverTime(in)}},
			{height: 7, panels: []panel{
				{
					title: "Orders and messages concerned, by failure mode", width: 7, unit: "short", empty: notScraped,
					says: "How many orders or messages the open findings of each failure mode concern.",
					look: lines(),
					queries: []query{{
						expr: "sum by (mode) (max by (" + subject(affected, "severity", "finding") + ") (" + in.series(affected) + "))" +
							" or 0 * sum by (mode) (" + in.each(findings) + ")",
						legend: "{{mode}}",
					}},
					links: ofMode("${__field.labels.mode}"),
				},
				{
					title: "Error budget burn, over time", width: 7, unit: "short", empty: noBurn,
					says: "How many times faster than allowed the error budget is used up, over an hour and over six. The alerts look at both: 14.4 for an hour or 6 for six hours wakes somebody.",
					look: lines(objective),
					queries: []query{
						{expr: burn("1h"), legend: "{{lifecycle}} 1h"},
						{expr: burn("6h"), legend: "{{lifecycle}} 6h"},
					},
					links: []dashboard.DashboardLink{to("orders", "Order lifecycle"), out("Runbook", runbooks+"order_budget_burns.md")},
				},
				whatIsSeen(in),
			}},
		},
	}
}

// whatIsLost lists the open findings. Two replicas may give the same case two ids;
// the one that has known it longest speaks.
func whatIsLost(in scope) panel {
	labels := `"subject", " ", "` + strings.Join(subjectLabels(), `", "`) + `"`
	named := func(metric string) string { return "label_join(" + in.series(metric) + ", " + labels + ")" }
	const field = "${__data.fields.mode}"
	return panel{
		title: "What is being lost, since when", width: 15, unit: "short", empty: noneVisible,
		says: "Each open finding, the oldest first: the failure mode, where, since when, and how many orders or messages. Click for the runbook and for the evidence with the ids of the orders.",
		look: list(
			column{field: "severity", title: "Severity", width: 90, mappings: []dashboard.ValueMapping{
				exactly("critical", "critical", red), exactly("warning", "warning", yellow), exactly("info", "info", "blue"),
			}},
			column{field: "mode", title: "Failure mode", width: 170, links: ofMode(field)},
			column{field: "subject", title: "Where", links: ofMode(field)},
			column{field: "Value #A", title: "Since", width: 140, unit: "dateTimeFromNow"},
			column{field: "Value #B", title: "Concerned", width: 100, unit: "short"},
			column{field: "finding", title: "Finding", width: 130, links: []dashboard.DashboardLink{
				out("Evidence and order ids on the status page", "${status_page:raw}/findings/${__value.raw}"),
			}},
		),
		queries: []query{
			{expr: "sort(1000 * bottomk by (mode, subject) (1, max by (mode, severity, finding, subject) (" + named(since) + ")))", legend: "since"},
			{expr: "max by (mode, subject) (" + named(affected) + ")", legend: "concerned"},
		},
	}
}

// subjectLabels returns the labels that say where a finding is, in the order in
// which they are read.
func subjectLabels() []string {
	first := []string{"messaging_destination_name", "messaging_consumer_group_name", "outbox", "check", "lifecycle", "state"}
	return append(first, strings.Split(subject(affected, append(first, "mode", "severity", "finding")...), ", ")...)
}

// ofMode are the links from a finding to what to do about it.
func ofMode(mode string) []dashboard.DashboardLink {
	return []dashboard.DashboardLink{
		out("Runbook", runbooks+mode+".md"),
		out("Status page", "${status_page:raw}/"),
	}
}

func modesOverTime(in scope) panel {
	return panel{
		title: "Failure modes", width: 9, unit: "short", empty: notScraped,
		says:    "When each failure mode had an open finding: red from its opening to its end. Every mode that lostorder knows has a line.",
		look:    states("none", "found"),
		queries: []query{{expr: "sum by (mode) (" + in.each(findings) + ")", legend: "{{mode}}"}},
		links:   ofMode("${__field.labels.mode}"),
	}
}

// whatIsSeen lists the targets, those that are blind first.
func whatIsSeen(in scope) panel {
	return panel{
		title: "What lostorder sees", width: 10, unit: "short", empty: notScraped,
		says: "Each target, whether it can be read now, and how old the reading is that all the other panels show. A reading that cannot be refreshed is dropped after three intervals.",
		look: list(
			column{field: "Value #A", title: "Sight", width: 80, mappings: []dashboard.ValueMapping{exactly("0", "BLIND", red), from(1, "seen", green)}},
			column{field: "collector", title: "Collector", width: 100},
			column{field: "target", title: "Target"},
			column{field: "Value #B", title: "Age of the reading", width: 140, unit: "s"},
		),
		queries: []query{
			{expr: "sort(" + in.each("lostorder_collector_up") + ")", legend: "up"},
			{expr: in.least("lostorder_collector_reading_age_seconds"), legend: "age"},
		},
		links: []dashboard.DashboardLink{to("itself", "lostorder itself")},
	}
}
