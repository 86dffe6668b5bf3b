package sqs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/config"
)

// What is asked for, in the words of a policy.
const (
	actionList       = "sqs:ListQueues"
	actionURL        = "sqs:GetQueueUrl"
	actionAttributes = "sqs:GetQueueAttributes"
	actionTags       = "sqs:ListQueueTags"
	actionSources    = "sqs:ListDeadLetterSourceQueues"
	actionMetrics    = "cloudwatch:GetMetricData"
)

// pageSize is how many queues a page of the list may hold; AWS gives no more.
const pageSize = 1000

// mostQueues is how many queues one target lists. Whoever has more splits them by prefix.
const mostQueues = 200_000

var errTooManyQueues = fmt.Errorf("list queues: there are more than %d; choose some by queues.prefix, in several entries", mostQueues)

// letters are what the name of a queue may hold, with room for a stand-in that allows
// more than AWS does.
var letters = regexp.MustCompile(`^[\pL\pN_.-]+$`)

// possibleName reports whether a queue may have this name. Its length is not in the
// expression, where it would take 10 MB.
func possibleName(name string) bool {
	const longest = 256
	return utf8.RuneCountInString(name) <= longest && letters.MatchString(name)
}

// plainName is a pattern that is a name and nothing else.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}(\\?\.fifo)?$`)

// discover finds the queues that the config chooses. Queues that are gone are
// forgotten.
func (r *reading) discover(ctx context.Context) error {
	var urls []string
	var err error
	if names := r.config.Queues.names(); names != nil {
		urls, err = r.byName(ctx, names)
	} else {
		urls, err = r.list(ctx)
	}
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, url := range urls {
		name := nameOf(url)
		r.lost.See(name)
		if !r.config.Queues.fits(name) {
			continue
		}
		found[name] = true
		q := r.queues[name]
		if q == nil {
			q = &queue{name: name}
			r.queues[name] = q
		}
		q.url, q.listed, q.gone = url, true, false
	}
	for name, q := range r.queues {
		if q.listed && !found[name] {
			delete(r.queues, name)
		}
	}
	return nil
}

// list asks for all queues with the prefix, page by page.
func (r *reading) list(ctx context.Context) ([]string, error) {
	var urls []string
	in := &awssqs.ListQueuesInput{MaxResults: aws.Int32(pageSize)}
	if r.config.Queues.Prefix != "" {
		in.QueueNamePrefix = aws.String(r.config.Queues.Prefix)
	}
	for {
		var page *awssqs.ListQueuesOutput
		err := r.call(ctx, func(ctx context.Context) (err error) {
			page, err = r.clients.sqs.ListQueues(ctx, in)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list queues: %s", r.config.explain(err, actionList))
		}
		for _, url := range page.QueueUrls {
			if name := nameOf(url); !possibleName(name) {
				r.missing.Add("list queues", fmt.Sprintf("%.64q is not the name of a queue; check endpoint", name))
				continue
			}
			urls = append(urls, url)
		}
		if len(urls) > mostQueues {
			return nil, errTooManyQueues
		}
		if aws.ToString(page.NextToken) == "" || aws.ToString(page.NextToken) == aws.ToString(in.NextToken) {
			return urls, nil
		}
		in.NextToken = page.NextToken
	}
}

// byName asks for queues one by one, for which no right to list queues is needed.
// Their URLs never change.
func (r *reading) byName(ctx context.Context, names []string) ([]string, error) {
	for _, name := range names {
		if r.named[name] != "" {
			continue
		}
		var answer *awssqs.GetQueueUrlOutput
		err := r.call(ctx, func(ctx context.Context) (err error) {
			answer, err = r.clients.sqs.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: &name})
			return err
		})
		switch {
		case err == nil:
			r.named[name] = aws.ToString(answer.QueueUrl)
		case code(err) == "" || isThrottling(err):
			return nil, fmt.Errorf("find queue %s: %s", name, r.config.explain(err, actionURL))
		default:
			r.missing.Add(name, r.config.explain(err, actionURL))
		}
	}
	if len(r.named) == 0 {
		if err := r.missing.Err(); err != nil {
			return nil, err
		}
		return nil, errors.New("no queue is named")
	}
	return slices.Collect(maps.Values(r.named)), nil
}

// names returns the names of the queues when the config names each; nil when it
// chooses them in other ways.
func (q *Queues) names() []string {
	if q.Prefix != "" || len(q.Include) == 0 {
		return nil
	}
	var names []string
	for _, p := range q.Include {
		if !plainName.MatchString(p.String()) {
			return nil
		}
		names = append(names, strings.ReplaceAll(p.String(), `\.`, "."))
	}
	return names
}

// fits reports whether the name of a queue is one that the config chooses.
func (q *Queues) fits(name string) bool {
	return strings.HasPrefix(name, q.Prefix) && q.Match(name)
}

// refuses reports whether a queue is excluded by name.
func (q *Queues) refuses(name string) bool {
	return slices.ContainsFunc(q.Exclude, func(p config.Pattern) bool { return p.MatchString(name) })
}

// tagged reports whether a queue carries the tags that the config asks for.
func (c *Config) tagged(q *queue) bool {
	for key, value := range c.Queues.Tags {
		if is, ok := q.tags[key]; !ok || is != value {
			return false
		}
	}
	return true
}

// readTags reads the tags of queues where the config chooses by them.
func (r *reading) readTags(ctx context.Context) {
	if len(r.config.Queues.Tags) == 0 {
		return
	}
	stale := slices.DeleteFunc(r.all(), func(q *queue) bool { return !q.listed || !r.due(q.tagsAt, r.now) })
	each(stale, func(q *queue) {
		var answer *awssqs.ListQueueTagsOutput
		err := r.call(ctx, func(ctx context.Context) (err error) {
			answer, err = r.clients.sqs.ListQueueTags(ctx, &awssqs.ListQueueTagsInput{QueueUrl: &q.url})
			return err
		})
		switch {
		case err == nil:
			q.tags, q.tagsAt = answer.Tags, r.now
		case !isGone(err):
			r.note(q, err, actionTags)
		}
	})
}

// nameOf returns the name in a queue's URL or ARN.
func nameOf(address string) string { return address[strings.LastIndexAny(address, "/:")+1:] }
