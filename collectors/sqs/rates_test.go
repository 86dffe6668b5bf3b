//go:build integration

package sqs_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// counted is a queue, and what CloudWatch would publish of it for this minute.
type counted struct {
	url                         string
	sent, taken, deleted, empty int
	waiting                     []time.Time // when they were sent, oldest first
}

// metered are services whose work is published as AWS documents that it would be:
// once a minute, of every queue that is active.
type metered struct {
	*realShop
	metrics *cloudwatch.Client
	queues  map[string]*counted
}

func (m *metered) send(name string, n int) {
	q := m.queues[name]
	send(m.t, m.client, q.url, n)
	q.sent += n
	q.waiting = append(q.waiting, slices.Repeat([]time.Time{time.Now()}, n)...)
}

func (m *metered) receive(name string, n, hidden int32, done bool) {
	q := m.queues[name]
	messages := receive(m.t, m.client, q.url, n, hidden)
	q.taken += len(messages)
	if len(messages) == 0 {
		q.empty++
	}
	if done {
		remove(m.t, m.client, q.url, messages)
		q.deleted += len(messages)
		q.waiting = q.waiting[len(messages):]
	}
}

// publish puts the minute that ends now, in one request.
func (m *metered) publish(from time.Time) {
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/SQS")}
	for name, q := range m.queues {
		old := time.Duration(0)
		if len(q.waiting) > 0 {
			old = time.Since(q.waiting[0])
		}
		for metric, value := range map[string]float64{
			"NumberOfMessagesSent": float64(q.sent), "NumberOfMessagesReceived": float64(q.taken), "NumberOfMessagesDeleted": float64(q.deleted),
			"NumberOfEmptyReceives": float64(q.empty), "ApproximateAgeOfOldestMessage": old.Seconds(),
		} {
			in.MetricData = append(in.MetricData, cwtypes.MetricDatum{
				MetricName: &metric, Value: &value, Timestamp: &from,
				Dimensions: []cwtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String(m.prefix + name)}},
			})
		}
		q.sent, q.taken, q.deleted, q.empty = 0, 0, 0, 0
	}
	if _, err := m.metrics.PutMetricData(m.t.Context(), in); err != nil {
		m.t.Fatalf("put metrics: %v", err)
	}
}

// TestRealRatesTellWhatIsWrongFromWhatOnlyLooksLikeIt plays what takes rates to tell on
// a server that is not ours. It publishes no metrics of queues: the test puts those that
// AWS documents, counted from what its services do. Our clock is virtual, so that
// minutes are real ones to the reader; what waits and what is hidden the server counts
// with its own.
func TestRealRatesTellWhatIsWrongFromWhatOnlyLooksLikeIt(t *testing.T) {
	s := real(t)
	to, err := url.Parse(s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	// A connection that is kept would hold the virtual clock.
	through := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	inVirtualTimeOn(t, through, func(t *testing.T, v *virtual) {
		queues := v.client()
		shop := &metered{
			realShop: &realShop{t: t, client: queues, prefix: s.prefix},
			metrics: cloudwatch.New(cloudwatch.Options{
				Region: fakesqs.Region, BaseEndpoint: aws.String("http://sqs.test"), HTTPClient: queues.Options().HTTPClient,
				Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
			}),
			queues: map[string]*counted{},
		}
		for _, name := range []string{"unread", "hanging", "growing", "looping", "deployed", "burst", "idle", "slow", "stumbling"} {
			shop.queues[name] = &counted{url: create(t, queues, s.prefix+name, "VisibilityTimeout", "0")}
		}
		detector, reader, found := detect.New(), v.watch("queues: {prefix: "+s.prefix+"}", "cloudwatch: {interval: 1m, delay: 1m}", "objectives: [{max_age: 6m, dlq: none}]"), map[string]string{}
		for name, n := range map[string]int{"unread": 2, "hanging": 3, "slow": 30, "looping": 1} {
			shop.send(name, n)
		}
		shop.receive("hanging", 1, 7200, false) // and never done with it
		v.minutes(reader, 25, func(minute int, r signal.Report, took time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
			r.At, r.Duration, r.Interval = time.Now(), took, time.Minute
			for _, change := range detector.Observe(&r) {
				f := change.Finding
				found[strings.TrimPrefix(f.Subject.Destination, s.prefix)+": "+string(f.Mode)] = fmt.Sprint(f.Evidence)
			}
			shop.receive("slow", 1, 7200, true)
			shop.receive("idle", 1, 7200, false) // in vain
			shop.send("growing", 8)
			shop.receive("growing", 2, 7200, true)
			shop.send("stumbling", 4)
			shop.receive("stumbling", 2, 0, false) // fails, and succeeds the next time
			shop.receive("stumbling", 10, 7200, true)
			for range 10 {
				shop.receive("looping", 1, 0, false)
			}
			shop.send("deployed", 2)
			if minute != 10 && minute != 11 {
				shop.receive("deployed", 10, 7200, true)
			}
			if minute == 8 {
				shop.send("burst", 30)
			}
			shop.receive("burst", 10, 7200, true)
			shop.publish(time.Now().Truncate(time.Minute))
		})
		want := []string{"growing: backlog_growing", "hanging: consumer_stalled", "looping: retry_loop", "unread: consumer_absent"}
		if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
			t.Errorf("found %q, want %q: %v", got, want, found)
		}
	})
}
