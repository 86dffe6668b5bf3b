package sqs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// services are those of a shop, and what they do to its queues.
type services struct {
	t       *testing.T
	client  *awssqs.Client
	make    func(name string, attributes ...string) string // returns the URL
	redrive func(dead string, most int) string
	urls    map[string]string

	// now and wait are the clock of the play. On a server that keeps no time by itself it advances by wait alone, so that
	// nothing depends on how long requests take.
	now  func() time.Time
	wait func(time.Duration)
}

func newServices(t *testing.T, client *awssqs.Client, create func(name string, attributes ...string) string, redrive func(dead string, most int) string) *services {
	return &services{
		t: t, client: client, make: create, redrive: redrive,
		urls: map[string]string{}, now: time.Now, wait: time.Sleep,
	}
}

// stopClock has time advance by wait alone.
func (s *services) stopClock() {
	at := time.Now()
	s.now = func() time.Time { return at }
	s.wait = func(d time.Duration) { at = at.Add(d) }
}

func (s *services) queue(name string, attributes ...string) string {
	s.urls[name] = s.make(name, attributes...)
	return s.urls[name]
}

// deadLetters makes a queue with a dead letter queue to which goes what was received
// once.
func (s *services) deadLetters(name string, attributes ...string) {
	dead := s.queue(name+"-dead", attributes...)
	s.queue(name, "RedrivePolicy", s.redrive(dead, 1), "VisibilityTimeout", "0")
}

func (s *services) send(name string, n int) {
	send(s.t, s.client, s.urls[name], n)
}

// sendAtOnce is send with ten messages in a request, for a machine that has much to make up for.
func (s *services) sendAtOnce(name string, n int) {
	for ; n > 0; n -= 10 {
		var entries []types.SendMessageBatchRequestEntry
		for i := range min(n, 10) {
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String("{}")})
		}
		if _, err := s.client.SendMessageBatch(s.t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: aws.String(s.urls[name]), Entries: entries}); err != nil {
			s.t.Fatalf("send: %v", err)
		}
	}
}

// receive receives messages, hides them for so many seconds, and deletes them if they
// were processed.
func (s *services) receive(name string, n, hidden int32, done bool) {
	messages := receive(s.t, s.client, s.urls[name], n, hidden)
	if done {
		remove(s.t, s.client, s.urls[name], messages)
	}
}

func (s *services) purge(name string) {
	if _, err := s.client.PurgeQueue(s.t.Context(), &awssqs.PurgeQueueInput{QueueUrl: aws.String(s.urls[name])}); err != nil {
		s.t.Fatal(err)
	}
}

// set sets the redrive policy of a queue; empty is none.
func (s *services) set(name, policy string) {
	s.t.Helper()
	if _, err := s.client.SetQueueAttributes(s.t.Context(), &awssqs.SetQueueAttributesInput{
		QueueUrl: aws.String(s.urls[name]), Attributes: map[string]string{"RedrivePolicy": policy},
	}); err != nil {
		s.t.Fatal(err)
	}
}

// objectives are the shop's. Most queues need no dead letter queue, so that their
// findings are of other modes.
const objectives = "objectives: [{queues: '.*bare.*', max_age: 4s}, {max_age: 4s, dlq: none}]"

// wanted is what playing has to find, by queue.
var wanted = []string{
	"bare-robbed: dlq_missing",
	"bare: dlq_missing",
	"failing-dead: dlq_filling",
	"growing: backlog_growing",
	"hanging: consumer_stalled",
	"looping: retry_loop",
	"short-dead: dlq_filling",
	"short-dead: message_expiring",
	"unread: consumer_absent",
}

// play plays, all at once, queues in trouble and queues that only seem to be, and
// returns what the decisions make of the readings.
func (s *services) play(want []string, read func() signal.Report) []string {
	detector := detect.New()
	found := map[string]string{}
	look := func() {
		began := s.now()
		r := read()
		r.TargetID = signal.TargetID{Collector: "sqs", Target: "main"}
		r.At, r.Duration, r.Interval = s.now(), s.now().Sub(began), 5*time.Second
		for _, change := range detector.Observe(&r) {
			f := change.Finding
			found[f.Subject.Destination+": "+string(f.Mode)] = fmt.Sprint(f.Evidence)
		}
	}
	keepsLong, keepsShort := []string{"MessageRetentionPeriod", "1209600"}, []string{"MessageRetentionPeriod", "3600"}
	s.deadLetters("failing", keepsLong...)
	s.deadLetters("mended", keepsLong...)
	s.deadLetters("short", keepsShort...)
	for _, name := range []string{"unread", "hanging", "slow", "idle", "purged", "burst", "growing", "looping", "stumbling", "bare"} {
		s.queue(name, "VisibilityTimeout", "0")
	}
	kept := s.redrive(s.urls["failing-dead"], 100)
	s.queue("bare-robbed", "RedrivePolicy", kept)
	s.queue("bare-replaced", "RedrivePolicy", kept)
	s.queue("bare-new")
	look()
	s.set("bare-robbed", "")
	s.set("bare-replaced", "")
	for name, n := range map[string]int{"unread": 2, "hanging": 3, "slow": 30, "purged": 5, "burst": 10, "looping": 1, "failing": 1, "mended": 1, "short": 1} {
		s.send(name, n)
	}
	s.receive("hanging", 1, 600, false) // and never done with it
	for _, name := range []string{"failing", "mended", "short"} {
		s.receive(name, 10, 0, false)
		s.receive(name, 10, 0, false) // moves it
	}
	s.receive("mended-dead", 10, 60, true)

	began, grown := s.now(), 0
	for second := 0; second < 8 || len(found) < len(want) && second < 40; second++ {
		s.receive("slow", 1, 600, true)
		s.receive("idle", 1, 600, false) // in vain
		s.send("bare", 1)
		s.receive("bare", 10, 600, true)
		s.receive("growing", 2, 600, true)
		s.send("stumbling", 4)
		if second > 0 {
			s.receive("stumbling", 2, 0, false) // fails, and succeeds the next time
		}
		s.receive("stumbling", 10, 600, true)
		for range 10 {
			s.receive("looping", 1, 0, false)
		}
		switch second {
		case 1:
			s.receive("burst", 10, 600, true)
			s.set("bare-replaced", kept)
			s.set("bare-new", kept)
		case 2:
			s.purge("purged")
		}
		// Twenty messages a second in what grows.
		for end := began.Add(time.Duration(second+1) * time.Second); s.now().Before(end); s.wait(200 * time.Millisecond) {
			due := int(s.now().Sub(began)/(50*time.Millisecond)) - grown
			s.sendAtOnce("growing", due)
			grown += due
			look()
		}
	}
	for what, evidence := range found {
		if !slices.ContainsFunc(wanted, func(w string) bool { return strings.HasSuffix(what, w) }) {
			s.t.Logf("%s: %s", what, evidence)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// TestReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt plays on the embedded server,
// which is its own CloudWatch, in virtual time: on a busy machine the shop's services would
// stand still, too.
func TestReadingsTellWhatIsWrongFromWhatOnlyLooksLikeIt(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, v *virtual) {
		v.Resolution = time.Second
		client := v.client()
		shop := newServices(t, client, func(name string, attributes ...string) string { return create(t, client, name, attributes...) },
			func(dead string, most int) string { return redrive(dead[strings.LastIndexByte(dead, '/')+1:], most) })
		reader := v.watch(append(quick, objectives)...)
		got := shop.play(wanted, func() signal.Report { return whole(t, reader) })
		if !slices.Equal(got, wanted) {
			t.Errorf("found %q, want %q", got, wanted)
		}
	})
}
