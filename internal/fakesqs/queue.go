package fakesqs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queue is one queue and what is in it, oldest first.
type queue struct {
	name       string
	attributes map[string]string
	tags       map[string]string
	created    time.Time
	modified   time.Time
	messages   []*stored
	seen       map[string]sent // by deduplication id
	tally      tally
}

// defaults are the attributes of a queue that was given none.
var defaults = map[string]string{
	"VisibilityTimeout":             "30",
	"MessageRetentionPeriod":        "345600",
	"DelaySeconds":                  "0",
	"ReceiveMessageWaitTimeSeconds": "0",
	"MaximumMessageSize":            "1048576",
}

// redrive is a redrive policy; SQS takes its number as a string, too.
type redrive struct {
	Target      string      `json:"deadLetterTargetArn"`
	MaxReceives json.Number `json:"maxReceiveCount"`
}

func (s *Server) create(base, name string, in *request, now time.Time) (any, error) {
	if name == "" {
		return nil, &Error{Code: "InvalidParameterValue", Message: "a queue needs a name"}
	}
	q := s.queues[name]
	if q == nil {
		q = &queue{
			name: name, attributes: maps.Clone(defaults), tags: map[string]string{},
			created: now, seen: map[string]sent{}, tally: tally{},
		}
		if err := q.set(in.Attributes, now); err != nil {
			return nil, err
		}
		maps.Copy(q.tags, in.CreateTags)
		maps.Copy(q.tags, in.QueueTags)
		s.queues[name] = q
	}
	return map[string]string{"QueueUrl": q.url(base)}, nil
}

func (s *Server) list(base string, in *request) any {
	names := slices.Sorted(maps.Keys(s.queues))
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, in.QueueNamePrefix) || name <= in.NextToken && in.NextToken != ""
	})
	page := cmp.Or(in.MaxResults, 1000)
	answer := map[string]any{}
	if len(names) > page {
		names = names[:page]
		if in.MaxResults > 0 { // without it SQS returns no further page
			answer["NextToken"] = names[page-1]
		}
	}
	urls := make([]string, 0, len(names))
	for _, name := range names {
		urls = append(urls, s.queues[name].url(base))
	}
	answer["QueueUrls"] = urls
	return answer
}

// sources lists the queues whose failures go to q.
func (s *Server) sources(base string, q *queue) any {
	urls := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if s.queues[name].redrive().Target == q.arn() {
			urls = append(urls, s.queues[name].url(base))
		}
	}
	return map[string]any{"queueUrls": urls}
}

func (q *queue) url(base string) string { return base + "/" + Account + "/" + q.name }
func (q *queue) arn() string            { return "arn:aws:sqs:" + Region + ":" + Account + ":" + q.name }
func (q *queue) fifo() bool             { return strings.HasSuffix(q.name, ".fifo") }

// seconds returns an attribute that is a number of seconds.
func (q *queue) seconds(name string) time.Duration {
	n, _ := strconv.Atoi(q.attributes[name])
	return time.Duration(n) * time.Second
}

func (q *queue) redrive() (policy redrive) {
	_ = json.Unmarshal([]byte(q.attributes["RedrivePolicy"]), &policy)
	return policy
}

func (q *queue) set(attributes map[string]string, now time.Time) error {
	for name, value := range attributes {
		if policy := strings.HasPrefix(name, "Redrive"); policy && value != "" && !json.Valid([]byte(value)) {
			return &Error{Code: "InvalidAttributeValue", Message: name + " is not JSON"}
		} else if policy && value == "" {
			delete(q.attributes, name)
			continue
		}
		q.attributes[name] = value
	}
	q.modified = now
	return nil
}

// describe answers with the attributes that were asked for.
func (q *queue) describe(names []string, now time.Time) any {
	all := maps.Clone(q.attributes)
	ready, inFlight, delayed := q.count(now)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(ready)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	all["QueueArn"] = q.arn()
	all["CreatedTimestamp"] = fmt.Sprint(q.created.Unix())
	all["LastModifiedTimestamp"] = fmt.Sprint(q.modified.Unix())
	if q.fifo() {
		all["FifoQueue"] = "true"
	}
	if !slices.Contains(names, "All") {
		maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(names, name) })
	}
	return map[string]any{"Attributes": all}
}
