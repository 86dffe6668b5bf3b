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

// The actions that lostorder needs, as policies name them.
const (
	actionList       = "sqs:ListQueues"
	actionURL        = "sqs:GetQueueUrl"
	actionAttributes = "sqs:GetQueueAttributes"
	actionTags       = "sqs:ListQueueTags"
	actionSources    = "sqs:ListDeadLetterSourceQueues"
	actionMetrics    = "cloudwatch:GetMetricData"
)

// pageSize is AWS's limit of queues on one page of the list.
const pageSize = 1000

// mostQueues is the most queues of one target. More need several entries with prefixes.
const mostQueues = 200_000

var errTooManyQueues = fmt.Errorf("list queues: there are more than %d; split them into several entries by queues.prefix", mostQueues)

// letters are the characters of queue names. Emulators allow more of them than AWS.
var letters = regexp.MustCompile(`^[\pL\pN_.-]+$`)

// possibleName reports whether a queue can have this name. The length is checked
// separately, because in the regular expression it would take 10 MB.
func possibleName(name string) bool {
	const longest = 256
	return utf8.RuneCountInString(name) <= longest && letters.MatchString(name)
}

// plainName matches a pattern that is a plain name.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}(\\?\.fifo)?$`)

// discover finds the queues that the config selects, and drops deleted ones.
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

// list reads all queues with the prefix, page by page.
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

// byName finds queues one by one, which needs no permission to list queues. Their URLs
// never change.
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
		return nil, errors.New("the config names no queue")
	}
	return slices.Collect(maps.Values(r.named)), nil
}

// names returns the names of the queues if the config names each of them, otherwise
// nil.
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

// fits reports whether the config selects a queue by its name.
func (q *Queues) fits(name string) bool {
	return strings.HasPrefix(name, q.Prefix) && q.Match(name)
}

// refuses reports whether a queue is excluded by name.
func (q *Queues) refuses(name string) bool {
	return slices.ContainsFunc(q.Exclude, func(p config.Pattern) bool { return p.MatchString(name) })
}

// tagged reports whether a queue has the tags that the config requires.
func (c *Config) tagged(q *queue) bool {
	for key, value := range c.Queues.Tags {
		if is, ok := q.tags[key]; !ok || is != value {
			return false
		}
	}
	return true
}

// readTags reads the tags of queues if the config selects by tags.
func (r *reading) readTags(ctx context.Context) {
	if len(r.config.Queues.Tags) == 0 {
		return
	}
	due := slices.DeleteFunc(r.all(), func(q *queue) bool { return !q.listed || !r.due(q.tagsAt, r.now) })
	each(due, func(q *queue) {
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
