package dashboards

import (
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	findings   = "lostorder_findings"
	since      = "lostorder_finding_since_timestamp_seconds"
	affected   = "lostorder_finding_affected"
	notScraped = "lostorder is not scraped"
	noAmount   = "no critical finding with an amount"
	noBurn     = "no rules, or no order with a deadline"

	// inWords joins a finding with its subject as people read it.
	inWords = ` * on (job, instance, finding) group_left (subject) lostorder_finding_info{job=~"$job"}`
)

// losingOrders is the first dashboard: all of it fits one screen.
func losingOrders() page {
	in := scope{}
	critical := `severity="critical"`
	orZero := " or 0 * " + sum(in.each(findings))
	statusPage := out("Status page: evidence and order ids", "${status_page:raw}/")
	modes := func(which ...signal.Mode) panel { return modesOverTime(in, which...) }
	first, second := modes(publishAndBroker...), modes(exceptFor(publishAndBroker)...)
	first.title, second.title = "Failure modes: publish, broker, consumer", "Failure modes: orders"
	return page{
		name:  "losing-orders",
		title: "Are we losing orders?",
		answers: "Whether orders are being lost now, in which way, since when and which orders; how fast the error budget burns; and what lostorder cannot read. " +
			"Orange means unknown.",
		variables: []variable{teams},
		rows: []row{
			{height: 4, panels: []panel{
				blindTargets(in),
				{
					title: "Lost now", width: 3, unit: unitCount, empty: notScraped,
					about:  "Open critical findings: orders or messages that are being lost or held up now. Each is a row of the table below. Zero holds only while every target can be read; otherwise it is unknown.",
					visual: number(step{1, bad}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: claim(openOf(in, "job", critical)), legend: "critical findings"}},
				},
				{
					title: "Affected", width: 3, unit: unitCount, empty: notScraped,
					about:  "Orders or messages affected by the critical findings, added up. One that two findings affect counts twice.",
					visual: number(step{1, bad}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{
						expr:   claim(sum("max by ("+subject(affected, "severity", "finding")+") ("+in.series(affected, critical, ofTeam)+")") + orZero),
						legend: "affected",
					}},
				},
				{
					title: "At stake", width: 4, unit: unitCount, empty: noAmount,
					about:  "What the orders of the critical findings are worth, each currency by itself. An order that two findings affect counts twice. Only where the config names the amounts of the orders.",
					visual: named(number(step{1, bad})), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: stake(in.worth(amount, critical, ofTeam), in.worth(amountOrders, critical, ofTeam)), legend: "{{stake}}"}},
				},
				{
					title: "For how long", width: 3, unit: "dtdurations", empty: notScraped,
					about:  "Time since the oldest open critical finding began; zero when there is none.",
					visual: number(step{1, bad}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: claim(highest("time() - "+in.each(since, critical, ofTeam)) + orZero), legend: "oldest"}},
				},
				{
					title: "Error budget burn", width: 3, unit: burnUnit, empty: noBurn,
					about:  "How many times faster than allowed the error budget of the orders was used up in the last hour, in the worst lifecycle. At 1 it lasts exactly as long as it should.",
					visual: number(objective), links: []dashboard.DashboardLink{to("orders", "Order lifecycle"), out("Runbook", runbooks+"order_budget_burns.md")},
					queries: []query{{expr: known(highest(burn("1h"))), legend: "worst lifecycle"}},
				},
				{
					title: "Warnings", width: 3, unit: unitCount, empty: notScraped,
					about:  "Open findings that can wait for working hours.",
					visual: number(step{1, warn}), links: []dashboard.DashboardLink{statusPage},
					queries: []query{{expr: claim(openOf(in, "job", `severity="warning"`)), legend: "warnings"}},
				},
			}},
			{height: 6, panels: []panel{whatIsLost(in)}},
			{height: 6, panels: []panel{first, second}},
			{height: 4, panels: []panel{
				{
					title: "Affected, by failure mode", width: 8, unit: unitCount, empty: notScraped,
					about:  "How many orders or messages the open findings of each failure mode affect.",
					visual: lines(), marks: detect.Modes(),
					queries: []query{{
						expr: "sum by (job, mode) (max by (" + subject(affected, "severity", "finding") + ") (" + in.series(affected, ofTeam) + "))" +
							" or 0 * sum by (job, mode) (" + in.each(findings) + ")",
						legend: "{{mode}}",
					}},
					links: ofMode("${__field.labels.mode}"),
				},
				{
					title: "Error budget burn, over time", width: 8, unit: burnUnit, empty: noBurn,
					about:  "How many times faster than allowed the error budget is used up, over one hour and over six. An alert pages at 14.4 for an hour or 6 for six hours.",
					visual: lines(objective),
					queries: []query{
						{expr: burn("1h"), legend: "{{lifecycle}} 1h"},
						{expr: burn("6h"), legend: "{{lifecycle}} 6h"},
					},
					links: []dashboard.DashboardLink{to("orders", "Order lifecycle"), out("Runbook", runbooks+"order_budget_burns.md")},
				},
				whatIsWatched(in),
			}},
		},
	}
}

// openOf counts open findings of the chosen team by some labels; zero where there are none.
func openOf(in scope, by, matcher string) string {
	return "sum by (" + by + ") (" + in.open(matcher, ofTeam) + ")" +
		" or 0 * sum by (" + by + ") (" + in.each(findings, matcher) + ")"
}

// publishAndBroker are the modes of the first two stages of an order's way and of its
// consumers, in that order; the others are about the orders themselves.
var publishAndBroker = []signal.Mode{
	signal.EventMissing, signal.OutboxStalled, signal.MessageLost, signal.MessageExpiring, signal.MessageOverdue, signal.DLQMissing, signal.TransactionHanging,
	signal.ConsumerAbsent, signal.ConsumerStalled, signal.RetryLoop, signal.BacklogGrowing, signal.DLQFilling,
}

func exceptFor(modes []signal.Mode) []signal.Mode {
	return slices.DeleteFunc(slices.Clone(detect.Modes()), func(m signal.Mode) bool { return slices.Contains(modes, m) })
}

// blindTargets names the targets that cannot be read: what happens there is unknown.
func blindTargets(in scope) panel {
	up := in.each(collectorUp)
	return panel{
		title: "Targets that cannot be read", width: 5, unit: unitCount, empty: notScraped,
		about:  "Targets that lostorder cannot read now, six at most. What happens there is unknown: nothing is found there, and nothing that was found is resolved.",
		visual: names(exactly("0", "cannot be read", unknown), exactly("1", "all targets are read", good)),
		links:  []dashboard.DashboardLink{to("itself", "Status of lostorder itself")},
		queries: []query{{
			expr: "bottomk by (job) (6, " + up + " == 0) or " +
				`label_replace(min by (job) (` + up + `) == 1, "target", "all targets are read", "", "")`,
			legend: "{{collector}} {{target}}",
		}},
	}
}

// whatIsLost lists the open findings. Two replicas may give the same case two ids;
// the one that has known it longest wins. A target that cannot be read is a row, too:
// an empty table would claim that nothing is lost.
func whatIsLost(in scope) panel {
	page := `label_join(` + withURL(in.series(since, ofTeam)) + `, "page", "/findings/", "url", "finding")`
	open := "1000 * bottomk by (job, mode, subject) (1, max by (job, mode, severity, subject, team, page) (" + page + inWords + "))"
	up := in.each(collectorUp)
	unread := "1000 * " + in.each("lostorder_collector_last_success_timestamp_seconds") + " and " + up + " == 0 or " + up + " == 0"
	rows := "sort(" + open + ` or label_replace(label_replace(label_join(` + unread + `, "subject", " ", "collector", "target"), "severity", "unknown", "", ""), "mode", "cannot be read", "", ""))`
	never := []dashboard.ValueMapping{exactly("0", "never read", unknown)}
	return panel{
		title: "What is being lost, since when", width: columns, unit: unitCount, empty: "no open finding, and every target is read; or lostorder is not scraped: see above",
		about: "Each open finding, the oldest first: failure mode, subject, since when, and how many orders or messages. The team is the label of the config. The mode leads to its runbook, the last column to the evidence with the order ids.",
		visual: list(
			column{field: "severity", title: "Severity", width: 80, mappings: []dashboard.ValueMapping{
				exactly("critical", "critical", bad), exactly("warning", "warning", warn), exactly("info", "info", sky), exactly("unknown", "unknown", unknown),
			}},
			column{field: "mode", title: "Failure mode", width: 165, links: []dashboard.DashboardLink{out("Runbook", runbooks+"${__value.raw}.md")}},
			column{field: "subject", title: "Where"},
			column{field: "team", title: "Team", width: 110},
			column{field: "Value #A", title: "Since", width: 120, unit: "dateTimeFromNow", mappings: never},
			column{field: "Value #B", title: "At", width: 150, unit: "time:YYYY-MM-DD HH:mm", mappings: never},
			column{field: "Value #C", title: "Affected", width: 90, unit: unitCount},
			column{field: "job", title: "Job", width: 110},
			column{field: "page", title: "Evidence", width: 90, mappings: []dashboard.ValueMapping{always("evidence")}, links: []dashboard.DashboardLink{
				out("Evidence and order ids", "${__value.raw:raw}"),
			}},
		),
		queries: []query{
			{expr: rows, legend: "since"},
			{expr: rows, legend: "at"},
			{expr: "max by (job, mode, subject) (" + in.series(affected, ofTeam) + inWords + ")", legend: "affected"},
		},
	}
}

// ofMode are the links from a finding to what to do about it.
func ofMode(mode string) []dashboard.DashboardLink {
	return []dashboard.DashboardLink{
		out("Runbook", runbooks+mode+".md"),
		out("Status page", "${status_page:raw}/"),
	}
}

func modesOverTime(in scope, modes ...signal.Mode) panel {
	// One selector for each mode would be in order; a regular expression is shorter and
	// Grafana shows the rows by name.
	names := make([]string, len(modes))
	for i, m := range modes {
		names[i] = string(m)
	}
	pattern := strings.Join(names, "|")
	return panel{
		width: columns / 2, unit: unitCount, empty: notScraped,
		about:   "When each failure mode had an open finding. Unknown means that there is none while a target cannot be read, or that lostorder is not scraped.",
		visual:  states("none", "found"),
		queries: []query{{expr: claims(openOf(in, "job, mode", `mode=~"`+pattern+`"`), "mode"), legend: "{{mode}}"}},
		links:   ofMode("${__field.labels.mode}"),
	}
}

// whatIsWatched lists the targets, those that cannot be read first.
func whatIsWatched(in scope) panel {
	return panel{
		title: "Targets", width: 8, unit: unitCount, empty: notScraped,
		about: "Each target, whether it can be read now, and the age of the reading that all other panels show. A reading that cannot be refreshed is dropped after three intervals.",
		visual: list(
			column{field: "Value #A", title: "State", width: 90, mappings: []dashboard.ValueMapping{exactly("0", "unknown", unknown), from(1, "read", good)}},
			column{field: "collector", title: "Collector", width: 85},
			column{field: "target", title: "Target"},
			column{field: "Value #B", title: "Age", width: 80, unit: "s"},
		),
		queries: []query{
			{expr: "sort(" + in.each(collectorUp) + ")", legend: "up"},
			{expr: in.least("lostorder_collector_reading_age_seconds"), legend: "age"},
		},
		links: []dashboard.DashboardLink{to("itself", "Status of lostorder itself")},
	}
}
