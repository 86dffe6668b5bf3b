// Package client holds the connections to the brokers of a cluster and sends requests
// over them. It sends nothing that changes a cluster.
package client

import (
	"time"

	"github.com/IBM/sarama"
	"github.com/rcrowley/go-metrics"

	"github.com/lostorder/lostorder/collectors"
)

// sarama measures every request with go-metrics, which costs CPU and starts
// goroutines that never end. This is the only switch for it. It holds for the whole
// process and must be set before the first connection.
func init() {
	metrics.UseNilMetrics = true
	sarama.MaxResponseSize = largestResponse
}

const (
	clientID = "lostorder"
	// maxRequestTimeout bounds one request whatever the schedule says.
	maxRequestTimeout = 10 * time.Second
)

// TLS is how connections are encrypted.
type TLS struct {
	Enabled        bool `yaml:"enabled" default:"true" doc:"Whether connections are encrypted."`
	collectors.TLS `inline:"true"`
}

// Config is how to connect to a cluster.
type Config struct {
	Brokers []string
	Version string // the highest Kafka version to speak; empty: the newest
	Timeout time.Duration
	TLS     *TLS
	SASL    *SASL
}

// requestTimeout is half of a reading, so that a broker that hangs leaves time to
// read the others.
func (c *Config) requestTimeout() time.Duration {
	if c.Timeout <= 0 {
		return maxRequestTimeout
	}
	return min(maxRequestTimeout, c.Timeout/2)
}

// version is the highest version of requests. Each request is lowered to what its
// broker supports.
func (c *Config) version() sarama.KafkaVersion {
	if version, err := sarama.ParseKafkaVersion(c.Version); err == nil {
		return version
	}
	return sarama.MaxVersion
}

// sarama returns the settings of sarama's connections.
func (c *Config) sarama(d *dialer) *sarama.Config {
	s := sarama.NewConfig()
	s.ClientID = clientID
	s.Version = c.version()
	s.ApiVersionsRequest = s.Version.IsAtLeast(sarama.V0_10_0_0)
	s.Metadata.AllowAutoTopicCreation = false
	timeout := c.requestTimeout()
	s.Net.DialTimeout, s.Net.ReadTimeout, s.Net.WriteTimeout = timeout, timeout, timeout
	s.Net.Proxy.Enable = true
	s.Net.Proxy.Dialer = d
	if c.SASL != nil {
		c.SASL.apply(s, d)
	}
	return s
}
