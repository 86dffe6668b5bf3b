//go:build integration

package sqs_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
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

// TestRealBlockedMessageGroupIsAStalledConsumer plays on a server that is not ours. It keeps
// the order of groups, and publishes no metrics: the test puts those that AWS documents.
func TestRealBlockedMessageGroupIsAStalledConsumer(t *testing.T) {
	s := real(t)
	to, err := url.Parse(s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &http.Transport{DisableKeepAlives: true}, // a kept connection would hold the virtual clock
	}
	inVirtualTimeOn(t, through, func(t *testing.T, v *virtual) {
		shop := newFIFO(t, v.client(), s.prefix)
		metrics := cloudwatch.New(cloudwatch.Options{
			Region: fakesqs.Region, BaseEndpoint: aws.String("http://sqs.test"), HTTPClient: v.client().Options().HTTPClient,
			Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		})
		publish := func() {
			in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/SQS")}
			for _, name := range fifoQueues {
				old := 0.0
				if waits := shop.waits[name]; len(waits) > 0 {
					old = time.Since(waits[0]).Seconds()
				}
				for metric, value := range map[string]float64{
					"NumberOfMessagesSent": float64(shop.sent[name]), "NumberOfMessagesReceived": float64(shop.done[name]), "NumberOfMessagesDeleted": float64(shop.done[name]),
					"NumberOfEmptyReceives": 0, "ApproximateAgeOfOldestMessage": old,
				} {
					in.MetricData = append(in.MetricData, cwtypes.MetricDatum{
						MetricName: &metric, Value: &value, Timestamp: aws.Time(time.Now().Truncate(time.Minute)),
						Dimensions: []cwtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String(s.prefix + name)}},
					})
				}
				shop.sent[name], shop.done[name] = 0, 0
			}
			if _, err := metrics.PutMetricData(t.Context(), in); err != nil {
				t.Fatalf("put metrics: %v", err)
			}
		}
		detector, reader := detect.New(), v.watch("queues: {prefix: "+s.prefix+"}", "cloudwatch: {interval: 1m, delay: 1m}", "objectives: [{max_age: 10m, dlq: none}]")
		var found []string
		v.minutes(reader, 30, func(_ int, r signal.Report, took time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			found = blockedGroups(detector, r, took)
			shop.minute()
			publish()
		})
		if !slices.Equal(found, []string{s.prefix + "blocked.fifo"}) {
			t.Errorf("stalled: %q", found)
		}
	})
}
