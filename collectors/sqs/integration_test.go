//go:build integration

package sqs_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// realShop is queues of a test's own on a server that is not ours.
type realShop struct {
	t        *testing.T
	endpoint string
	client   *awssqs.Client
	prefix   string
}

func real(t *testing.T) *realShop {
	t.Helper()
	endpoint := os.Getenv("SQS_ENDPOINT")
	if endpoint == "" {
		t.Fatal("SQS_ENDPOINT is not set; run: test/parts/run --parts=sqs go test -tags=integration ./collectors/sqs/")
	}
	login(t)
	s := &realShop{t: t, endpoint: endpoint, client: client(t, endpoint), prefix: fmt.Sprintf("t%x-", time.Now().UnixNano())}
	return s
}

// queue makes a queue of the test's own; it goes with the test.
func (s *realShop) queue(name string, attributes ...string) string {
	s.t.Helper()
	url := create(s.t, s.client, s.prefix+name, attributes...)
	s.t.Cleanup(func() {
		_, _ = s.client.DeleteQueue(s.t.Context(), &awssqs.DeleteQueueInput{QueueUrl: &url})
	})
	return url
}

// redrive names a dead letter queue by the ARN that the server gave it.
func (s *realShop) redrive(dead string, most int) string {
	s.t.Helper()
	answer, err := s.client.GetQueueAttributes(s.t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &dead, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, answer.Attributes["QueueArn"], most)
}

func (s *realShop) settings(lines ...string) sqs.Config {
	return settings(s.t, s.endpoint, append([]string{fast, "config_interval: 100ms", "interval: 100ms", "queues: {prefix: " + s.prefix + "}"}, lines...)...)
}

func TestRealDepthsAndSetup(t *testing.T) {
	s := real(t)
	dead := s.queue("dead", "MessageRetentionPeriod", "1000")
	url := s.queue("orders", "RedrivePolicy", s.redrive(dead, 3), "MessageRetentionPeriod", "2000")
	send(t, s.client, url, 3)
	receive(t, s.client, url, 1, 60)
	if _, err := s.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 60}); err != nil {
		t.Fatal(err)
	}
	reader := watch(t, s.settings(noCloudWatch))
	r := whole(t, reader)
	q := queueIn(t, r, s.prefix+"orders")
	if q.Ready != 2 || q.InFlight != 1 || q.Delayed != 1 {
		t.Errorf("ready %d, in flight %d, delayed %d; want 2, 1, 1", q.Ready, q.InFlight, q.Delayed)
	}
	if q.Setup.DeadLettering.Route != signal.RouteSet || q.Setup.DeadLettering.To != s.prefix+"dead" || q.Setup.MaxDeliveries != 3 || q.Setup.Retention != 2000*time.Second {
		t.Errorf("setup %+v", q.Setup)
	}
	d := deadIn(t, r, s.prefix+"dead")
	if !slices.Equal(d.Sources, []string{s.prefix + "orders"}) || d.Retention != 1000*time.Second || d.SourceRetention != 2000*time.Second || d.Messages != 0 {
		t.Errorf("dead letter queue %+v", d)
	}
	if _, err := s.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: &dead}); err != nil {
		t.Fatal(err)
	}
	if q := queueIn(t, whole(t, reader), s.prefix+"orders"); q.Setup.DeadLettering.Route != signal.RouteBroken {
		t.Errorf("after its dead letter queue was deleted: %+v", q.Setup.DeadLettering)
	}
}

func TestRealDeadLettersArrive(t *testing.T) {
	s := real(t)
	dead := s.queue("dead", "MessageRetentionPeriod", "1209600")
	url := s.queue("orders", "RedrivePolicy", s.redrive(dead, 1), "VisibilityTimeout", "0")
	send(t, s.client, url, 2)
	reader := watch(t, s.settings(noCloudWatch))
	if d := deadIn(t, whole(t, reader), s.prefix+"dead"); d.Messages != 0 {
		t.Errorf("it begins with %d messages", d.Messages)
	}
	for range 4 {
		receive(t, s.client, url, 10, 0)
	}
	r := whole(t, reader)
	if d := deadIn(t, r, s.prefix+"dead"); d.Messages != 2 || d.Arrived != 2 {
		t.Errorf("%d messages, %d arrived; want 2 and 2", d.Messages, d.Arrived)
	}
	r.At, r.Interval = time.Now(), time.Minute
	found := detect.New().Observe(&r)
	if len(found) != 1 || found[0].Finding.Mode != signal.DLQFilling || found[0].Finding.Count != 2 {
		t.Errorf("found %+v, want the two messages in the dead letter queue", found)
	}
}

func TestRealFIFO(t *testing.T) {
	s := real(t)
	dead := s.queue("dead.fifo")
	send(t, s.client, s.queue("orders.fifo", "RedrivePolicy", s.redrive(dead, 3)), 2)
	q := queueIn(t, whole(t, watch(t, s.settings(noCloudWatch))), s.prefix+"orders.fifo")
	if q.Ready != 2 || q.Setup.Type != "fifo" || q.Setup.DeadLettering.Route != signal.RouteSet {
		t.Errorf("got %+v, %+v", q, q.Setup)
	}
}

func TestRealNamesAndTags(t *testing.T) {
	s := real(t)
	s.queue("orders")
	payments := s.queue("payments")
	if _, err := s.client.TagQueue(t.Context(), &awssqs.TagQueueInput{QueueUrl: &payments, Tags: map[string]string{"team": s.prefix}}); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"queues: {include: " + s.prefix + "orders}": s.prefix + "orders",
		"queues: {tags: {team: " + s.prefix + "}}":  s.prefix + "payments",
	} {
		r := whole(t, watch(t, settings(t, s.endpoint, fast, noCloudWatch, line)))
		if len(r.Queues) != 1 || r.Queues[0].Destination != want {
			t.Errorf("%s: %d queues, want %s alone", line, len(r.Queues), want)
		}
	}
}

func TestRealRole(t *testing.T) {
	s := real(t)
	// The emulator lets every caller assume every role. The test only checks that the
	// role is assumed. Queues belong to the account of the role.
	c := s.settings(noCloudWatch, "role_arn: arn:aws:iam::123456789012:role/lostorder", "external_id: shared")
	s.queue("orders")
	whole(t, watch(t, c))
}

// TestRealCloudWatch puts the metrics that AWS documents that it would publish of
// such queues, for the stand-in publishes none of its own.
func TestRealCloudWatch(t *testing.T) {
	s := real(t)
	url := s.queue("orders")
	s.queue("idle")
	send(t, s.client, url, 4)
	reader := watch(t, s.settings("cloudwatch: {interval: 1m, delay: 1m}"))
	r := whole(t, reader)
	if q := queueIn(t, r, s.prefix+"orders"); q.Published != signal.Unknown || len(q.Partitions) != 0 {
		t.Errorf("before there are metrics: %+v", q)
	}

	now := time.Now().Truncate(time.Minute)
	s.put(s.prefix+"orders", now.Add(-time.Minute), map[string]float64{
		"NumberOfMessagesSent": 7, "NumberOfMessagesReceived": 0, "NumberOfMessagesDeleted": 0,
		"NumberOfEmptyReceives": 0, "ApproximateAgeOfOldestMessage": 600,
	})
	s.put(s.prefix+"orders", now.Add(-2*time.Minute), map[string]float64{"NumberOfMessagesReceived": 0, "NumberOfEmptyReceives": 0})
	s.put(s.prefix+"orders", now.Add(-3*time.Minute), map[string]float64{"NumberOfMessagesReceived": 0, "NumberOfEmptyReceives": 0})
	second := watch(t, s.settings("cloudwatch: {interval: 1m, delay: 1m}"))
	r = whole(t, second)
	q := queueIn(t, r, s.prefix+"orders")
	// Somewhere in the minute that ended now it was 600 s old.
	if want := signal.InstantOf(now.Add(-600 * time.Second)); q.Oldest.Bound != signal.AtLeast || q.Oldest.Since != want {
		t.Errorf("the oldest message waits since %v (%s), want %v", q.Oldest.Since.Time(), q.Oldest.Bound, want.Time())
	}
	if q.Published != 0 || q.Received != 0 || q.Acknowledged != 0 {
		t.Errorf("published %d, received %d, deleted %d; what was before we looked does not count", q.Published, q.Received, q.Acknowledged)
	}
	if len(q.Partitions) != 1 || q.Partitions[0].Lag() != 4 {
		t.Errorf("progress %+v, want a lag of 4", q.Partitions)
	}
	if q.Consumers != 0 {
		t.Errorf("consumers %d; nothing was received, nor tried, and nothing is in flight", q.Consumers)
	}
	if idle := queueIn(t, r, s.prefix+"idle"); idle.Published != signal.Unknown || len(idle.Partitions) != 0 || idle.Consumers != signal.Unknown {
		t.Errorf("of an idle queue without metrics: %+v", idle)
	}
}

func (s *realShop) put(queue string, at time.Time, values map[string]float64) {
	s.t.Helper()
	c := cloudwatch.New(cloudwatch.Options{
		Region: fakesqs.Region, BaseEndpoint: aws.String(s.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/SQS")}
	for name, value := range values {
		in.MetricData = append(in.MetricData, cwtypes.MetricDatum{
			MetricName: &name, Value: &value, Timestamp: &at,
			Dimensions: []cwtypes.Dimension{{Name: aws.String("QueueName"), Value: &queue}},
		})
	}
	if _, err := c.PutMetricData(s.t.Context(), in); err != nil {
		s.t.Fatalf("put metrics: %v", err)
	}
}

// TestRealReadingsChangeNothing reads a hundred times and then looks at everything
// that could have changed: attributes, tags, and at last, by receiving them, how
// often each message was received.
func TestRealReadingsChangeNothing(t *testing.T) {
	s := real(t)
	dead := s.queue("dead")
	url := s.queue("orders", "RedrivePolicy", s.redrive(dead, 5))
	send(t, s.client, url, 5)
	send(t, s.client, dead, 2)
	receive(t, s.client, url, 2, 600) // these two are in flight and were received once
	before := s.fingerprint()
	if again := s.fingerprint(); again != before {
		t.Fatalf("the server changes by itself: %s, then %s", before, again)
	}
	reader := watch(t, s.settings("cloudwatch: {interval: 100ms}"))
	for range 100 {
		if r := whole(t, reader); len(r.Queues) != 2 {
			t.Fatalf("%d queues", len(r.Queues))
		}
	}
	if after := s.fingerprint(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	for _, m := range append(receive(t, s.client, url, 10, 600), receive(t, s.client, dead, 10, 600)...) {
		if n := m.Attributes["ApproximateReceiveCount"]; n != "1" {
			t.Errorf("a message that was received now for the first time counts %s receives", n)
		}
	}
}

func (s *realShop) fingerprint() string {
	s.t.Helper()
	var mine []string
	for line := range strings.Lines(fingerprint(s.t, s.client)) {
		if strings.Contains(line, s.prefix) {
			mine = append(mine, line)
		}
	}
	if len(mine) == 0 {
		s.t.Fatal("there is nothing to look at")
	}
	return strings.Join(mine, "")
}

// TestRealReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt plays the same on moto, without
// CloudWatch, because moto measures nothing by itself. Modes that need rates are not
// decided then, and nothing is invented. Time is that of the play, and each reading reads the
// settings of the queues, so that it does not matter how busy the machine is.
func TestRealReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt(t *testing.T) {
	s := real(t)
	shop := newServices(t, s.client, s.queue, s.redrive)
	shop.stopClock()
	config := s.settings(noCloudWatch, objectives)
	config.ConfigInterval = 1
	reader := watch(t, config)
	want := slices.DeleteFunc(slices.Clone(wanted), func(what string) bool {
		return !strings.Contains(what, "dlq") && !strings.Contains(what, "expiring")
	})
	got := shop.play(want, func() signal.Report {
		r := whole(t, reader)
		for i := range r.Queues {
			r.Queues[i].Destination = strings.TrimPrefix(r.Queues[i].Destination, s.prefix)
		}
		for i := range r.DeadLetters {
			r.DeadLetters[i].Destination = strings.TrimPrefix(r.DeadLetters[i].Destination, s.prefix)
		}
		return r
	})
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
