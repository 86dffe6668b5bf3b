package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/config"
)

func TestTheExampleIsLoaded(t *testing.T) {
	f, err := config.Load("example.yaml", []config.Section{sqs.Source().Section})
	if err != nil {
		t.Fatal(err)
	}
	targets := sqs.Source().Targets(f)
	if len(targets) != 1 || targets[0].ID.String() != "sqs/main" {
		t.Fatalf("got %v", targets)
	}
	c, ok := targets[0].Config.(sqs.Config)
	if !ok || c.Queues.Prefix != "shop-" || c.Queues.Tags["team"] != "checkout" || len(c.Queues.Include) != 2 || !c.CloudWatch.Enabled {
		t.Errorf("got %+v", targets[0].Config)
	}
}

func TestTheSmallestConfigHasDefaults(t *testing.T) {
	c := settings(t, "http://localhost:1")
	if time.Duration(c.Interval) != time.Minute || time.Duration(c.Timeout) != 55*time.Second || c.MaxRequestsPerSecond != 20 ||
		time.Duration(c.ConfigInterval) != 5*time.Minute || !c.CloudWatch.Enabled || time.Duration(c.CloudWatch.Interval) != 5*time.Minute ||
		time.Duration(c.CloudWatch.Delay) != 3*time.Minute {
		t.Errorf("got %+v", c)
	}
}

func TestTheTypesOfTheSectionAreDocumented(t *testing.T) {
	if err := config.Lint([]config.Section{sqs.Source().Section}); err != nil {
		t.Error(err)
	}
}

func TestBadConfigIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no region": {
			"sqs: [{name: a}]",
			"sqs[0].region: missing; write for example region: eu-central-1",
		},
		"an endpoint without a scheme": {
			"sqs: [{name: a, region: r, endpoint: 'localhost:4566'}]",
			"test.yml:1:38: sqs[0].endpoint: not a URL; write for example http://localhost:4566",
		},
		"credentials in the endpoint": {
			"sqs: [{name: a, region: r, endpoint: 'http://key:hunter2@localhost'}]",
			"sqs[0].endpoint: contains a user; credentials come only from the default chain (environment, profile, role)",
		},
		"a role that is a name": {
			"sqs: [{name: a, region: r, role_arn: lostorder}]",
			`sqs[0].role_arn: "lostorder" is not an ARN; write for example arn:aws:iam::123456789012:role/lostorder`,
		},
		"an external id for no role": {
			"sqs: [{name: a, region: r, external_id: x}]",
			"sqs[0].external_id: set without role_arn",
		},
		"an objective that CloudWatch is too slow for": {
			"sqs: [{name: a, region: r, objectives: [{max_age: 5m}]}]",
			"sqs[0].objectives[0].max_age: 5m is too short: with cloudwatch.interval 5m, cloudwatch.delay 3m and interval 1m, progress shows only later; set at least 10m, or a shorter cloudwatch.interval",
		},
		"an absence that CloudWatch is too slow for": {
			"sqs: [{name: a, region: r, objectives: [{absent_after: 1m}]}]",
			"sqs[0].objectives[0].absent_after: 1m is too short",
		},
		"no requests at all": {
			"sqs: [{name: a, region: r, max_requests_per_second: 0}]",
			"sqs[0].max_requests_per_second: ",
		},
		"a pattern that is none": {
			"sqs: [{name: a, region: r, queues: {include: '('}}]",
			"sqs[0].queues.include",
		},
		"an unknown key": {
			"sqs: [{name: a, region: r, queue: x}]",
			`did you mean "queues"?`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("test.yml", []byte(test.text), ".", []config.Section{sqs.Source().Section})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error names a password")
			}
		})
	}
	short := "sqs: [{name: a, region: r, cloudwatch: {enabled: false}, objectives: [{max_age: 1m}]}]"
	if _, err := config.Parse("test.yml", []byte(short), ".", []config.Section{sqs.Source().Section}); err != nil {
		t.Errorf("without CloudWatch a short objective is refused: %v", err)
	}
}

// TestPasswordInAnAddressIsRefusedAndNotRepeated: whatever it contains, no part of it is taken
// for the host, and no error repeats it.
func TestPasswordInAnAddressIsRefusedAndNotRepeated(t *testing.T) {
	collectortest.RefusesPasswords(t, func(address string) error {
		text := fmt.Sprintf("sqs: [{name: a, region: eu-central-1, endpoint: %q}]", address)
		_, err := config.Parse("test.yml", []byte(text), ".", []config.Section{sqs.Source().Section})
		return err
	}, "http://%s@localhost:4566", "https://%s@sqs.internal", "%s@localhost:4566")
}
