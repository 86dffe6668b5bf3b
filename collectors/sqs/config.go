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
	Name                 string          `yaml:"name" required:"true" doc:"What the region is called in metrics and findings." example:"main"`
	Region               string          `yaml:"region" required:"true" doc:"The AWS region." example:"eu-central-1"`
	Endpoint             string          `yaml:"endpoint" doc:"Where SQS answers, for a VPC endpoint of AWS; or a stand-in, which answers for CloudWatch and STS, too. AWS itself when left out." example:"http://localhost:4566"`
	Profile              string          `yaml:"profile" doc:"A profile in the AWS files from which credentials come, for several accounts with keys of their own; the default chain when left out." example:"partner"`
	RoleARN              string          `yaml:"role_arn" doc:"A role to assume, for another account; what the default chain of credentials gives when left out." example:"arn:aws:iam::123456789012:role/lostorder"`
	ExternalID           string          `yaml:"external_id" doc:"The external id that the role asks for." example:"lostorder"`
	Queues               Queues          `yaml:"queues" doc:"Queues to watch. The dead letter queue of one that is watched is watched, too, unless an exclude names it."`
	CloudWatch           CloudWatch      `yaml:"cloudwatch" doc:"Metrics of the queues: ages, and what is sent, received and deleted. They cost money; README.md tells how much."`
	Roles                []Role          `yaml:"roles" doc:"What queues are for, where lostorder decides it wrongly: see lostorder check. The first entry that matches the queue applies."`
	Objectives           []Objective     `yaml:"objectives" doc:"How long messages may wait. The first that matches the queue holds."`
	MaxRequestsPerSecond int             `yaml:"max_requests_per_second" default:"20" min:"1" max:"1000" doc:"The most requests to AWS in a second, for all entries with the same region, endpoint, profile and role together; the lowest of their values counts. Each reading takes one per queue."`
	ConfigInterval       config.Duration `yaml:"config_interval" default:"5m" min:"100ms" doc:"How often redrive policies, retention and tags are read."`
	Interval             config.Duration `yaml:"interval" default:"1m" min:"100ms" doc:"How often the target is read. The counts of SQS take a minute to settle."`
	Timeout              config.Duration `yaml:"timeout" default:"55s" min:"100ms" doc:"How long one reading may take before the target is shown as failed."`
}

// Queues chooses queues. What is given holds together: a queue has to fit all of it.
type Queues struct {
	Prefix         string `yaml:"prefix" doc:"How their names begin; AWS lists no others then." example:"orders-"`
	config.Matcher `inline:"true"`
	Tags           map[string]string `yaml:"tags" doc:"Tags that they carry, with these values. Reading tags takes another request per queue and config_interval."`
}

// CloudWatch is how metrics are read.
type CloudWatch struct {
	Enabled  bool            `yaml:"enabled" default:"true" doc:"Whether metrics are read. Without them there are no ages, and neither stalls nor absent consumers can be told."`
	Interval config.Duration `yaml:"interval" default:"5m" min:"100ms" doc:"How often they are read."`
	Delay    config.Duration `yaml:"delay" default:"3m" doc:"How late they are: what is younger may be incomplete, and is not decided on."`
}

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			errs = append(errs, config.At("endpoint", "not an address; write for example http://localhost:4566"))
		case u.User != nil || strings.Contains(c.Endpoint, "@"):
			errs = append(errs, config.At("endpoint", "holds a user; credentials come from the default chain (environment, profile, role) alone"))
		}
	}
	if c.RoleARN != "" && !strings.HasPrefix(c.RoleARN, "arn:") {
		errs = append(errs, config.At("role_arn", "%q is not an ARN; write for example arn:aws:iam::123456789012:role/lostorder", c.RoleARN))
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		errs = append(errs, config.At("external_id", "given without the role_arn that asks for it"))
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
					"%s is shorter than progress can be seen with cloudwatch.interval %s, cloudwatch.delay %s and interval %s; give at least %s, or a shorter cloudwatch.interval",
					given.is, c.CloudWatch.Interval, c.CloudWatch.Delay, c.Interval, config.Duration(c.blind())))
			}
		}
	}
	return errors.Join(errs...)
}

// blind is for how long a reader may have made progress without our seeing it:
// metrics are read rarely, and come late.
func (c *Config) blind() time.Duration {
	return time.Duration(c.CloudWatch.Interval + c.CloudWatch.Delay + 2*c.Interval)
}

// schedule is when the target is read.
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
	return collectors.Polled(id, c.schedule(), c, func(log *slog.Logger) collectors.Reader { return NewReader(c, log) })
}
