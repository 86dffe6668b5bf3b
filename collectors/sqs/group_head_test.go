package sqs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// fifo are three FIFO queues: one with a group that is blocked by its first message, one whose
// groups all flow, and one with a batch that drains in order.
type fifo struct {
	t      *testing.T
	client *awssqs.Client
	urls   map[string]string
	// sent, done and waits count for a server without metrics of its own.
	sent, done map[string]int
	waits      map[string][]time.Time
	number     int // of the last message
}

var fifoQueues = []string{"blocked.fifo", "flowing.fifo", "batch.fifo"}

func newFIFO(t *testing.T, client *awssqs.Client, prefix string) *fifo {
	f := &fifo{t: t, client: client, urls: map[string]string{}, sent: map[string]int{}, done: map[string]int{}, waits: map[string][]time.Time{}}
	for _, name := range fifoQueues {
		f.urls[name] = create(t, client, prefix+name)
	}
	f.send("blocked.fifo", "a", "a")
	f.receive("blocked.fifo", 1, 0) // never finished
	for range 60 {
		f.send("batch.fifo", "a")
	}
	return f
}

func (f *fifo) send(name string, groups ...string) {
	for _, group := range groups {
		f.number++
		in := &awssqs.SendMessageInput{QueueUrl: aws.String(f.urls[name]), MessageBody: aws.String("{}"), MessageGroupId: &group, MessageDeduplicationId: aws.String(fmt.Sprint(f.number))}
		if _, err := f.client.SendMessage(f.t.Context(), in); err != nil {
			f.t.Fatalf("send: %v", err)
		}
	}
	f.sent[name] += len(groups)
	f.waits[name] = append(f.waits[name], slices.Repeat([]time.Time{time.Now()}, len(groups))...)
}

// receive receives messages for longer than the test takes, and deletes all but the first so
// many of those that wait.
func (f *fifo) receive(name string, n int32, stay int) {
	messages := receive(f.t, f.client, f.urls[name], n, 40_000)
	if stay > 0 || name != "blocked.fifo" {
		remove(f.t, f.client, f.urls[name], messages)
		f.done[name] += len(messages)
		f.waits[name] = slices.Delete(f.waits[name], stay, stay+len(messages))
	}
}

// minute is the traffic of a minute.
func (f *fifo) minute() {
	f.send("blocked.fifo", "b", "c", "a")
	f.receive("blocked.fifo", 2, 2)
	f.send("flowing.fifo", "b", "c")
	f.receive("flowing.fifo", 10, 0)
	f.send("batch.fifo", "a")
	f.receive("batch.fifo", 1, 0)
}

// blockedGroups observes reports and returns the queues with a stalled consumer, and when the
// first was found.
func blockedGroups(detector *detect.Detector, r signal.Report, took time.Duration) (names []string) {
	r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
	r.At, r.Duration, r.Interval = time.Now(), took, time.Minute
	detector.Observe(&r)
	for _, f := range detector.Open() {
		if f.Mode == signal.ConsumerStalled {
			names = append(names, f.Subject.Destination)
		}
	}
	return names
}

// TestOneBlockedMessageGroupIsAStalledConsumer plays on the embedded server, which measures
// ages as CloudWatch does.
func TestOneBlockedMessageGroupIsAStalledConsumer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		shop := newFIFO(t, v.client(), "")
		detector, reader := detect.New(), v.watch("cloudwatch: {interval: 1m, delay: 1m}", "objectives: [{max_age: 10m, dlq: none}]")
		var found []string
		first := -1
		v.minutes(reader, 50, func(minute int, r signal.Report, took time.Duration, err error) {
			if err != nil {
				t.Fatal(err)
			}
			if found = blockedGroups(detector, r, took); len(found) > 0 && first < 0 {
				first = minute
			}
			shop.minute()
		})
		if !slices.Equal(found, []string{"blocked.fifo"}) {
			t.Errorf("stalled: %q", found)
		}
		// A group that holds a third of what arrives is proved blocked once more was processed
		// beside it than waits.
		if first > 16 {
			t.Errorf("found in minute %d", first)
		}
	})
}
