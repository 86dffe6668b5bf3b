package telemetry_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

const (
	billing = `messaging_system="kafka",cluster="main",messaging_destination_name="orders",messaging_consumer_group_name="billing"`
	jobs    = `messaging_system="rabbitmq",cluster="shop",messaging_destination_name="jobs"`
)

func TestSeries(t *testing.T) {
	s := full()
	e := exporter(&s)
	e.ReloadSucceeded()
	got := lines(scrape(t, e, "text"))
	for sentence, want := range map[string][]string{
		"a queue has its messages by state, the known ones only": {
			`lostorder_queue_messages{` + billing + `,messaging_message_state="ready"} 12`,
			`lostorder_queue_messages{` + billing + `,messaging_message_state="uncommitted"} 3`,
			`lostorder_queue_messages{` + jobs + `,messaging_message_state="in_flight"} 1`,
			`lostorder_queue_messages{` + jobs + `,messaging_message_state="delayed"} 2`,
		},
		"a partition has its lag, and what was never committed to": {
			`lostorder_queue_partition_messages{cluster="main",destination="orders",group="billing",partition="0",state="ready"} 12`,
			`lostorder_queue_partition_messages{cluster="main",destination="orders",group="billing",partition="1",state="uncommitted"} 3`,
		},
		"unknown has no series": {`lostorder_queue_consumers{` + billing + `} 2`},
		"an age is that at the reading, beside its objective": {
			`lostorder_queue_oldest_message_age_seconds{` + billing + `} 90`,
			`lostorder_queue_max_age_objective_seconds{` + billing + `} 60`,
			`lostorder_outbox_oldest_pending_age_seconds{database="shop",outbox="orders"} 70`,
			`lostorder_outbox_max_age_objective_seconds{database="shop",outbox="orders"} 60`,
			`lostorder_order_oldest_dwell_seconds{database="shop",lifecycle="order",state="placed"} 600`,
			`lostorder_order_max_dwell_seconds{database="shop",lifecycle="order",state="placed"} 300`,
		},
		"lost messages have a reason": {`lostorder_queue_lost_messages_total{` + billing + `,reason="retention"} 17`},
		"a dead letter queue of several sources is there once": {
			`lostorder_dlq_messages{messaging_system="kafka",cluster="main",messaging_destination_name="orders.dlq",source="orders"} 4`,
			`lostorder_dlq_messages{messaging_system="kafka",cluster="main",messaging_destination_name="all.dlq",source="several"} 5`,
			`lostorder_dlq_messages{messaging_system="kafka",cluster="main",messaging_destination_name="old.dlq"} 0`,
		},
		"each of its sources is named": {
			`lostorder_dlq_source_info{messaging_system="kafka",cluster="main",messaging_destination_name="orders.dlq",source="orders"} 1`,
			`lostorder_dlq_source_info{messaging_system="kafka",cluster="main",messaging_destination_name="all.dlq",source="payments"} 1`,
			`lostorder_dlq_source_info{messaging_system="kafka",cluster="main",messaging_destination_name="all.dlq",source="refunds"} 1`,
		},
		"a node has its alarms, raised or not, and what it dropped": {
			`lostorder_broker_alarm{messaging_system="rabbitmq",cluster="shop",node="rabbit@a",resource="memory"} 1`,
			`lostorder_broker_alarm{messaging_system="rabbitmq",cluster="shop",node="rabbit@b",resource="disk"} 0`,
			`lostorder_broker_lost_messages_total{messaging_system="rabbitmq",cluster="shop",node="rabbit@a",reason="expired"} 7`,
		},
		"utilisation is there where it is known": {`lostorder_queue_consumer_utilisation_ratio{` + jobs + `} 0.25`},
		"every built mode exists at zero": {
			`lostorder_findings{mode="order_overdue",severity="critical"} 0`,
			`lostorder_findings_total{mode="order_overdue"} 0`,
			`lostorder_findings{mode="outbox_stalled",severity="critical"} 1`,
			`lostorder_findings{mode="message_lost",severity="warning"} 0`,
			`lostorder_findings_total{mode="outbox_stalled"} 3`,
			`lostorder_findings_total{mode="dlq_filling"} 0`,
			`lostorder_detection_delay_seconds_count{mode="dlq_filling"} 0`,
		},
		"a target that was never read is down and has no more": {
			`lostorder_collector_up{collector="rabbitmq",target="shop"} 0`,
			`lostorder_collector_up{collector="kafka",target="main"} 1`,
		},
		"the age of a reading is that at the scrape": {`lostorder_collector_reading_age_seconds{collector="orders",target="shop"} 10`},
		"a finding from before a restart is marked until it is confirmed": {
			`lostorder_finding_unconfirmed{mode="outbox_stalled",severity="critical",finding="f-1"} 1`,
		},
		"a symptom names its cause": {
			`lostorder_finding_cause_info{mode="outbox_stalled",finding="f-1",caused_by="f-0"} 1`,
		},
		"the memory is up, and says what it dropped": {
			`lostorder_state_up 1`,
			`lostorder_state_write_failures_total 2`,
			`lostorder_state_size_bytes 4096`,
			`lostorder_state_dropped_total{reason="clock"} 1`,
			`lostorder_state_dropped_total{reason="corrupt"} 0`,
		},
		"a reload is noted": {`lostorder_config_last_reload_successful 1`},
	} {
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s: no %s in\n%s", sentence, line, strings.Join(got, "\n"))
			}
		}
		for _, name := range []string{"lostorder_queue_messages", "lostorder_queue_partition_messages", "lostorder_queue_consumers", "lostorder_dlq_messages", "lostorder_dlq_source_info", "lostorder_queue_consumer_utilisation_ratio", "lostorder_collector_reading_age_seconds"} {
			if strings.HasPrefix(want[0], name+"{") && name != "lostorder_collector_reading_age_seconds" {
				if n := count(got, name+"{"); n != len(want) {
					t.Errorf("%s: %d series of %s", sentence, n, name)
				}
			}
		}
	}
	e.ReloadFailed()
	if got := lines(scrape(t, e, "text")); !slices.Contains(got, `lostorder_config_last_reload_successful 0`) {
		t.Error("a failed reload is not noted")
	}
}

func count(lines []string, prefix string) (n int) {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func TestSubjectThatIsGoneHasNoSeries(t *testing.T) {
	s := full()
	e := exporter(&s)
	if count(lines(scrape(t, e, "text")), `lostorder_queue_messages{messaging_system="rabbitmq"`) == 0 {
		t.Fatal("the queue was never there")
	}

	next := full()
	next.Version = 2
	next.Targets[0].Reading.Queues = next.Targets[0].Reading.Queues[:1]
	s = next
	if n := count(lines(scrape(t, e, "text")), `lostorder_queue_messages{messaging_system="rabbitmq"`); n != 0 {
		t.Errorf("%d series of a queue that is gone", n)
	}

	last := full()
	last.Version = 3
	last.Targets[0].Reading, last.Targets[0].Up = nil, false
	s = last
	got := lines(scrape(t, e, "text"))
	if n := count(got, "lostorder_queue_") - count(got, "lostorder_queue_lost"); n != 0 {
		t.Errorf("%d series of a target without a reading", n)
	}
	if !slices.Contains(got, `lostorder_collector_up{collector="kafka",target="main"} 0`) {
		t.Error("the target without a reading is not down")
	}
}

// queues returns what a scrape says of queues, as it stands there.
func queues(t *testing.T, e *telemetry.Exporter, format string) string {
	t.Helper()
	text := plain(t, get(t, e.Handler(), http.MethodGet, accepts[format], "gzip"))
	before, _, _ := bytes.Cut(text, []byte("lostorder_queue_partition_messages"))
	return string(before)
}

func TestVersionIsEncodedOnce(t *testing.T) {
	for format := range accepts {
		s := full()
		e := exporter(&s)
		first := queues(t, e, format)
		other := full() // of the same version, which the watcher never does
		other.Targets[0].Reading.Queues[0].Ready = 99
		s = other
		if got := queues(t, e, format); got != first || first == "" {
			t.Errorf("%s was encoded again for the same version", format)
		}
		other.Version = 2
		if got := queues(t, e, format); got == first {
			t.Errorf("%s was not encoded again for the next version", format)
		}
	}
}

func TestSameSubjectOfTwoTargetsIsThereOnce(t *testing.T) {
	s := full()
	again := *s.Targets[0].Reading
	again.Queues = slices.Clone(again.Queues)
	again.Queues[0].Ready = 77
	s.Targets = append(s.Targets, watch.Target{ID: signal.TargetID{Collector: "kafka", Target: "main-too"}, Up: true, Reading: &again})
	s.Counters.Lost = append(s.Counters.Lost, detect.Loss{QueueID: again.Queues[0].QueueID, Reason: detect.Retention, Messages: 18})
	got := lines(scrape(t, exporter(&s), "text"))
	series := map[string]bool{}
	for _, line := range got {
		name := line[:strings.LastIndexByte(line, ' ')]
		if series[name] {
			t.Errorf("%s is there twice", name)
		}
		series[name] = true
	}
	for _, want := range []string{
		`lostorder_queue_messages{` + billing + `,messaging_message_state="ready"} 77`,
		`lostorder_duplicate_subjects 8`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestPartitionsKeepFullLabelsOnRequest(t *testing.T) {
	s := full()
	s.Targets[0].Reading.Queues[0].FullPartitionLabels = true
	got := lines(scrape(t, exporter(&s), "text"))
	for _, want := range []string{
		`lostorder_queue_partition_messages{` + billing + `,messaging_destination_partition_id="0",messaging_message_state="ready"} 12`,
		`lostorder_queue_partition_messages{` + billing + `,messaging_destination_partition_id="1",messaging_message_state="uncommitted"} 3`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestStrangeReadingsDoNotFailTheScrape(t *testing.T) {
	s := full()
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "ma\xffin", Destination: "or\nde\"rs\\", Group: "<script>"})
	q.Ready, q.PerPartition, q.FullPartitionLabels = 1, true, true
	q.Partitions = []signal.Partition{{ID: 3, End: 1}, {ID: 1, End: 2}, {ID: 3, End: 9}}
	s.Targets[0].Reading.Queues = append(s.Targets[0].Reading.Queues, q)
	s.Open = append(s.Open, signal.Finding{ID: strings.Repeat("x", 300), TraceID: "\xff", Mode: "strange\xff", Severity: signal.Info, DetectedAt: noon, DecidableAt: noon.Add(time.Hour)})
	s.Counters.Findings["strange\xff"] = 1
	e := exporter(&s)
	e.Opened(s.Open[1])
	for format := range accepts {
		got := lines(scrape(t, e, format))
		for _, want := range []string{
			"messaging_consumer_group_name=\"<script>\",messaging_message_state=\"ready\"} 1",
			"messaging_destination_partition_id=\"3\",messaging_message_state=\"ready\"} 9",
			"lostorder_findings_total{mode=\"strange\uFFFD\"} 1",
		} {
			if !slices.ContainsFunc(got, func(line string) bool { return strings.HasSuffix(line, want) }) {
				t.Errorf("%s: no %s in\n%s", format, want, strings.Join(got, "\n"))
			}
		}
	}
}

func TestNothingIsKnownYet(t *testing.T) {
	var s *watch.Snapshot
	for format := range accepts {
		families := scrape(t, exporter(&s), format)
		if families["go_goroutines"] == nil || len(families["lostorder_findings"].GetMetric()) != 3*len(detect.Modes()) {
			t.Errorf("%s: %d families", format, len(families))
		}
	}
}
