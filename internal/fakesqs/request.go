package fakesqs

import "encoding/json"

// request is what requests hold; each action uses a part of it.
type request struct {
	QueueName       string
	QueueURL        string `json:"QueueUrl"`
	QueueNamePrefix string
	NextToken       string
	MaxResults      int

	Attributes     map[string]string
	AttributeNames []string
	QueueTags      map[string]string `json:"Tags"`
	// CreateQueue alone spells it small.
	CreateTags map[string]string `json:"tags"`

	MaxNumberOfMessages int
	WaitTimeSeconds     int
	VisibilityTimeout   *int
	ReceiptHandle       string

	message
	Entries []entry
}

// message is one message to send.
type message struct {
	MessageBody            string
	MessageAttributes      json.RawMessage
	DelaySeconds           *int
	MessageGroupID         string `json:"MessageGroupId"`
	MessageDeduplicationID string `json:"MessageDeduplicationId"`
}

// entry is one part of a batch.
type entry struct {
	ID            string `json:"Id"`
	ReceiptHandle string
	message
}
