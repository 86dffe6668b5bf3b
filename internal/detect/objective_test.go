package detect_test

import (
	"maps"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// owned gives the target and the objective of its queues labels.
func owned(r signal.Report, target, queue signal.Labels) signal.Report {
	r.Labels = target
	for i := range r.Queues {
		r.Queues[i].Objective.Labels = queue
	}
	return r
}

func TestFindingsHaveTheLabelsOfTheirTargetAndOfTheirQueue(t *testing.T) {
	shop := signal.Labels{"team": "platform", "tier": "1"}
	payments := signal.Labels{"team": "payments"}
	dead := func(own signal.Labels, sources ...signal.Queue) func(int) signal.Report {
		return func(int) signal.Report {
			r := deadLetters(2, 42)
			r.Labels, r.Queues = shop, sources
			r.DeadLetters[0].Objective.Labels = own
			return r
		}
	}
	source := func(group string, labels signal.Labels) signal.Queue {
		q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: group})
		q.Objective, q.Ready = objective, 0
		q.Objective.Labels = labels
		return q
	}
	for sentence, c := range map[string]struct {
		reading func(i int) signal.Report
		want    signal.Labels
	}{
		"a queue without labels has those of its target": {func(int) signal.Report { return owned(group(0, part(0, 5, 9)), shop, nil) }, shop},
		"the labels of an objective win":                 {func(int) signal.Report { return owned(group(0, part(0, 5, 9)), shop, payments) }, signal.Labels{"team": "payments", "tier": "1"}},
		"dead letters belong to the owner of their source": {
			dead(nil, source("billing", payments)), signal.Labels{"team": "payments", "tier": "1"},
		},
		"dead letters of two owners belong to neither": {
			dead(nil, source("billing", payments), source("stock", signal.Labels{"team": "stock"})), shop,
		},
		"an objective that selects the dead letter queue wins": {
			dead(signal.Labels{"team": "support"}, source("billing", payments)), signal.Labels{"team": "support", "tier": "1"},
		},
		"a check has those of its target": {func(int) signal.Report {
			return signal.Report{Labels: shop, Reconciliations: []signal.Reconciliation{{
				Name: "payments", Mismatches: []signal.Mismatches{{Kind: signal.MissingRight, Count: 1, Sample: []signal.OrderRef{{ID: "A-1"}}}},
			}}}
		}, shop},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newScript(t)
			s.play(10*time.Minute, c.reading)
			if len(s.opened) == 0 {
				t.Fatal("nothing is found")
			}
			for _, f := range s.detector.Open() {
				if !maps.Equal(f.Labels, c.want) {
					t.Errorf("%s has the labels %v, want %v", f.Mode, f.Labels, c.want)
				}
			}
		})
	}
}

func TestMessagesLostWithADeletedQueueKeepTheLabelsOfTheirQueue(t *testing.T) {
	payments := signal.Labels{"team": "payments"}
	other := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "other", Group: "x"})
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report {
		r := owned(group(0, part(0, 5, 9)), nil, payments)
		r.Queues = append(r.Queues, other)
		return r
	})
	s.play(time.Minute, func(int) signal.Report { return signal.Report{Queues: []signal.Queue{other}} })
	for _, f := range s.detector.Open() {
		if f.Mode == signal.MessageLost {
			if !maps.Equal(f.Labels, payments) {
				t.Errorf("its labels are %v", f.Labels)
			}
			return
		}
	}
	t.Fatal("the loss is not found")
}

func TestTheConfigSetsTheSeverityOfASubject(t *testing.T) {
	queue := func(severity signal.Severity) func(int) signal.Report {
		return func(int) signal.Report {
			r := group(0, part(0, 5, 9))
			r.Queues[0].Objective.Severity = severity
			return r
		}
	}
	for sentence, c := range map[string]struct {
		reading func(int) signal.Report
		mode    signal.Mode
		want    signal.Severity
	}{
		"a queue without a severity is decided as ever": {queue(""), signal.ConsumerAbsent, signal.Warning},
		"an objective raises it":                        {queue(signal.Critical), signal.ConsumerAbsent, signal.Critical},
		"an objective lowers it":                        {queue(signal.Info), signal.ConsumerAbsent, signal.Info},
		"a dead letter queue has that of its sources": {func(int) signal.Report {
			r := deadLetters(2, 42)
			q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
			q.Ready, q.Objective = 0, objective
			q.Objective.Severity = signal.Info
			r.Queues = []signal.Queue{q}
			return r
		}, signal.DLQFilling, signal.Info},
		"a state": {func(int) signal.Report {
			return signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", States: []signal.State{{Name: "placed", Max: time.Minute, Orders: 1, Overdue: 1, Severity: signal.Warning}}}}}
		}, signal.OrderOverdue, signal.Warning},
		"a check": {func(int) signal.Report {
			return signal.Report{Reconciliations: []signal.Reconciliation{{
				Name: "payments", Severity: signal.Warning, Mismatches: []signal.Mismatches{{Kind: signal.MissingRight, Count: 1, Sample: []signal.OrderRef{{ID: "A-1"}}}},
			}}}
		}, signal.OrderUnmatched, signal.Warning},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newScript(t)
			s.play(10*time.Minute, c.reading)
			for _, f := range s.detector.Open() {
				if f.Mode == c.mode {
					if f.Severity != c.want {
						t.Errorf("it is %s, want %s", f.Severity, c.want)
					}
					return
				}
			}
			t.Fatalf("%s is not found", c.mode)
		})
	}
}

func TestAFindingForTheRecordStaysOne(t *testing.T) {
	s := newScript(t)
	show(s, time.Hour, letters(signal.RabbitMQ, "orders", nowhere, unused, func(q *signal.Queue) { q.Objective.Severity = signal.Critical }))
	open := s.detector.Open()
	if len(open) != 1 || open[0].Mode != signal.DLQMissing || open[0].Severity != signal.Info {
		t.Errorf("the findings are %+v, want dlq_missing at info", open)
	}
}
