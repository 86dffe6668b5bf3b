package sqs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// noMetrics are the lines of a config that leaves CloudWatch alone.
var noMetrics = []string{fast, noCloudWatch, "config_interval: 100ms", "interval: 100ms"}

func TestItSaysWhatIsInAQueue(t *testing.T) {
	s := open(t)
	url := s.queue("orders", "MessageRetentionPeriod", "3600")
	send(t, s.client, url, 3)
	receive(t, s.client, url, 1, 60)
	if _, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 60}); err != nil {
		t.Fatal(err)
	}
	r := whole(t, watch(t, settings(t, s.URL(), noMetrics...)))
	q := queueIn(t, r, "orders")
	if q.Ready != 2 || q.InFlight != 1 || q.Delayed != 1 {
		t.Errorf("ready %d, in flight %d, delayed %d; want 2, 1, 1", q.Ready, q.InFlight, q.Delayed)
	}
	if q.System != signal.SQS || q.Cluster != "main" || q.Group != "" {
		t.Errorf("it is called %+v", q.QueueID)
	}
	if q.Consumers != 1 {
		t.Errorf("consumers %d; a message is in flight, so somebody reads", q.Consumers)
	}
	if q.Setup == nil || q.Setup.Type != "standard" || q.Setup.Retention != time.Hour || q.Setup.MaxDeliveries != signal.Unknown || q.Setup.MaxMessages != signal.Unknown {
		t.Errorf("setup %+v", q.Setup)
	}
	if q.Objective.MaxAge != 15*time.Minute || q.Objective.AbsentAfter != 15*time.Minute {
		t.Errorf("objective %+v", q.Objective)
	}
}

func TestWaitOfADelayedMessageBeginsWhenItIsDue(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		client := v.client()
		url := create(t, client, "orders", "DelaySeconds", "600")
		send(t, client, url, 1)
		reader := v.watch("cloudwatch: {interval: 1m, delay: 1m}")
		v.minutes(reader, 21, func(minute int, r signal.Report, _ time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			q := queueIn(t, r, "orders")
			if minute != 20 {
				return
			}
			waits, sent := q.Oldest.At(signal.InstantOf(time.Now())), q.Partitions[0].Head.At(signal.InstantOf(time.Now()))
			if q.Delay != 10*time.Minute || waits < 7*time.Minute || waits > 11*time.Minute || sent-waits != q.Delay {
				t.Errorf("delay %s, waits for %s, sent %s ago", q.Delay, waits, sent)
			}
		})
	})
}

func TestWithoutCloudWatchAgesAreEstimatesAndProgressIsUnknown(t *testing.T) {
	s := open(t)
	url := s.queue("orders")
	send(t, s.client, url, 1)
	reader := watch(t, settings(t, s.URL(), noMetrics...))
	first := queueIn(t, whole(t, reader), "orders")
	second := queueIn(t, whole(t, reader), "orders")
	if second.Oldest.Bound != signal.Estimated || second.Oldest.Since != first.Oldest.Since {
		t.Errorf("oldest %+v, then %+v; want an estimate that begins with the first reading", first.Oldest, second.Oldest)
	}
	if len(second.Partitions) != 0 || second.Consumers != signal.Unknown || second.Published != signal.Unknown ||
		second.Acknowledged != signal.Unknown || second.Received != signal.Unknown {
		t.Errorf("something was invented: %+v", second)
	}
	remove(t, s.client, url, receive(t, s.client, url, 1, 60))
	if empty := queueIn(t, whole(t, reader), "orders"); empty.Oldest.Known() || empty.Ready != 0 {
		t.Errorf("an empty queue has the oldest message %+v", empty.Oldest)
	}
	if n := s.Requests()["GetMetricData"]; n != 0 {
		t.Errorf("CloudWatch was asked %d times though it is off", n)
	}
}

func TestWhatBecomesOfMessagesThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		source     string
		policy     string
		dead       string
		allows     string
		want       signal.DeadLetteringRoute
		problem    string
		deliveries signal.Count
	}{
		"no redrive policy": {
			source: "orders", want: signal.RouteNone, deliveries: signal.Unknown,
		},
		"a dead letter queue": {
			source: "orders", policy: redrive("dead", 3), dead: "dead", want: signal.RouteSet, deliveries: 3,
		},
		"a number that is written as a string": {
			source: "orders", policy: `{"deadLetterTargetArn":"` + arn("dead") + `","maxReceiveCount":"5"}`, dead: "dead",
			want: signal.RouteSet, deliveries: 5,
		},
		"a dead letter queue that was deleted": {
			source: "orders", policy: redrive("dead", 3), want: signal.RouteBroken, problem: "queue dead does not exist", deliveries: 3,
		},
		"one that refuses everybody": {
			source: "orders", policy: redrive("dead", 3), dead: "dead", allows: `{"redrivePermission":"denyAll"}`,
			want: signal.RouteBroken, problem: "the redrive-allow policy of dead refuses all queues", deliveries: 3,
		},
		"one that names others": {
			source: "orders", policy: redrive("dead", 3), dead: "dead",
			allows: `{"redrivePermission":"byQueue","sourceQueueArns":["` + arn("payments") + `"]}`,
			want:   signal.RouteBroken, problem: "the redrive-allow policy of dead does not name this queue", deliveries: 3,
		},
		"one that names it": {
			source: "orders", policy: redrive("dead", 3), dead: "dead",
			allows: `{"redrivePermission":"byQueue","sourceQueueArns":["` + arn("orders") + `"]}`, want: signal.RouteSet, deliveries: 3,
		},
		"one that takes everybody": {
			source: "orders", policy: redrive("dead", 3), dead: "dead", allows: `{"redrivePermission":"allowAll"}`,
			want: signal.RouteSet, deliveries: 3,
		},
		"a standard queue for a FIFO queue": {
			source: "orders.fifo", policy: redrive("dead", 3), dead: "dead", want: signal.RouteBroken,
			problem: "a FIFO queue and a standard queue cannot be each other's dead letter queue", deliveries: 3,
		},
		"one of another region, in spite of one of its name here": {
			source: "orders", policy: `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":3}`, dead: "dead",
			want:    signal.RouteBroken,
			problem: "a dead letter queue must be in the region and account of its queue, and this one is arn:aws:sqs:eu-west-1:000000000000:dead", deliveries: 3,
		},
		"one of another account": {
			source: "orders", policy: `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:111111111111:dead","maxReceiveCount":3}`, want: signal.RouteBroken,
			problem: "a dead letter queue must be in the region and account of its queue, and this one is arn:aws:sqs:eu-central-1:111111111111:dead", deliveries: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if test.policy == "" {
				s.queue(test.source)
			} else {
				s.queue(test.source, "RedrivePolicy", test.policy)
			}
			if test.dead != "" && test.allows == "" {
				s.queue(test.dead)
			} else if test.dead != "" {
				s.queue(test.dead, "RedriveAllowPolicy", test.allows)
			}
			r := whole(t, watch(t, settings(t, s.URL(), noMetrics...)))
			got := queueIn(t, r, test.source).Setup
			if got.DeadLettering.Route != test.want || got.DeadLettering.Problem != test.problem || got.MaxDeliveries != test.deliveries {
				t.Errorf("got %+v after %d deliveries, want route %d %q after %d", got.DeadLettering, got.MaxDeliveries, test.want, test.problem, test.deliveries)
			}
			if test.policy != "" && got.DeadLettering.To != "dead" {
				t.Errorf("it goes to %q", got.DeadLettering.To)
			}
			if paired := len(r.DeadLetters) > 0; paired != (test.dead != "" && !strings.Contains(test.problem, "region and account")) {
				t.Errorf("dead letter queues %+v", r.DeadLetters)
			}
		})
	}
}

func TestDeadLetterQueuesArePairedBothWays(t *testing.T) {
	s := open(t)
	s.queue("shop-orders", "RedrivePolicy", redrive("graveyard", 3), "MessageRetentionPeriod", "600")
	s.queue("shop-payments", "RedrivePolicy", redrive("graveyard", 3), "MessageRetentionPeriod", "900")
	s.queue("other", "RedrivePolicy", redrive("shop-dead", 3))
	s.queue("graveyard", "MessageRetentionPeriod", "800")
	s.queue("shop-dead")
	reader := watch(t, settings(t, s.URL(), append(noMetrics, "queues: {prefix: shop-}")...))
	r := whole(t, reader)

	d := deadIn(t, r, "graveyard") // not chosen by name, but it is where the chosen ones' failures go
	if want := []string{"other", "shop-orders", "shop-payments"}; !slices.Equal(d.Sources, want[1:]) {
		t.Errorf("sources %v, want %v", d.Sources, want[1:])
	}
	if d.Retention != 800*time.Second || d.SourceRetention != 900*time.Second || !d.KeepsAge {
		t.Errorf("it keeps messages %s, its sources %s; want 13m20s and 15m", d.Retention, d.SourceRetention)
	}
	if d := deadIn(t, r, "shop-dead"); !slices.Equal(d.Sources, []string{"other"}) || d.SourceRetention != 0 {
		t.Errorf("of a source that is not watched it says %v, %s", d.Sources, d.SourceRetention)
	}
	if len(r.Queues) != 3 {
		t.Errorf("%d queues, want those with the prefix", len(r.Queues))
	}
}

func TestOnFIFOQueuesTheClockOfADeadLetterBeginsAnew(t *testing.T) {
	s := open(t)
	s.queue("orders.fifo", "RedrivePolicy", redrive("dead.fifo", 3), "MessageRetentionPeriod", "600")
	s.queue("dead.fifo", "MessageRetentionPeriod", "300")
	r := whole(t, watch(t, settings(t, s.URL(), noMetrics...)))
	if d := deadIn(t, r, "dead.fifo"); d.SourceRetention != 0 || d.KeepsAge {
		t.Errorf("source retention %s would call it a trap, which it is not", d.SourceRetention)
	}
	if q := queueIn(t, r, "orders.fifo"); q.Setup.Type != "fifo" || q.Setup.DeadLettering.Route != signal.RouteSet {
		t.Errorf("setup %+v", q.Setup)
	}
}

func TestArrivalsInADeadLetterQueueAreCounted(t *testing.T) {
	s := open(t)
	dead := s.queue("dead")
	url := s.queue("orders", "RedrivePolicy", redrive("dead", 1), "VisibilityTimeout", "0")
	send(t, s.client, dead, 2)
	reader := watch(t, settings(t, s.URL(), noMetrics...))
	if d := deadIn(t, whole(t, reader), "dead"); d.Messages != 2 || d.Arrived != 0 {
		t.Errorf("at first: %d messages, %d arrived; want 2 and 0", d.Messages, d.Arrived)
	}
	send(t, s.client, url, 3)
	receive(t, s.client, url, 10, 0)
	receive(t, s.client, url, 10, 0) // moves them
	if d := deadIn(t, whole(t, reader), "dead"); d.Messages != 5 || d.Arrived != 3 {
		t.Errorf("after three failed: %d messages, %d arrived; want 5 and 3", d.Messages, d.Arrived)
	}
	gone := receive(t, s.client, dead, 1, 60)
	remove(t, s.client, dead, gone)
	whole(t, reader)
	send(t, s.client, dead, 1)
	if d := deadIn(t, whole(t, reader), "dead"); d.Arrived != 3 {
		t.Errorf("a count that dipped for one reading became an arrival: %d", d.Arrived)
	}
}

func TestOnlyTheQueuesThatTheConfigChoosesAreWatched(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		want []string
		asks string
	}{
		"all":           {"queues: {}", []string{"orders", "orders-test", "payments", "refunds.fifo"}, "ListQueues"},
		"a prefix":      {"queues: {prefix: orders}", []string{"orders", "orders-test"}, "ListQueues"},
		"names":         {`queues: {include: [payments, refunds.fifo]}`, []string{"payments", "refunds.fifo"}, "GetQueueUrl"},
		"patterns":      {`queues: {include: ['orders.*'], exclude: '.*-test'}`, []string{"orders"}, "ListQueues"},
		"tags":          {"queues: {tags: {team: checkout}}", []string{"orders", "payments"}, "ListQueueTags"},
		"tags and more": {"queues: {prefix: p, tags: {team: checkout}}", []string{"payments"}, "ListQueueTags"},
		"none":          {"queues: {prefix: nothing}", nil, "ListQueues"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, name := range []string{"orders", "orders-test", "payments", "refunds.fifo"} {
				url := s.queue(name)
				if name == "orders" || name == "payments" {
					if _, err := s.client.TagQueue(t.Context(), &awssqs.TagQueueInput{QueueUrl: &url, Tags: map[string]string{"team": "checkout"}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := whole(t, watch(t, settings(t, s.URL(), append(noMetrics, test.line)...)))
			var got []string
			for _, q := range r.Queues {
				got = append(got, q.Destination)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("watches %v, want %v", got, test.want)
			}
			if s.Requests()[test.asks] == 0 {
				t.Errorf("it did not ask %s: %v", test.asks, s.Requests())
			}
			if (len(r.Warnings) > 0) != (len(test.want) == 0) {
				t.Errorf("warnings %v", r.Warnings)
			}
		})
	}
}

func TestAQueueThatIsDeletedIsNoError(t *testing.T) {
	s := open(t)
	s.queue("orders")
	url := s.queue("payments")
	reader := watch(t, settings(t, s.URL(), noMetrics...))
	whole(t, reader)
	// The list still names it for a while after it is gone.
	s.Fail(func(action, queue string) error {
		if queue == "payments" && action != "ListQueues" {
			return &fakesqs.Error{Code: "QueueDoesNotExist", Message: "gone"}
		}
		return nil
	})
	if r := whole(t, reader); len(r.Queues) != 1 {
		t.Errorf("%d queues, want the one that is left", len(r.Queues))
	}
	s.Fail(nil)
	if _, err := s.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
		t.Fatal(err)
	}
	if r := whole(t, reader); len(r.Queues) != 1 {
		t.Errorf("%d queues, want the one that is left", len(r.Queues))
	}
}

func TestItAsksForNothingThatChangesAnything(t *testing.T) {
	s := open(t)
	s.queue("dead")
	send(t, s.client, s.queue("orders", "RedrivePolicy", redrive("dead", 3)), 1)
	before := s.Requests()
	reader := watch(t, settings(t, s.URL(), fast, "queues: {tags: {}}", "config_interval: 100ms", "interval: 100ms", "cloudwatch: {interval: 100ms}"))
	for range 5 {
		whole(t, reader)
	}
	reads := []string{"ListQueues", "GetQueueUrl", "GetQueueAttributes", "ListQueueTags", "ListDeadLetterSourceQueues", "GetMetricData"}
	asked := 0
	for action, n := range s.Requests() {
		asked += n - before[action]
		if n > before[action] && !slices.Contains(reads, action) {
			t.Errorf("it asked for %s", action)
		}
	}
	if asked == 0 {
		t.Error("it asked for nothing")
	}
}
