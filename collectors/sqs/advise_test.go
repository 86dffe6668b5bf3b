package sqs_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/fakesqs"
)

// policy is a policy as AWS understands it.
type policy struct {
	Version   string
	Statement []struct {
		Effect           string
		Action, Resource []string
	}
}

// advised are the policies that are advised for a config.
func advised(t *testing.T, c sqs.Config) (policies []policy, text string) {
	t.Helper()
	for _, a := range collectors.Examine(t.Context(), sqs.Target(c)).Advice {
		if a.Kind != collectors.Grant {
			continue
		}
		var one policy
		if err := json.Unmarshal([]byte(a.Paste), &one); err != nil || one.Version != "2012-10-17" {
			t.Fatalf("%s is no policy: %v", a.Paste, err)
		}
		policies, text = append(policies, one), text+a.Paste
	}
	return policies, text
}

// allows reports whether the policy allows to do something to a queue; to none: to
// whatever there is.
func (p policy) allows(action, queue string) bool {
	service := "sqs:"
	if action == "GetMetricData" {
		service = "cloudwatch:"
	}
	for _, s := range p.Statement {
		if !slices.Contains(s.Action, service+action) {
			continue
		}
		if slices.ContainsFunc(s.Resource, func(pattern string) bool {
			of := "*"
			if queue != "" {
				of = arn(queue)
			}
			fits, _ := path.Match(pattern, of)
			return fits
		}) {
			return true
		}
	}
	return false
}

// TestTheRightsThatAreAdvisedAreEnough lets nothing else through, and then takes away
// one after the other.
func TestTheRightsThatAreAdvisedAreEnough(t *testing.T) {
	for name, test := range map[string]struct {
		lines []string
		want  []string // of what the policy is about
	}{
		"all queues": {
			lines: []string{"queues: {}"},
			want:  []string{"sqs:ListQueues", "cloudwatch:GetMetricData", arn("*")},
		},
		"a prefix, a dead letter queue beside it, and no CloudWatch": {
			lines: []string{"queues: {prefix: shop-}", noCloudWatch},
			want:  []string{"sqs:ListQueues", arn("shop-*"), arn("failed")},
		},
		"names": {
			lines: []string{"queues: {include: [shop-orders, shop-payments]}"},
			want:  []string{"sqs:GetQueueUrl", "cloudwatch:GetMetricData", arn("shop-orders"), arn("shop-payments"), arn("failed")},
		},
		"patterns, and one that fits none": {
			lines: []string{"queues: {prefix: sho, include: ['shop-.*', 'other-.*', 'shop-(a|b)']}", noCloudWatch},
			want:  []string{"sqs:ListQueues", arn("shop-*"), arn("failed")},
		},
		"tags": {
			lines: []string{"queues: {prefix: shop-, tags: {team: checkout}}", noCloudWatch},
			want:  []string{"sqs:ListQueues", "sqs:ListQueueTags", arn("shop-*"), arn("failed")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.queue("failed")
			s.queue("shop-orders", "RedrivePolicy", redrive("failed", 3))
			tag(t, s, s.queue("shop-payments"))
			tag(t, s, s.queue("shop-orders"))
			s.queue("secrets")
			c := settings(t, s.URL(), append([]string{fast}, test.lines...)...)
			policies, text := advised(t, c)
			if len(policies) != 1 {
				t.Fatalf("%d policies", len(policies))
			}
			given, about := policies[0], []string{"sqs:GetQueueAttributes", "sqs:ListDeadLetterSourceQueues"}
			for _, s := range given.Statement {
				for _, what := range append(slices.Clone(s.Action), s.Resource...) {
					if !slices.Contains(append(about, append(test.want, "*")...), what) {
						t.Errorf("more than is needed: %s", what)
					}
				}
			}
			for _, what := range test.want {
				if !strings.Contains(text, `"`+what+`"`) {
					t.Errorf("no %s in %s", what, text)
				}
			}
			s.Fail(func(action, queue string) error {
				if !given.allows(action, queue) {
					return &fakesqs.Error{Code: "AccessDeniedException", Message: action + " " + queue}
				}
				return nil
			})
			if r := whole(t, watch(t, c)); len(r.Queues) == 0 || len(r.DeadLetters) != 1 {
				t.Errorf("with the rights it reads %d queues and %d dead letter queues", len(r.Queues), len(r.DeadLetters))
			}
			for i := range given.Statement {
				all := given.Statement[i].Action
				for j := range all {
					given.Statement[i].Action = slices.Delete(slices.Clone(all), j, j+1)
					if _, err := read(t, watch(t, c)); err == nil || !strings.Contains(err.Error(), "grant "+all[j]) {
						t.Errorf("without %s: %v", all[j], err)
					}
				}
				given.Statement[i].Action = all
			}
		})
	}
}

func TestWhatItCostsIsAdvised(t *testing.T) {
	s := open(t)
	s.queue("dead")
	s.queue("orders", "RedrivePolicy", redrive("dead", 3))
	for line, want := range map[string]string{
		"timeout: 10s": "0.05 US dollars per month at most for requests to SQS about 2 queues (interval 1m), and 0.88 for metrics of CloudWatch (cloudwatch.interval 5m), in most regions",
		noCloudWatch:   "0.05 US dollars per month at most for requests to SQS about 2 queues (interval 1m)",
	} {
		var got []string
		for _, a := range collectors.Examine(t.Context(), sqs.Target(settings(t, s.URL(), fast, line))).Advice {
			if a.Kind == collectors.Cost {
				got = append(got, a.Text)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestTheRightsAreAdvisedBeforeAnythingCanBeRead(t *testing.T) {
	login(t)
	for name, test := range map[string]struct {
		lines []string
		want  []string
	}{
		"nothing is known of the account": {nil, []string{"arn:aws:sqs:eu-central-1:*:*"}},
		"a role tells it, and needs a right itself": {
			[]string{"role_arn: arn:aws-cn:iam::123456789012:role/lostorder", "queues: {prefix: shop-}"},
			[]string{"arn:aws-cn:sqs:eu-central-1:123456789012:shop-*", "sts:AssumeRole", "arn:aws-cn:iam::123456789012:role/lostorder"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, text := advised(t, settings(t, "http://127.0.0.1:1", append(noMetrics, test.lines...)...))
			for _, want := range test.want {
				if !strings.Contains(text, `"`+want+`"`) {
					t.Errorf("no %s in %s", want, text)
				}
			}
		})
	}
}

// TestAPatternThatMatchesNoQueueIsAWarning: what it was meant for is not watched, and the rest
// looks well.
func TestAPatternThatMatchesNoQueueIsAWarning(t *testing.T) {
	s := open(t)
	s.queue("shop-orders", "RedrivePolicy", redrive("failed", 3))
	for name, test := range map[string]struct{ include, want string }{
		"all match":    {"['shop-.*']", ""},
		"one does not": {"['shop-.*', 'shop-refund.*']", `queues.include "shop-refund.*" matches no queue`},
		"none does":    {"['other-.*']", "the config selects no queue in region eu-central-1"},
	} {
		r := whole(t, watch(t, settings(t, s.URL(), fast, noCloudWatch, "queues: {include: "+test.include+"}")))
		if strings.Join(r.Warnings, "; ") != test.want {
			t.Errorf("%s: warns %q, want %q", name, r.Warnings, test.want)
		}
	}
}
