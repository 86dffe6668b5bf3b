package sqs

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// section is the key of the config file.
const section = "sqs"

// Config is one entry of the sqs section: the queues of one region and account.
type Config struct {
	Name                 string            `yaml:"name" required:"true" doc:"Name of the region in metrics and findings." example:"main"`
	Region               string            `yaml:"region" required:"true" doc:"The AWS region." example:"eu-central-1"`
	Endpoint             string            `yaml:"endpoint" doc:"A VPC endpoint of AWS, used for SQS alone. Any other endpoint is an emulator, also used for CloudWatch and STS. Default: AWS." example:"http://localhost:4566"`
	Profile              string            `yaml:"profile" doc:"A profile in the AWS files with the credentials, for accounts with keys of their own. Default: the default chain of AWS." example:"partner"`
	RoleARN              string            `yaml:"role_arn" doc:"A role to assume, for another account. Default: none, the credentials are used directly." example:"arn:aws:iam::123456789012:role/lostorder"`
	ExternalID           string            `yaml:"external_id" doc:"The external id that the role requires." example:"lostorder"`
	Queues               Queues            `yaml:"queues" doc:"Queues to watch. The dead letter queue of a watched queue is watched too, unless exclude names it."`
	CloudWatch           CloudWatch        `yaml:"cloudwatch" doc:"Metrics of the queues: ages, and messages sent, received and deleted. They cost money; README.md has the prices."`
	Roles                []Role            `yaml:"roles" doc:"What queues are for, where lostorder decides it wrongly: see lostorder check. The first entry that matches the queue applies."`
	Objectives           []Objective       `yaml:"objectives" doc:"How long messages may wait. The first entry that matches a queue applies."`
	Labels               collectors.Labels `yaml:"labels" doc:"Labels for all findings of this region, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`
	MaxRequestsPerSecond int               `yaml:"max_requests_per_second" default:"20" min:"1" max:"1000" doc:"The most requests to AWS per second, for all entries with the same region, endpoint, profile and role together; the lowest of their values counts. A reading needs one per queue."`
	ConfigInterval       config.Duration   `yaml:"config_interval" default:"5m" min:"100ms" doc:"How often tags are read, and which queues that are not watched use a dead letter queue."`
	Interval             config.Duration   `yaml:"interval" default:"1m" min:"100ms" doc:"Time between two readings. The counts of SQS take a minute to settle."`
	Timeout              config.Duration   `yaml:"timeout" default:"55s" min:"100ms" doc:"How long one reading may take before the target is shown as failed."`
}

// Queues selects queues. A queue must match every key that is set.
type Queues struct {
	Prefix         string `yaml:"prefix" doc:"Beginning of their names. AWS lists only these." example:"orders-"`
	config.Matcher `inline:"true"`
	Tags           map[string]string `yaml:"tags" doc:"Tags that they have, with these values. Tags need one more request per queue and config_interval."`
}

// CloudWatch configures the reading of metrics.
type CloudWatch struct {
	Enabled  bool            `yaml:"enabled" default:"true" doc:"Whether to read metrics. Without them lostorder knows no ages, and decides neither consumer_stalled nor consumer_absent."`
	Interval config.Duration `yaml:"interval" default:"5m" min:"100ms" doc:"Time between two reads of the metrics."`
	Delay    config.Duration `yaml:"delay" default:"3m" doc:"How late metrics arrive. Younger ones may be incomplete, so lostorder decides nothing from them."`
}

// Validate checks what the tags cannot express.
func (c *Config) Validate() error {
	var errs []error
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			errs = append(errs, config.At("endpoint", "not a URL; write for example http://localhost:4566"))
		case u.User != nil || strings.Contains(c.Endpoint, "@"):
			errs = append(errs, config.At("endpoint", "contains a user; credentials come only from the default chain (environment, profile, role)"))
		}
	}
	if c.RoleARN != "" && !strings.HasPrefix(c.RoleARN, "arn:") {
		errs = append(errs, config.At("role_arn", "%q is not an ARN; write for example arn:aws:iam::123456789012:role/lostorder", c.RoleARN))
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		errs = append(errs, config.At("external_id", "set without role_arn"))
	}
	if !c.CloudWatch.Enabled {
		return errors.Join(errs...)
	}
	for i, o := range c.Objectives {
		for _, given := range []struct {
			key string
			is  config.Duration
		}{{"max_age", o.MaxAge}, {"absent_after", o.AbsentAfter}} {
			if given.is > 0 && time.Duration(given.is) < c.blind() {
				errs = append(errs, config.At(fmt.Sprintf("objectives[%d].%s", i, given.key),
					"%s is too short: with cloudwatch.interval %s, cloudwatch.delay %s and interval %s, progress shows only later; set at least %s, or a shorter cloudwatch.interval",
					given.is, c.CloudWatch.Interval, c.CloudWatch.Delay, c.Interval, config.Duration(c.blind())))
			}
		}
	}
	return errors.Join(errs...)
}

// blind is how long a consumer may make progress before lostorder sees it, because
// metrics are read rarely and arrive late.
func (c *Config) blind() time.Duration {
	return time.Duration(c.CloudWatch.Interval + c.CloudWatch.Delay + 2*c.Interval)
}

// schedule returns how often the target is read and how long a reading may take.
func (c *Config) schedule() collectors.Schedule {
	return collectors.Schedule{Interval: c.Interval, Timeout: c.Timeout}
}

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(section, "SQS queues to watch, by region and account.", func(c Config, _ *config.File) collectors.Target { return Target(c) }).Discovered(discovery)
}

// Target returns the target of one entry.
func Target(c Config) collectors.Target {
	id := signal.TargetID{Collector: section, Target: c.Name}
	return collectors.Polled(id, c.schedule(), c, func(log *slog.Logger) collectors.Reader { return NewReader(c, log) }).Labelled(c.Labels, queueLabels(c.Objectives)...)
}
