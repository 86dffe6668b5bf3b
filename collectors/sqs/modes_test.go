package sqs_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt plays, all at once, queues in
// trouble and queues that only seem to be, and looks at what the decisions make of
// the readings.
func TestReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt(t *testing.T) {
	s := measured(t)
	s.queue("dead")
	emptied := s.queue("dead-and-emptied")
	failing := s.queue("failing", "RedrivePolicy", redrive("dead", 1), "VisibilityTimeout", "0")
	mended := s.queue("mended", "RedrivePolicy", redrive("dead-and-emptied", 1), "VisibilityTimeout", "0")
	unread, hanging, slow, idle, purged, burst := s.queue("unread"), s.queue("hanging"), s.queue("slow"), s.queue("idle"), s.queue("purged"), s.queue("burst")

	reader := watch(t, settings(t, s.URL(), append(quick, "objectives: [{max_age: 3s}]")...))
	detector := detect.New()
	found := map[string]bool{}
	look := func() {
		began := time.Now()
		r := whole(t, reader)
		r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
		r.At, r.Took, r.Interval = time.Now(), time.Since(began), time.Second
		for _, change := range detector.Observe(&r) {
			found[change.Finding.Subject.Destination+": "+string(change.Finding.Mode)] = true
		}
	}
	look()
	send(t, s.client, unread, 2)
	send(t, s.client, hanging, 3)
	receive(t, s.client, hanging, 1, 600) // and never done with it
	send(t, s.client, slow, 10)
	send(t, s.client, purged, 5)
	send(t, s.client, burst, 10)
	for _, url := range []string{failing, mended} {
		send(t, s.client, url, 1)
		receive(t, s.client, url, 10, 0)
		receive(t, s.client, url, 10, 0) // moves it
	}
	remove(t, s.client, emptied, receive(t, s.client, emptied, 10, 60))
	want := []string{"dead: dlq_filling", "hanging: consumer_stalled", "unread: consumer_absent"}

	began := time.Now()
	for second := 0; second < 8 || len(found) < len(want) && second < 20; second++ {
		remove(t, s.client, slow, receive(t, s.client, slow, 1, 600))
		switch second {
		case 1:
			remove(t, s.client, burst, receive(t, s.client, burst, 10, 600))
		case 2:
			if _, err := s.client.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: &purged}); err != nil {
				t.Fatal(err)
			}
		}
		receive(t, s.client, idle, 1, 600) // in vain
		for end := began.Add(time.Duration(second+1) * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			look()
		}
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
