package sqs_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/turn" // as the poller has it
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	accessKey = "AKIDLOSTORDERTEST000"
	secretKey = "correct-horse-battery-staple"
	token     = "session-token-of-the-test"
)

// login puts credentials into the environment and keeps the files of this
// machine's user out.
func login(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	t.Setenv("AWS_SESSION_TOKEN", token)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/credentials")
}

// shop is an embedded server and a client of it.
type shop struct {
	*fakesqs.Server
	t      *testing.T
	client *awssqs.Client
}

func open(t *testing.T) *shop {
	t.Helper()
	login(t)
	server, err := fakesqs.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &shop{server, t, client(t, server.URL())}
}

// client returns a client that sends and receives, as a shop's services do.
func client(t *testing.T, endpoint string) *awssqs.Client {
	t.Helper()
	return awssqs.New(awssqs.Options{
		Region: fakesqs.Region, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
}

// queue makes a queue; attributes come as name and value in turn.
func (s *shop) queue(name string, attributes ...string) string {
	s.t.Helper()
	return create(s.t, s.client, name, attributes...)
}

func create(t *testing.T, c *awssqs.Client, name string, attributes ...string) string {
	t.Helper()
	given := map[string]string{}
	for i := 0; i+1 < len(attributes); i += 2 {
		given[attributes[i]] = attributes[i+1]
	}
	if strings.HasSuffix(name, ".fifo") {
		given["FifoQueue"] = "true"
	}
	answer, err := c.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: given})
	if err != nil {
		t.Fatalf("create queue %s: %v", name, err)
	}
	return *answer.QueueUrl
}

// redrive is the attribute that gives a queue a dead letter queue.
func redrive(to string, most int) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arn(to), most)
}

func arn(name string) string {
	return "arn:aws:sqs:" + fakesqs.Region + ":" + fakesqs.Account + ":" + name
}

func send(t *testing.T, c *awssqs.Client, url string, n int) {
	t.Helper()
	for i := range n {
		in := &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(fmt.Sprintf(`{"order":"o-%d"}`, i))}
		if strings.HasSuffix(url, ".fifo") {
			in.MessageGroupId, in.MessageDeduplicationId = aws.String("g"), aws.String(fmt.Sprint(i))
		}
		if _, err := c.SendMessage(t.Context(), in); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
}

// receive takes up to n messages and hides them for so many seconds.
func receive(t *testing.T, c *awssqs.Client, url string, n, hidden int32) []types.Message {
	t.Helper()
	answer, err := c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: n, VisibilityTimeout: hidden,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return answer.Messages
}

func remove(t *testing.T, c *awssqs.Client, url string, messages []types.Message) {
	t.Helper()
	for _, m := range messages {
		if _, err := c.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
}

// settings loads a config of one target with more lines.
func settings(t *testing.T, endpoint string, lines ...string) sqs.Config {
	t.Helper()
	text := "sqs:\n  - name: main\n    region: " + fakesqs.Region + "\n    endpoint: " + endpoint + "\n"
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	f, err := config.Parse("test.yml", []byte(text), ".", []config.Section{sqs.Source().Section})
	if err != nil {
		t.Fatalf("config: %v\n%s", err, text)
	}
	return config.Items[sqs.Config](f, "sqs")[0]
}

const noCloudWatch = "cloudwatch: {enabled: false}"

// fast are the lines of a config whose slow clocks are quick.
const fast = "max_requests_per_second: 1000"

// watch returns a reader that is closed at the end of the test.
func watch(t *testing.T, c sqs.Config) collectors.Reader {
	r := sqs.NewReader(c, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// read takes one reading, with time for it on a busy machine, too.
func read(t *testing.T, r collectors.Reader) (signal.Report, error) {
	t.Helper()
	return readWithin(t, r, 2*time.Minute)
}

// whole takes one reading that has to be whole.
func whole(t *testing.T, r collectors.Reader) signal.Report {
	t.Helper()
	report, err := read(t, r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return report
}

func queueIn(t *testing.T, r signal.Report, name string) signal.Queue {
	t.Helper()
	for _, q := range r.Queues {
		if q.Destination == name {
			return q
		}
	}
	t.Fatalf("no queue %s among %d", name, len(r.Queues))
	return signal.Queue{}
}

func deadIn(t *testing.T, r signal.Report, name string) signal.DeadLetterQueue {
	t.Helper()
	for _, d := range r.DeadLetters {
		if d.Destination == name {
			return d
		}
	}
	t.Fatalf("no dead letter queue %s among %d", name, len(r.DeadLetters))
	return signal.DeadLetterQueue{}
}

// readWithin takes one reading that has so much time.
func readWithin(t *testing.T, r collectors.Reader, d time.Duration) (signal.Report, error) {
	t.Helper()
	ctx, cancel := turn.WithTimeout(context.Background(), d)
	defer cancel()
	var report signal.Report
	err := r.Read(ctx, &report)
	return report, err
}

// tag makes a queue one of the checkout team's.
func tag(t *testing.T, s *shop, url string) {
	t.Helper()
	if _, err := s.client.TagQueue(t.Context(), &awssqs.TagQueueInput{QueueUrl: &url, Tags: map[string]string{"team": "checkout"}}); err != nil {
		t.Fatal(err)
	}
}
