package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// The warehouse's queues, each with a dead letter queue beside it.
const (
	queueReservations = "reservations"
	queueReturns      = "returns"
	deadLetterSuffix  = "-dlq"
)

const (
	parcelEvery = 300 * time.Millisecond
	// retryAfter is the visibility timeout.
	retryAfter  = time.Second
	maxReceives = 3
)

// warehouse is the services on SQS: one reserves what was ordered, one takes back what
// customers return.
type warehouse struct {
	server *fakesqs.Server
	client *sqs.Client
	urls   map[string]string
}

// openWarehouse starts an SQS server with the queues of the warehouse.
func openWarehouse(ctx context.Context) (*warehouse, error) {
	server, err := fakesqs.Start()
	if err != nil {
		return nil, fmt.Errorf("start embedded SQS: %w", err)
	}
	server.Resolution = paced(ctx, time.Second) // real CloudWatch has one minute
	w := &warehouse{
		server: server,
		client: sqs.New(sqs.Options{
			Region: fakesqs.Region, BaseEndpoint: aws.String(server.URL()),
			Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
		}),
		urls: map[string]string{},
	}
	for _, name := range []string{queueReservations, queueReturns} {
		// A dead letter keeps the time it was first sent: its queue must retain messages
		// longer.
		dead := map[string]string{"MessageRetentionPeriod": "1209600"}
		if err := errors.Join(w.create(ctx, name+deadLetterSuffix, dead),
			w.create(ctx, name, map[string]string{"VisibilityTimeout": fmt.Sprint(paced(ctx, retryAfter).Seconds())}),
			w.redrive(ctx, name)); err != nil {
			_ = server.Close()
			return nil, err
		}
	}
	return w, nil
}

func (w *warehouse) create(ctx context.Context, name string, attributes map[string]string) error {
	answer, err := w.client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		return fmt.Errorf("create queue %s: %w", name, err)
	}
	w.urls[name] = aws.ToString(answer.QueueUrl)
	return nil
}

// redrive sets the dead letter queue of a queue.
func (w *warehouse) redrive(ctx context.Context, name string) error {
	return w.setRedrive(ctx, name, fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:%s:%s:%s","maxReceiveCount":%d}`,
		fakesqs.Region, fakesqs.Account, name+deadLetterSuffix, maxReceives))
}

func (w *warehouse) setRedrive(ctx context.Context, name, policy string) error {
	_, err := w.client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: aws.String(w.urls[name]), Attributes: map[string]string{"RedrivePolicy": policy},
	})
	if err != nil {
		return fmt.Errorf("set the redrive policy of %s: %w", name, err)
	}
	return nil
}

func (w *warehouse) send(ctx context.Context, name, orderID string) error {
	_, err := w.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(w.urls[name]), MessageBody: &orderID})
	return err
}

// take receives messages for up to a second and deletes those that deal accepts.
func (w *warehouse) take(ctx context.Context, name string, deal func(orderID string) bool) (taken int, err error) {
	url := aws.String(w.urls[name])
	answer, err := w.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
	if err != nil {
		return 0, err
	}
	var done []types.DeleteMessageBatchRequestEntry
	for i, m := range answer.Messages {
		if deal(aws.ToString(m.Body)) {
			done = append(done, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(done) > 0 {
		_, err = w.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: done})
	}
	return len(done), err
}

// stock runs the consumer and the publisher of a queue.
func (s *Shop) stock(ctx context.Context, name string) {
	s.running.Go(func() {
		for pause(ctx, parcelEvery) {
			_ = s.warehouse.send(ctx, name, s.newOrderID())
		}
	})
	s.running.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.warehouse.take(ctx, name, s.put); err != nil {
				pause(ctx, parcelEvery)
			}
		}
	})
}

// put processes a message, unless its fate is to fail.
func (s *Shop) put(orderID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fates[orderID]
	if f.failures > 0 {
		f.failures--
		s.fates[orderID] = f
		return false
	}
	return !f.poison
}

// sendWithFate sends a message of a new order with the given fate.
func (s *Shop) sendWithFate(ctx context.Context, name string, f fate) error {
	orderID := s.newOrderID()
	s.mu.Lock()
	s.fates[orderID] = f
	s.mu.Unlock()
	return s.warehouse.send(ctx, name, orderID)
}

func sqsQueue(name string) signal.Subject {
	return signal.Subject{System: signal.SQS, Cluster: "shop", Destination: name}
}

// login sets dummy credentials for the embedded SQS, which accepts any, so that the demo
// never uses the user's own.
func login() error {
	var errs []error
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_CA_BUNDLE": "", "AWS_ENDPOINT_URL": "",
		"AWS_ENDPOINT_URL_SQS": "", "AWS_ENDPOINT_URL_CLOUDWATCH": "",
	} {
		errs = append(errs, os.Setenv(name, value))
	}
	return errors.Join(errs...)
}
