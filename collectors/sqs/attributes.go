package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lostorder/lostorder/internal/signal"
)

var errNoCount = errors.New("the answer does not contain the number")

const (
	// longestRetention is well above the 14 days that AWS allows; an emulator may allow more.
	longestRetention = 10 * 365 * 24 * time.Hour
	// largestCount is above any number of messages, and sums of a few do not overflow.
	largestCount = 1 << 53
)

// counts are the attributes with how many messages are in a queue.
var counts = []types.QueueAttributeName{
	types.QueueAttributeNameApproximateNumberOfMessages,
	types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
}

// everything requests all attributes: the depth and how the queue is set up come in the
// same request, at the same price, so that neither is older than the other. Emulators
// refuse names that they do not know.
var everything = []types.QueueAttributeName{types.QueueAttributeNameAll}

// setting is how a queue is set up.
type setting struct {
	arn           string
	retention     time.Duration
	delay         time.Duration // until a new message can be received
	deadLetterARN string
	maxReceives   signal.Count
	allows        allowPolicy
	unreadable    string // the policy that could not be understood
}

// allowPolicy is a redrive-allow policy: the queues that may use this one as their dead
// letter queue.
type allowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// readAttributes reads the depths of queues and how they are set up.
func (r *reading) readAttributes(ctx context.Context, queues []*queue) {
	each(queues, func(q *queue) {
		var answer *awssqs.GetQueueAttributesOutput
		err := r.call(ctx, func(ctx context.Context) (err error) {
			answer, err = r.clients.sqs.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: everything})
			return err
		})
		if err == nil {
			err = q.take(answer.Attributes, r.config.keepsDepths())
		}
		switch {
		case err == nil:
		case isGone(err):
			// The list still contains a queue for a minute after it was deleted. One that the
			// config names is a warning if it was read before, otherwise an error.
			q.gone = true
			if r.config.Queues.names() != nil && q.listed && q.at.IsZero() {
				r.note(q, err, actionAttributes)
			}
		default:
			r.note(q, err, actionAttributes)
		}
	})
}

// take stores the attributes of the queue.
func (q *queue) take(attributes map[string]string, keeps time.Duration) error {
	var d depth
	for i, to := range []*signal.Count{&d.ready, &d.inFlight, &d.delayed} {
		n, err := strconv.ParseInt(attributes[string(counts[i])], 10, 64)
		if err != nil || n < 0 || n > largestCount {
			return fmt.Errorf("%s: %w", counts[i], errNoCount)
		}
		*to = signal.Count(n)
	}
	q.setting = settingOf(attributes)
	q.gone = false
	q.depth, q.at = d, time.Now()
	q.past.observe(d, q.at)
	q.remember(q.at, keeps)
	return nil
}

// settingOf reads how a queue is set up.
func settingOf(attributes map[string]string) setting {
	s := setting{arn: attributes[string(types.QueueAttributeNameQueueArn)], maxReceives: signal.Unknown}
	if seconds, err := strconv.ParseInt(attributes[string(types.QueueAttributeNameMessageRetentionPeriod)], 10, 64); err == nil && seconds > 0 {
		s.retention = time.Duration(min(seconds, int64(longestRetention/time.Second))) * time.Second
	}
	if seconds, err := strconv.ParseInt(attributes[string(types.QueueAttributeNameDelaySeconds)], 10, 64); err == nil && seconds > 0 {
		s.delay = time.Duration(min(seconds, int64(longestRetention/time.Second))) * time.Second
	}
	if text := attributes[string(types.QueueAttributeNameRedrivePolicy)]; text != "" {
		var policy struct {
			Target string `json:"deadLetterTargetArn"`
			// The console writes a number, many tools write a string.
			MaxReceives any `json:"maxReceiveCount"`
		}
		if json.Unmarshal([]byte(text), &policy) != nil {
			s.unreadable = "RedrivePolicy"
		}
		s.deadLetterARN = policy.Target
		if n, err := strconv.ParseInt(fmt.Sprint(policy.MaxReceives), 10, 32); err == nil {
			s.maxReceives = signal.Count(n)
		}
	}
	if text := attributes[string(types.QueueAttributeNameRedriveAllowPolicy)]; text != "" {
		if json.Unmarshal([]byte(text), &s.allows) != nil {
			s.unreadable = "RedriveAllowPolicy"
		}
	}
	return s
}

// fifo reports whether the queue keeps the order of its messages.
func (q *queue) fifo() bool { return strings.HasSuffix(q.name, ".fifo") }

// failsElsewhere reports whether the redrive policy names a queue of another region or
// account, which AWS does not support. A queue of the same name may exist here.
func (q *queue) failsElsewhere() bool {
	to, is := q.setting.deadLetterARN, q.setting.arn
	return to != "" && is != "" && strings.TrimSuffix(to, nameOf(to)) != strings.TrimSuffix(is, nameOf(is))
}
