package sqs_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/sqs"
)

// FuzzAttributes reads the attributes of a queue as AWS, or a stand-in, may send them.
func FuzzAttributes(f *testing.F) {
	f.Add("1", "0", "0", "345600", `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:1:dead","maxReceiveCount":3}`, `{"redrivePermission":"byQueue","sourceQueueArns":["a"]}`, "arn:aws:sqs:eu-central-1:1:orders")
	f.Add("-1", "1e3", "99999999999999999999", "9223372036854775807", `{"maxReceiveCount":"7"}`, `[`, "orders")
	f.Add("", " 1", "+1", "-5", `{"maxReceiveCount":{}}`, `{"sourceQueueArns":[[[]]]}`, ":::::")
	f.Fuzz(func(t *testing.T, ready, inFlight, delayed, retention, redrive, allow, arn string) {
		counts, kept, receives, err := sqs.TakeAttributes(map[string]string{
			"ApproximateNumberOfMessages": ready, "ApproximateNumberOfMessagesNotVisible": inFlight, "ApproximateNumberOfMessagesDelayed": delayed,
			"MessageRetentionPeriod": retention, "RedrivePolicy": redrive, "RedriveAllowPolicy": allow, "QueueArn": arn,
		})
		for _, n := range counts {
			if n < 0 || n > 1<<53 {
				t.Errorf("%q, %q and %q are %v messages (%v)", ready, inFlight, delayed, counts, err)
			}
		}
		if kept < 0 || kept > 10*366*24*time.Hour || receives < -1 {
			t.Errorf("%q is a retention of %s, %q is %d receives", retention, kept, redrive, receives)
		}
	})
}
