package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// statement is one statement of an IAM policy.
type statement struct {
	Effect   string
	Action   []string
	Resource []string
}

// Advise returns the permissions that the target needs, as policies to paste, and the cost.
func (r *reader) Advise(context.Context) []collectors.Advice {
	ofQueues := statement{Effect: "Allow", Action: []string{actionAttributes, actionSources}, Resource: r.watchedARNs()}
	ofAll := statement{Effect: "Allow", Resource: []string{"*"}}
	if r.config.Queues.names() != nil {
		ofQueues.Action = append(ofQueues.Action, actionURL)
	} else {
		ofAll.Action = append(ofAll.Action, actionList)
	}
	if len(r.config.Queues.Tags) > 0 {
		ofQueues.Action = append(ofQueues.Action, actionTags)
	}
	if r.config.CloudWatch.Enabled {
		ofAll.Action = append(ofAll.Action, actionMetrics)
	}
	rights := []statement{ofQueues}
	if len(ofAll.Action) > 0 {
		rights = append(rights, ofAll) // these actions support no resources
	}
	advice := []collectors.Advice{{
		Kind: collectors.Grant, Text: "to read the queues that are watched and their dead letter queues, and nothing else", Paste: policy(rights...),
	}}
	if role := r.config.RoleARN; role != "" {
		advice = append(advice, collectors.Advice{
			Kind: collectors.Grant, Text: "for the identity that assumes the role; the role's trust policy must name it",
			Paste: policy(statement{Effect: "Allow", Action: []string{"sts:AssumeRole"}, Resource: []string{role}}),
		})
	}
	if queues := len(r.all()); queues > 0 {
		advice = append(advice, collectors.Advice{Kind: collectors.Cost, Text: r.config.priceOf(queues)})
	}
	return advice
}

// watchedARNs returns the ARNs of the queues that the config selects and of their dead
// letter queues.
func (r *reader) watchedARNs() []string {
	patterns := r.config.Queues.scope()
	for _, q := range r.all() {
		if !slices.ContainsFunc(patterns, func(p string) bool {
			prefix, open := strings.CutSuffix(p, "*")
			return p == q.name || open && strings.HasPrefix(q.name, prefix)
		}) {
			patterns = append(patterns, q.name)
		}
	}
	home := r.home()
	for i := range patterns {
		patterns[i] = home + patterns[i]
	}
	return patterns
}

// scope returns the names that the policy must cover, with * as a wildcard.
func (q *Queues) scope() []string {
	s := collectors.ScopeOf(q.Include)
	patterns := slices.DeleteFunc(s.Names, func(name string) bool { return !strings.HasPrefix(name, q.Prefix) })
	for _, prefix := range s.Prefixes {
		switch {
		case strings.HasPrefix(prefix, q.Prefix):
			patterns = append(patterns, prefix+"*")
		case strings.HasPrefix(q.Prefix, prefix) && !slices.Contains(patterns, q.Prefix+"*"):
			patterns = append(patterns, q.Prefix+"*")
		}
	}
	return patterns
}

// home is the common beginning of the ARNs of all queues in the region and account. It
// is taken from a queue's ARN. Until one is known, only a role contains the account.
func (r *reader) home() string {
	for _, q := range r.all() {
		if arn := q.setting.arn; arn != "" {
			return strings.TrimSuffix(arn, q.name)
		}
	}
	partition, account := "aws", "*"
	if role := strings.Split(r.config.RoleARN, ":"); len(role) > 4 {
		partition, account = role[1], role[4]
	} else {
		for region, is := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"} {
			if strings.HasPrefix(r.config.Region, region) {
				partition = is
			}
		}
	}
	return strings.Join([]string{"arn", partition, "sqs", r.config.Region, account, ""}, ":")
}

// policy writes a policy with one line for each list, to keep it short.
func policy(rights ...statement) string {
	var b strings.Builder
	b.WriteString("{\"Version\": \"2012-10-17\", \"Statement\": [")
	for i, s := range rights {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n  {\"Effect\": %q,\n   \"Action\": %s,\n   \"Resource\": %s}", s.Effect, list(s.Action), list(s.Resource))
	}
	b.WriteString("\n]}")
	return b.String()
}

func list(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		text, _ := json.Marshal(word)
		quoted[i] = string(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
