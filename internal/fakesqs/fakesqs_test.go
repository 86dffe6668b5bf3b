package fakesqs_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/internal/fakesqs"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The connections of the SDK's client, which it never closes itself.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func start(t *testing.T) *fakesqs.Server {
	t.Helper()
	s, err := fakesqs.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestItBehavesAsSQSDoes(t *testing.T) { behaves(t, start(t).URL()) }

// user is a client and the queues of one test.
type user struct {
	*sqs.Client
	t      *testing.T
	prefix string
}

func connect(t *testing.T, endpoint string) user {
	t.Helper()
	c := sqs.New(sqs.Options{
		Region: fakesqs.Region, BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	return user{c, t, fmt.Sprintf("f%x-", time.Now().UnixNano())}
}

func (u user) queue(name string, attributes map[string]string) string {
	u.t.Helper()
	answer, err := u.CreateQueue(u.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(u.prefix + name), Attributes: attributes})
	if err != nil {
		u.t.Fatal(err)
	}
	return *answer.QueueUrl
}

func (u user) attribute(url, name string) string {
	u.t.Helper()
	answer, err := u.GetQueueAttributes(u.t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeName(name)},
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return answer.Attributes[name]
}

func (u user) depth(url string) string {
	u.t.Helper()
	return u.attribute(url, "ApproximateNumberOfMessages") + "/" + u.attribute(url, "ApproximateNumberOfMessagesNotVisible") + "/" +
		u.attribute(url, "ApproximateNumberOfMessagesDelayed")
}

func (u user) send(url, group string, bodies ...string) {
	u.t.Helper()
	for _, body := range bodies {
		in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(body)}
		if group != "" {
			in.MessageGroupId, in.MessageDeduplicationId = &group, aws.String(group+body)
		}
		if _, err := u.SendMessage(u.t.Context(), in); err != nil {
			u.t.Fatal(err)
		}
	}
}

func (u user) receive(url string, n, wait int32) (messages []types.Message, bodies []string) {
	u.t.Helper()
	answer, err := u.ReceiveMessage(u.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: n, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		u.t.Fatal(err)
	}
	for _, m := range answer.Messages {
		bodies = append(bodies, *m.Body)
	}
	return answer.Messages, bodies
}

// behaves is what the server must have in common with any other SQS server.
func behaves(t *testing.T, endpoint string) {
	t.Run("a message that is received is hidden, comes back when it is let go, and is gone when deleted", func(t *testing.T) {
		u := connect(t, endpoint)
		url := u.queue("orders", nil)
		u.send(url, "", "a", "b")
		messages, _ := u.receive(url, 10, 0)
		if len(messages) != 2 || u.depth(url) != "0/2/0" {
			t.Fatalf("received %d, then %s", len(messages), u.depth(url))
		}
		if _, err := u.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: messages[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		if _, err := u.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: messages[1].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		if got := u.depth(url); got != "1/0/0" {
			t.Errorf("after one was deleted and one let go: %s", got)
		}
		if again, _ := u.receive(url, 10, 0); len(again) != 1 || again[0].Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("received again: %+v", again)
		}
	})
	t.Run("a message that was received too often goes to the dead letter queue", func(t *testing.T) {
		u := connect(t, endpoint)
		dead := u.queue("dead", nil)
		url := u.queue("orders", map[string]string{
			"VisibilityTimeout": "0",
			"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, u.attribute(dead, "QueueArn")),
		})
		u.send(url, "", "poison")
		for range 3 {
			u.receive(url, 1, 0)
		}
		if u.depth(url) != "0/0/0" || u.depth(dead) != "1/0/0" {
			t.Errorf("the queue has %s, its dead letter queue %s", u.depth(url), u.depth(dead))
		}
		sources, err := u.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead})
		if err != nil || !slices.Equal(sources.QueueUrls, []string{url}) {
			t.Errorf("sources %+v, %v", sources, err)
		}
	})
	t.Run("a FIFO queue keeps the order of a group, and takes a message once", func(t *testing.T) {
		u := connect(t, endpoint)
		url := u.queue("orders.fifo", map[string]string{"FifoQueue": "true"})
		u.send(url, "x", "1", "2", "2")
		u.send(url, "y", "3")
		if u.depth(url) != "3/0/0" {
			t.Errorf("it holds %s", u.depth(url))
		}
		if _, bodies := u.receive(url, 1, 0); !slices.Equal(bodies, []string{"1"}) {
			t.Errorf("first comes %v", bodies)
		}
		if _, bodies := u.receive(url, 10, 0); !slices.Equal(bodies, []string{"3"}) {
			t.Errorf("while a message of a group is in flight comes %v", bodies)
		}
	})
	t.Run("a receiver that waits gets a message as soon as it is sent", func(t *testing.T) {
		u := connect(t, endpoint)
		url := u.queue("orders", nil)
		began := time.Now()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = u.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("a"), DelaySeconds: 1})
		}()
		_, bodies := u.receive(url, 1, 10)
		<-sent
		if took := time.Since(began); len(bodies) != 1 || took > 8*time.Second {
			t.Errorf("received %v after %s", bodies, took)
		}
	})
	t.Run("batches", func(t *testing.T) {
		u := connect(t, endpoint)
		url := u.queue("orders", nil)
		sent, err := u.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("1"), MessageBody: aws.String("a")}, {Id: aws.String("2"), MessageBody: aws.String("b")},
		}})
		if err != nil || len(sent.Successful) != 2 {
			t.Fatalf("sent %+v, %v", sent, err)
		}
		messages, _ := u.receive(url, 10, 0)
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &url}
		for i, m := range messages {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if done, err := u.DeleteMessageBatch(t.Context(), in); err != nil || len(done.Successful) != 2 || u.depth(url) != "0/0/0" {
			t.Errorf("deleted %+v, %v", done, err)
		}
	})
	t.Run("queues are listed in pages, and one that was deleted does not exist", func(t *testing.T) {
		u := connect(t, endpoint)
		var want []string
		for i := range 5 {
			want = append(want, u.queue(fmt.Sprint(i), nil))
		}
		pages := sqs.NewListQueuesPaginator(u.Client, &sqs.ListQueuesInput{QueueNamePrefix: &u.prefix, MaxResults: aws.Int32(2)})
		var got []string
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.QueueUrls...)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		if _, err := u.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &want[0]}); err != nil {
			t.Fatal(err)
		}
		_, err := u.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(u.prefix + "0")})
		if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
			t.Errorf("the deleted queue is answered with %v", err)
		}
	})
}

func TestRetentionCountsFromWhenAMessageWasFirstSent(t *testing.T) {
	u := connect(t, start(t).URL())
	dead := u.queue("dead", map[string]string{"MessageRetentionPeriod": "1"})
	url := u.queue("orders", map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, u.attribute(dead, "QueueArn")),
	})
	u.send(url, "", "poison")
	u.receive(url, 1, 0)
	u.receive(url, 1, 0)
	for deadline := time.Now().Add(time.Minute); u.depth(dead) != "0/0/0"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the dead letter queue keeps %s beyond its retention", u.depth(dead))
		}
	}
}
