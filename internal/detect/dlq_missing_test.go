package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// letters is a queue and what becomes of its failing messages.
func letters(system signal.System, name string, letter signal.DeadLettering, change ...func(q *signal.Queue)) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: system, Cluster: "main", Destination: name})
	q.Objective, q.Consumers, q.Ready = objective, 1, 0
	q.Setup = &signal.Setup{
		Type: "classic", MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: signal.Unknown, DeadLettering: letter,
	}
	if system == signal.SQS {
		q.Setup.Type, q.Setup.Retention = "standard", 96*time.Hour
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

var (
	nowhere = signal.DeadLettering{Route: signal.RouteNone}
	kept    = signal.DeadLettering{Route: signal.RouteSet, To: "orders-dlq"}
	unsaid  = signal.DeadLettering{}
)

// byName is a topic whose dead letter queue is known by its name only.
func byName(name string, unpaired *signal.Unpaired) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: name, Group: "billing"})
	q.Objective, q.Consumers, q.Ready, q.Unpaired = objective, 1, 0, unpaired
	return q
}

func broken(to string) signal.DeadLettering {
	return signal.DeadLettering{Route: signal.RouteBroken, To: to, Problem: "queue " + to + " does not exist"}
}

// leaking is a way to a dead letter queue on which messages are dropped.
var leaking = signal.DeadLettering{Route: signal.RouteSet, To: "dlx", Leak: "at most once"}

func unused(q *signal.Queue) { q.Consumers = 0 }

// deadLetteringCase is a story of what becomes of failing messages, and what is reported of it.
type deadLetteringCase struct {
	story func(s *script)
	found map[string]signal.Severity // by subject, still open at the end
	says  string                     // something that the evidence holds
}

// show plays readings of queues.
func show(s *script, d time.Duration, queues ...signal.Queue) {
	s.play(d, func(int) signal.Report { return signal.Report{Queues: slices.Clone(queues)} })
}

// many are queues that all have the same.
func many(n int, letter signal.DeadLettering, change ...func(q *signal.Queue)) (queues []signal.Queue) {
	for i := range n {
		queues = append(queues, letters(signal.RabbitMQ, fmt.Sprintf("q-%03d", i), letter, change...))
	}
	return queues
}

var deadLetteringCases = map[string]deadLetteringCase{
	"an SQS queue without a redrive policy": {
		story: func(s *script) { show(s, 10*time.Minute, letters(signal.SQS, "orders", nowhere)) },
		found: map[string]signal.Severity{"orders (aws_sqs main)": signal.Warning},
		says:  "problem: no redrive policy; failing_message: delivered again and again until it is 96h0m0s old, and then removed",
	},
	"one that nobody uses is for the record": {
		story: func(s *script) { show(s, 10*time.Minute, letters(signal.SQS, "orders", nowhere, unused)) },
		found: map[string]signal.Severity{"orders (aws_sqs main)": signal.Info},
	},
	"somebody removes the redrive policy": {
		story: func(s *script) {
			show(s, time.Hour, letters(signal.SQS, "orders", kept, unused))
			show(s, 10*time.Minute, letters(signal.SQS, "orders", nowhere, unused))
		},
		found: map[string]signal.Severity{"orders (aws_sqs main)": signal.Warning},
		says:  "problem: no redrive policy any more: there was one",
	},
	"a dead letter queue that is gone": {
		story: func(s *script) { show(s, 10*time.Minute, letters(signal.SQS, "orders", broken("orders-dlq"))) },
		found: map[string]signal.Severity{"orders (aws_sqs main)": signal.Warning},
		says:  "problem: queue orders-dlq does not exist; failing_message: delivered again and again until it is 96h0m0s old, and then removed; dead_letters_to: orders-dlq",
	},
	"a classic queue of RabbitMQ: it is up to its consumers": {
		story: func(s *script) { show(s, 10*time.Minute, letters(signal.RabbitMQ, "orders", nowhere)) },
		found: map[string]signal.Severity{"orders (rabbitmq main)": signal.Info},
		says:  "problem: no dead letter exchange, by argument or policy; failing_message: dropped when a consumer rejects it",
	},
	"a quorum queue with a delivery limit": {
		story: func(s *script) {
			show(s, 10*time.Minute, letters(signal.RabbitMQ, "orders", nowhere, func(q *signal.Queue) { q.Setup.MaxDeliveries = 20 }))
		},
		found: map[string]signal.Severity{"orders (rabbitmq main)": signal.Warning},
		says:  "failing_message: dropped after 20 deliveries",
	},
	"a queue that drops its head and what is old": {
		story: func(s *script) {
			show(s, 10*time.Minute, letters(signal.RabbitMQ, "orders", nowhere, func(q *signal.Queue) {
				q.Setup.DropsHead, q.Setup.Retention = true, time.Hour
			}))
		},
		found: map[string]signal.Severity{"orders (rabbitmq main)": signal.Warning},
		says:  "failing_message: dropped when it is 1h0m0s old; dropped when the queue is full",
	},
	"dead letters that are dropped on their way": {
		story: func(s *script) { show(s, 10*time.Minute, letters(signal.RabbitMQ, "orders", leaking)) },
		found: map[string]signal.Severity{"orders (rabbitmq main)": signal.Warning},
		says:  "problem: at most once",
	},
	"dead letters of two hundred queues that are dropped on their way": {
		story: func(s *script) { show(s, 10*time.Minute, many(200, leaking)...) },
		found: map[string]signal.Severity{"rabbitmq main": signal.Warning},
		says:  "queues: 200",
	},
	"what is not known for a while does not heal it": {
		story: func(s *script) {
			show(s, 10*time.Minute, letters(signal.SQS, "orders", nowhere))
			show(s, 10*time.Minute, letters(signal.SQS, "orders", unsaid))
		},
		found: map[string]signal.Severity{"orders (aws_sqs main)": signal.Warning},
	},
	"five hundred queues without any are one finding": {
		story: func(s *script) {
			show(s, 10*time.Minute, append(many(499, nowhere, unused), letters(signal.RabbitMQ, "z", nowhere, func(q *signal.Queue) { q.Setup.MaxDeliveries = 20 }))...)
		},
		found: map[string]signal.Severity{"rabbitmq main": signal.Warning},
		says:  "queues: 500; queues_in_use: 1; among_them: z, q-000, q-001, q-002, q-003; problem",
	},
	"among five hundred without any, one lost its own": {
		story: func(s *script) {
			show(s, 20*time.Minute, append(many(500, nowhere), letters(signal.RabbitMQ, "orders", kept))...)
			show(s, 20*time.Minute, append(many(500, nowhere), letters(signal.RabbitMQ, "orders", nowhere))...)
		},
		found: map[string]signal.Severity{"rabbitmq main": signal.Info, "orders (rabbitmq main)": signal.Warning},
	},
	"an exchange is deleted to which two hundred queues give their dead letters": {
		story: func(s *script) { show(s, 10*time.Minute, many(200, broken("dlx"))...) },
		found: map[string]signal.Severity{"dlx (rabbitmq main)": signal.Warning},
		says:  "queues: 200; queues_in_use: 200",
	},
	"a policy is removed from all queues at once": {
		story: func(s *script) {
			show(s, 20*time.Minute, many(200, kept)...)
			show(s, 20*time.Minute, many(200, nowhere)...)
		},
		found: map[string]signal.Severity{"rabbitmq main": signal.Warning},
	},
	"many queues that are read a part at a time stay one finding": {
		story: func(s *script) {
			queues := many(40, nowhere)
			s.partial = true
			s.play(20*time.Minute, func(i int) signal.Report { return signal.Report{Queues: queues[i%4*10 : i%4*10+10]} })
		},
		found: map[string]signal.Severity{"rabbitmq main": signal.Info},
		says:  "queues: 40;",
	},
	"a topic with retries and no dead letter queue by name": {
		story: func(s *script) { show(s, 10*time.Minute, byName("orders", &signal.Unpaired{Retries: "orders-retry"})) },
		found: map[string]signal.Severity{"orders → billing (kafka main)": signal.Info},
		says:  "problem: no queue has the name of a dead letter queue for it; retried_through: orders-retry; failing_message: what the consumers do with it",
	},
	"a topic without a dead letter queue whose siblings have one": {
		story: func(s *script) {
			show(s, 20*time.Minute, byName("orders", nil))
			s.restart()
			show(s, 10*time.Minute, byName("orders", &signal.Unpaired{Siblings: 3}))
			s.restart()
			show(s, 10*time.Minute, byName("orders", &signal.Unpaired{Siblings: 3}))
		},
		found: map[string]signal.Severity{"orders → billing (kafka main)": signal.Info},
		says:  "other_queues_with_one: 3",
	},
	"ten topics with retries and no dead letter queue by name are one finding": {
		story: func(s *script) {
			var topics []signal.Queue
			for i := range 10 {
				topics = append(topics, byName(fmt.Sprintf("orders-%d", i), &signal.Unpaired{Retries: fmt.Sprintf("orders-%d-retry", i)}))
			}
			show(s, 10*time.Minute, topics...)
		},
		found: map[string]signal.Severity{"kafka main": signal.Info},
		says:  "queues: 10; queues_in_use: 10; among_them: orders-0,",
	},
	"benign: a topic whose names suggest nothing": {
		story: func(s *script) { show(s, time.Hour, byName("orders", nil)) },
	},
	"benign: a topic that gets a dead letter queue": {
		story: func(s *script) {
			show(s, 20*time.Minute, byName("orders", &signal.Unpaired{Retries: "orders-retry"}))
			show(s, time.Minute, byName("orders", nil))
		},
	},
	"benign: a topic that needs none, by config": {
		story: func(s *script) {
			q := byName("orders", &signal.Unpaired{Retries: "orders-retry"})
			q.Objective.NoDLQ = true
			show(s, time.Hour, q)
		},
	},
	"benign: a queue to which somebody gives its dead letter queue a little later": {
		story: func(s *script) {
			show(s, 4*time.Minute, letters(signal.SQS, "orders", nowhere))
			show(s, time.Hour, letters(signal.SQS, "orders", kept))
		},
	},
	"benign: a way on which messages were dropped is mended": {
		story: func(s *script) {
			show(s, time.Minute, letters(signal.RabbitMQ, "orders", leaking))
			show(s, 10*time.Minute, letters(signal.RabbitMQ, "orders", kept))
		},
	},
	"benign: a redrive policy is replaced by another": {
		story: func(s *script) {
			for range 5 {
				show(s, 20*time.Minute, letters(signal.SQS, "orders", kept))
				show(s, 2*time.Minute, letters(signal.SQS, "orders", nowhere))
			}
			show(s, 20*time.Minute, letters(signal.SQS, "orders", kept))
		},
	},
	"benign: a queue that needs none, by config": {
		story: func(s *script) {
			show(s, time.Hour, letters(signal.SQS, "ticks", nowhere, func(q *signal.Queue) { q.Objective.NoDLQ = true }))
		},
	},
	"benign: a reply queue, a stream, and what is not known": {
		story: func(s *script) {
			show(s, time.Hour,
				letters(signal.RabbitMQ, "replies", nowhere, func(q *signal.Queue) { q.Setup.Temporary = true }),
				letters(signal.RabbitMQ, "log", nowhere, func(q *signal.Queue) { q.Setup.Type = "stream" }),
				letters(signal.RabbitMQ, "secret", unsaid),
				letters(signal.RabbitMQ, "undefined", nowhere, func(q *signal.Queue) { q.Setup = nil }))
		},
	},
	"benign: a dead letter queue, also when nothing leads to it any more": {
		story: func(s *script) {
			graves := []signal.Queue{letters(signal.SQS, "graveyard", nowhere), letters(signal.SQS, "Orders_DeadLetterQueue", nowhere), letters(signal.SQS, "orders-dlq.fifo", nowhere)}
			s.play(20*time.Minute, func(int) signal.Report {
				return signal.Report{
					Queues:      append(slices.Clone(graves), letters(signal.SQS, "orders", kept)),
					DeadLetters: []signal.DeadLetterQueue{{System: signal.SQS, Cluster: "main", Destination: "graveyard"}},
				}
			})
			show(s, 20*time.Minute, graves...)
		},
	},
	"benign: the queue is deleted": {
		story: func(s *script) {
			show(s, 10*time.Minute, letters(signal.SQS, "orders", nowhere), letters(signal.SQS, "payments", kept))
			show(s, time.Minute, letters(signal.SQS, "payments", kept))
		},
	},
	"benign: lostorder is restarted again and again beside a queue that is being set up": {
		story: func(s *script) {
			for range 10 {
				show(s, 3*time.Minute, letters(signal.SQS, "orders", nowhere))
				s.restart()
			}
		},
	},
}

func TestWhatBecomesOfFailingMessages(t *testing.T) {
	for name, tc := range deadLetteringCases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.story(s)
			got := map[string]signal.Severity{}
			var said []string
			for _, f := range s.detector.Open() {
				if f.Mode != signal.DLQMissing || f.Since.IsZero() || f.DecidableAt.Before(f.Since) {
					t.Errorf("found %s since %v, decidable at %v", f.Mode, f.Since, f.DecidableAt)
				}
				got[f.Subject.String()] = f.Severity
				for _, e := range f.Evidence {
					said = append(said, e.Name+": "+e.Value.String())
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.found) {
				t.Errorf("found %v, want %v", got, tc.found)
			}
			if evidence := strings.Join(said, "; "); !strings.Contains(evidence, tc.says) {
				t.Errorf("the evidence is %s\nwant %s", evidence, tc.says)
			}
			if benign := strings.HasPrefix(name, "benign"); benign && strings.Contains(name, "restarted") && len(s.opened) > 0 {
				t.Errorf("it was reported %d times meanwhile", len(s.opened))
			}
		})
	}
}

// letterCases are the benign ones among them, as other modes tell theirs.
var letterCases = func() map[string]scenario {
	all := map[string]scenario{}
	for name, tc := range deadLetteringCases {
		if tc.found == nil {
			all[name] = scenario{story: tc.story}
		}
	}
	return all
}()
