//go:build integration

package sqs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealQueueThatIsDeletedWithMessagesLosesThem: an empty queue and one that the config no
// longer selects are benign twins.
func TestRealQueueThatIsDeletedWithMessagesLosesThem(t *testing.T) {
	s := real(t)
	tagged := map[string]string{"team": s.prefix}
	urls := map[string]string{}
	for name, messages := range map[string]int{"orders": 3, "empty": 0, "untagged": 4, "stays": 1} {
		urls[name] = s.queue(name)
		if messages > 0 {
			send(t, s.client, urls[name], messages)
		}
		url := urls[name]
		if _, err := s.client.TagQueue(t.Context(), &awssqs.TagQueueInput{QueueUrl: &url, Tags: tagged}); err != nil {
			t.Fatal(err)
		}
	}
	byTag := watch(t, settings(t, s.endpoint, fast, noCloudWatch, "config_interval: 100ms", "interval: 100ms", "queues: {prefix: "+s.prefix+", tags: {team: "+s.prefix+"}}"))
	byName := watch(t, settings(t, s.endpoint, fast, noCloudWatch, "config_interval: 100ms", "interval: 100ms", "queues: {include: ["+s.prefix+"orders, "+s.prefix+"empty, "+s.prefix+"stays]}"))
	detectors := []*detect.Detector{detect.New(), detect.New()}
	play := func(times int) (lost [2][]string, last [2]signal.Report) {
		for range times {
			for i, reader := range []collectors.Reader{byTag, byName} {
				var r signal.Report
				r.Err = reader.Read(t.Context(), &r)
				r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "sqs", Target: "main"}, time.Now(), 5*time.Second
				detectors[i].Observe(&r)
				last[i] = r
			}
			time.Sleep(120 * time.Millisecond)
		}
		for i, detector := range detectors {
			for _, f := range detector.Open() {
				if f.Mode == signal.MessageLost {
					reason, _ := f.Evidence.Find("reason")
					lost[i] = append(lost[i], fmt.Sprintf("%s: %d %s", strings.TrimPrefix(f.Subject.Destination, s.prefix), f.Count, reason.Value))
				}
			}
		}
		return lost, last
	}
	if lost, last := play(3); len(lost[0])+len(lost[1]) > 0 || len(last[0].Queues) != 4 || len(last[1].Queues) != 3 {
		t.Fatalf("before: %q, %d and %d queues", lost, len(last[0].Queues), len(last[1].Queues))
	}
	for _, name := range []string{"orders", "empty"} {
		if _, err := s.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: aws.String(urls[name])}); err != nil {
			t.Fatal(err)
		}
	}
	url := urls["untagged"]
	if _, err := s.client.UntagQueue(t.Context(), &awssqs.UntagQueueInput{QueueUrl: &url, TagKeys: []string{"team"}}); err != nil {
		t.Fatal(err)
	}
	lost, last := play(5)
	for i, how := range []string{"by tag", "by name"} {
		if want := []string{"orders: 3 queue_deleted"}; !slices.Equal(lost[i], want) || last[i].Err != nil || len(last[i].Queues) != 1 {
			t.Errorf("%s: lost %q, want %q; %v, %d queues", how, lost[i], want, last[i].Err, len(last[i].Queues))
		}
	}
	if !slices.Contains(last[1].Warnings, "queue "+s.prefix+"orders was deleted; remove it from queues.include") {
		t.Errorf("got the warnings %q", last[1].Warnings)
	}
}

// TestRealQueuesThatMayNotBeReadAreNeverLeftOutSilently: moto checks actions.
func TestRealQueuesThatMayNotBeReadAreNeverLeftOutSilently(t *testing.T) {
	s := real(t)
	send(t, s.client, s.queue("orders"), 3)
	reader, detector := watch(t, s.settings(noCloudWatch)), detect.New()
	take := func(times int) (last signal.Report) {
		for range times {
			last = signal.Report{TargetID: signal.TargetID{Collector: "sqs", Target: "main"}, At: time.Now(), Interval: 5 * time.Second}
			last.Err = reader.Read(t.Context(), &last)
			detector.Observe(&last)
			time.Sleep(120 * time.Millisecond)
		}
		return last
	}
	if r := take(3); r.Err != nil {
		t.Fatal(r.Err)
	}
	s.mindRights("0") // this user has none
	r := take(4)
	s.mindRights("inf")
	if r.Err == nil || !strings.Contains(r.Err.Error(), "list queues: ") {
		t.Errorf("got %v", r.Err)
	}
	if open := detector.Open(); len(open) > 0 {
		t.Errorf("found %+v", open)
	}
}
