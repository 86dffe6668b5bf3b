package sqs

import (
	"context"
	"errors"

	"github.com/lostorder/lostorder/internal/signal"
)

// errNoMessages is why queues cannot be searched.
var errNoMessages = errors.New("SQS shows a message only to a consumer that receives it, and lostorder never receives one")

// Trail names the queues as a place that cannot be searched.
func (r *reader) Trail(context.Context, string) ([]signal.Place, error) {
	return []signal.Place{{Store: "sqs " + r.config.Name, Name: "queues", Holds: "messages", Err: errNoMessages}}, nil
}
