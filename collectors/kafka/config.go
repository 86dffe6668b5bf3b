package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// granularityPartition and labelsFull are values in the config file.
const (
	granularityPartition = "partition"
	labelsFull           = "full"
)

// section is the key of the config file.
const section = "kafka"

// Config is one entry of the kafka section: a cluster to watch.
type Config struct {
	Name            string            `yaml:"name" required:"true" doc:"Name of the cluster in metrics and findings." example:"main"`
	Brokers         []string          `yaml:"brokers" required:"true" single:"true" doc:"Addresses to connect to first. The other brokers are discovered from there." example:"localhost:9092"`
	Version         string            `yaml:"version" doc:"The highest Kafka version whose requests are used. The default is what each broker supports. Only brokers before 0.10 need it." example:"3.8.0"`
	TLS             *client.TLS       `yaml:"tls" doc:"Encryption of the connections. The default is none."`
	SASL            *client.SASL      `yaml:"sasl" doc:"SASL credentials. Anonymous if omitted."`
	Topics          config.Matcher    `yaml:"topics" doc:"Topics to watch. Internal topics (__.*) are excluded unless an include names them."`
	Groups          config.Matcher    `yaml:"groups" doc:"Consumer groups to watch. Without an exclude, console-consumer-.* is excluded."`
	DLQ             []string          `yaml:"dlq" single:"true" default:"{topic}.dlq,{topic}-dlq,{topic}_dlq,{topic}.DLQ,{topic}-DLQ,{topic}_DLQ,{topic}.dlt,{topic}-dlt,{topic}.DLT,{topic}-DLT,{topic}.dead-letter,{topic}-dead-letter,{topic}_error,dlq.{topic},error.{topic}.{group}" doc:"Names of the dead letter queue of a topic. {topic} stands for the topic, {group} for any consumer group. A name without {topic} is one queue for all topics." example:"{topic}.dlq"`
	Granularity     string            `yaml:"granularity" enum:"topic,partition" default:"topic" doc:"Whether metrics have one series for each topic or for each partition. Findings are always decided for each partition."`
	PartitionLabels string            `yaml:"partition_labels" enum:"short,full" default:"short" doc:"Labels of the series for each partition (granularity: partition): short is cluster, destination, group, partition and state; full is the labels of the other series of queues, such as messaging_destination_name, in twice as much text."`
	OrderID         string            `yaml:"order_id" doc:"Where a message carries its order id: key, header:NAME, or json:$.path of the value. lostorder then reads a few messages of stalled queues and dead letter queues to name their orders, and the type of the error from the headers of dead letters. This needs READ on the topic. Values are not kept. The default is to read nothing." example:"key"`
	Commits         Commits           `yaml:"commits" doc:"What is read to find out who moved a committed offset."`
	Roles           []Role            `yaml:"roles" doc:"What topics are for, where lostorder decides it wrongly: see lostorder check. The first entry that matches the topic applies."`
	Objectives      []Objective       `yaml:"objectives" doc:"How long messages may wait. The first objective that matches topic and group applies."`
	Labels          collectors.Labels `yaml:"labels" doc:"Labels for all findings of this cluster, such as the team that owns it: in the API, on the page, in logs and alerts, so that Alertmanager can route by them." example:"{team: payments}"`

	collectors.Schedule `inline:"true"`
}

// Commits is what is read of who commits offsets.
type Commits struct {
	Topic bool `yaml:"topic" default:"false" doc:"Follow __consumer_offsets, from its end and without a group. lostorder then reports messages that a reset or an expired offset skipped, and offsets that are about to expire. This needs READ on the topic __consumer_offsets and DESCRIBE_CONFIGS on the cluster."`
}

// Validate checks what the tags cannot express.
func (c *Config) Validate() error {
	var errs []error
	for i, addr := range c.Brokers {
		_, port, err := net.SplitHostPort(addr)
		if strings.ContainsAny(addr, "@/") {
			// It may contain a password, so that it is not repeated.
			errs = append(errs, config.At(fmt.Sprintf("brokers[%d]", i), "not host:port but a URL or a user; write for example localhost:9092, and the user in sasl"))
		} else if _, noNumber := strconv.ParseUint(port, 10, 16); err != nil || noNumber != nil {
			errs = append(errs, config.At(fmt.Sprintf("brokers[%d]", i), "%q is not host:port; write for example localhost:9092", addr))
		}
	}
	if c.Version != "" {
		if _, err := sarama.ParseKafkaVersion(c.Version); err != nil {
			errs = append(errs, config.At("version", "%q is not a Kafka version; write for example 3.8.0, or omit it", c.Version))
		}
	}
	if c.SASL != nil && c.SASL.MSK != nil && (c.TLS == nil || !c.TLS.Enabled) {
		errs = append(errs, config.At("tls", "missing; MSK takes IAM only over TLS, so write tls: {enabled: true}"))
	}
	if _, err := parseOrderID(c.OrderID); err != nil {
		errs = append(errs, config.At("order_id", "%q is no place of an order id; %w", c.OrderID, err))
	}
	for i, pattern := range c.DLQ {
		if trimmed := strings.TrimSpace(pattern); trimmed == topicPlaceholder || trimmed == groupPlaceholder || pattern == "" {
			errs = append(errs, config.At(fmt.Sprintf("dlq[%d]", i), "%q would make every topic its own dead letter queue; write for example %s.dlq", pattern, topicPlaceholder))
		}
	}
	return errors.Join(errs...)
}

// orderIDPlace is where messages carry their order ids. Validate has checked it.
func (c *Config) orderIDPlace() orderIDPlace {
	place, _ := parseOrderID(c.OrderID)
	return place
}

// Exposed lists the clusters whose password or token crosses a network without encryption.
func Exposed(f *config.File) (all []string) {
	for _, c := range config.Items[Config](f, section) {
		remote := slices.ContainsFunc(c.Brokers, func(address string) bool { return !collectors.IsLocal(address) })
		if !remote || c.SASL == nil || c.TLS != nil && c.TLS.Enabled {
			continue
		}
		if what := c.SASL.Exposed(); what != "" {
			all = append(all, fmt.Sprintf("the %s of kafka %s crosses the network without TLS, because sasl.mechanism is %s; set tls, or use SCRAM-SHA-512", what, c.Name, c.SASL.Mechanism))
		}
	}
	return all
}

// Source registers the section.
func Source() collectors.Source {
	return collectors.Section(section, "Kafka clusters to watch.", func(c Config, _ *config.File) collectors.Target { return Target(c) }).Discovered(discovery)
}

// Target returns the target of one entry.
func Target(c Config) collectors.Target {
	id := signal.TargetID{Collector: section, Target: c.Name}
	return collectors.Polled(id, c.Schedule, c, func(*slog.Logger) collectors.Reader { return NewReader(c) }).Labelled(c.Labels, queueLabels(c.Objectives)...)
}
