//go:build integration

package sqs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealFindingsComeWithinOneInterval changes queues of a real server, with a config_interval that is much longer than
// the test, and measures from then to the finding. The server publishes no metrics: the test puts those that
// AWS documents that it would publish of a message that is received again and again.
func TestRealFindingsComeWithinOneInterval(t *testing.T) {
	const (
		every  = 3 * time.Second
		maxAge = 24 * time.Second
	)
	s := real(t)
	kept := s.redrive(s.queue("kept-dead"), 3)
	robbed, orphan, looping := s.queue("robbed", "RedrivePolicy", kept), s.queue("orphan-dead"), s.queue("looping", "RedrivePolicy", kept)
	s.queue("broken", "RedrivePolicy", s.redrive(orphan, 3))
	reader := watch(t, settings(t, s.endpoint, fast, "config_interval: 1h", "interval: 3s", "timeout: 3s", "queues: {prefix: "+s.prefix+"}",
		"cloudwatch: {interval: 3s, delay: 0}", "objectives: [{max_age: 24s}]"))

	detector, found := detect.New(), map[string]time.Time{}
	clock := time.NewTicker(every)
	defer clock.Stop()
	received := false
	look := func() {
		began := time.Now()
		if received {
			s.put(s.prefix+"looping", began.Truncate(time.Second), map[string]float64{
				"NumberOfMessagesSent": 0, "NumberOfMessagesReceived": 20, "NumberOfMessagesDeleted": 0, "NumberOfEmptyReceives": 0, "ApproximateAgeOfOldestMessage": 5,
			})
		}
		r := whole(t, reader)
		r.TargetID, r.At, r.Duration, r.Interval = signal.TargetID{Collector: "sqs", Target: "main"}, time.Now(), time.Since(began), every
		for _, change := range detector.Observe(&r) {
			if f := &change.Finding; change.Kind == detect.Opened {
				found[strings.TrimPrefix(f.Subject.Destination, s.prefix)+": "+string(f.Mode)] = r.At
			}
		}
	}
	for range 2 {
		look()
		<-clock.C
	}

	happened := map[string]time.Time{}
	if _, err := s.client.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{QueueUrl: &robbed, Attributes: map[string]string{"RedrivePolicy": ""}}); err != nil {
		t.Fatal(err)
	}
	happened["robbed: dlq_missing"] = time.Now()
	if _, err := s.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: aws.String(orphan)}); err != nil {
		t.Fatal(err)
	}
	happened["broken: dlq_missing"] = time.Now()
	s.queue("new")
	happened["new: dlq_missing"] = time.Now()
	send(t, s.client, looping, 1)
	received, happened["looping: retry_loop"] = true, time.Now()

	missing := func() (list []string) {
		for what := range happened {
			if _, ok := found[what]; !ok {
				list = append(list, what)
			}
		}
		return list
	}
	for len(missing()) > 0 && time.Since(happened["looping: retry_loop"]) < maxAge+time.Minute {
		look()
		<-clock.C
	}
	if list := missing(); len(list) > 0 {
		t.Fatalf("not found: %q; found %v", list, found)
	}
	for what, began := range happened {
		late := found[what].Sub(began) - maxAge
		most := every + every/2 // readings of a busy machine
		if strings.HasSuffix(what, "retry_loop") {
			most += 2 * every // until the counters are known
		}
		if late > most {
			t.Errorf("%s: %.1f intervals after it could be decided", what, late.Seconds()/every.Seconds())
			continue
		}
		t.Logf("%s: %.1f intervals after it could be decided", what, late.Seconds()/every.Seconds())
	}
}
