package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Values of the config file.
const (
	granularityPartition = "partition"
	orderIDKey           = "key"
)

// section is the key of the config file.
const section = "kafka"

// Config is one entry of the kafka section: a cluster to watch.
type Config struct {
	Name        string         `yaml:"name" required:"true" doc:"What the cluster is called in metrics and findings." example:"main"`
	Brokers     []string       `yaml:"brokers" required:"true" single:"true" doc:"Where to connect first; the rest of the cluster is found from there." example:"localhost:9092"`
	Version     string         `yaml:"version" doc:"The Kafka version to speak at most; what the brokers can is found out when left out. Needed for brokers before 0.10 only." example:"3.8.0"`
	TLS         *client.TLS    `yaml:"tls" doc:"Encryption; none when left out."`
	SASL        *client.SASL   `yaml:"sasl" doc:"Who lostorder is; nobody when left out."`
	Topics      config.Matcher `yaml:"topics" doc:"Topics to watch. Internal ones (__.*) are left out unless an include names them."`
	Groups      config.Matcher `yaml:"groups" doc:"Consumer groups to watch. Without an exclude, console-consumer-.* is left out."`
	DLQ         []string       `yaml:"dlq" single:"true" default:"{topic}.dlq,{topic}-dlq,{topic}.DLQ,{topic}-dlt,{topic}.DLT,{topic}_dlq" doc:"How the dead letter queue of a topic is named." example:"{topic}.dlq"`
	Granularity string         `yaml:"granularity" enum:"topic,partition" default:"topic" doc:"What the metrics show one by one. Findings always look at partitions."`
	OrderID     string         `yaml:"order_id" enum:"key" doc:"Where a message carries its order id; none when left out. With key, a few messages of a queue that stands still are read to name its orders, for which READ on the topic is needed."`
	Objectives  []Objective    `yaml:"objectives" doc:"How long messages may wait. The first that matches both topic and group holds."`

	collectors.Schedule `inline:"true"`
}

// Validate checks what the tags cannot say.
func (c *Config) Validate() error {
	var errs []error
	for i, addr := range c.Brokers {
		_, port, err := net.SplitHostPort(addr)
		if _, noNumber := strconv.ParseUint(port, 10, 16); err != nil || noNumber != nil {
			errs = append(errs, config.At(fmt.Sprintf("brokers[%d]", i), "%q is not host:port; write for example localhost:9092", addr))
		}
	}
	if c.Version != "" {
		if _, err := sarama.ParseKafkaVersion(c.Version); err != nil {
			errs = append(errs, config.At("version", "%q is not a Kafka version; write for example 3.8.0, or leave it out", c.Version))
		}
	}
	for i, pattern := range c.DLQ {
		if strings.Trim(pattern, " ") == topicHolder || pattern == "" {
			errs = append(errs, config.At(fmt.Sprintf("dlq[%d]", i), "%q would make every topic its own dead letter queue; write for example %s.dlq", pattern, topicHolder))
		}
	}
	return errors.Join(errs...)
}

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(section, "Kafka clusters to watch.", func(c Config, _ *config.File) collectors.Target { return Target(c) })
}

// Target returns the target of one entry.
func Target(c Config) collectors.Target {
	id := signal.TargetID{Collector: section, Target: c.Name}
	return collectors.Polled(id, c.Schedule, c, func(*slog.Logger) collectors.Reader { return NewReader(c) })
}
