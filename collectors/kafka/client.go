package kafka

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/rcrowley/go-metrics"
	"github.com/xdg-go/scram"
	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// sarama measures every request with go-metrics, at a price in CPU and in
// goroutines that never end. This is the only switch for it; it holds for the
// whole process, and has to be thrown before the first connection.
func init() { metrics.UseNilMetrics = true }

const (
	clientID = "lostorder"
	// longestRequest bounds one request whatever the schedule says.
	longestRequest = 10 * time.Second
)

// requestTimeout is how long one request may take: half of a reading, so that a
// broker that hangs leaves time to read the others.
func (c *Config) requestTimeout() time.Duration {
	if c.Timeout <= 0 {
		return longestRequest
	}
	return min(longestRequest, time.Duration(c.Timeout)/2)
}

// speaks is the version that requests are made in. Every request is lowered to
// what its broker says that it can.
func (c *Config) speaks() sarama.KafkaVersion {
	if version, err := sarama.ParseKafkaVersion(c.Version); err == nil {
		return version
	}
	return sarama.MaxVersion
}

// clientConfig returns the settings of sarama's connections.
func (c *Config) clientConfig(d *dialer) *sarama.Config {
	s := sarama.NewConfig()
	s.ClientID = clientID
	s.Version = c.speaks()
	s.ApiVersionsRequest = s.Version.IsAtLeast(sarama.V0_10_0_0)
	s.Metadata.AllowAutoTopicCreation = false
	timeout := c.requestTimeout()
	s.Net.DialTimeout, s.Net.ReadTimeout, s.Net.WriteTimeout = timeout, timeout, timeout
	s.Net.Proxy.Enable = true
	s.Net.Proxy.Dialer = d
	if c.SASL != nil {
		s.Net.SASL.Enable = true
		s.Net.SASL.User = c.SASL.Username
		s.Net.SASL.Password = c.SASL.Password.Reveal()
		s.Net.SASL.Mechanism = sarama.SASLMechanism(c.SASL.Mechanism)
		switch s.Net.SASL.Mechanism {
		case sarama.SASLTypeSCRAMSHA256:
			s.Net.SASL.SCRAMClientGeneratorFunc = newSCRAM(scram.SHA256)
		case sarama.SASLTypeSCRAMSHA512:
			s.Net.SASL.SCRAMClientGeneratorFunc = newSCRAM(scram.SHA512)
		}
	}
	return s
}

// node is one broker and the connection to it.
type node struct {
	id   int32
	addr string
	conf *sarama.Config

	mu     sync.Mutex     // guards the next three while requests are under way
	broker *sarama.Broker // nil while there is no connection
	made   uint64         // the reading in which the connection was made
	// failed is why the broker is asked nothing more in this reading.
	failed error
	// groups are those that the broker coordinates, until their commits were read.
	groups []*group
	// link is the connection under sarama's, for requests that sarama does not know.
	link *link
	// fetchVersion is the version of Fetch that the broker speaks; -1 before it was asked.
	fetchVersion int16
	// requests counts those that went over the link by themselves.
	requests int32
	// wire is held for reading by sarama's requests, and alone by ours.
	wire sync.RWMutex
	// oneGroup: the broker is too old to be asked for the commits of several
	// groups at once.
	oneGroup bool
}

// ask sends one request to a broker. A connection of an earlier reading may have
// died since (the broker was restarted), which is no reason to call the broker
// down: it is made anew, once. All that is asked only reads, so that asking twice
// does no harm.
func ask[R any](ctx context.Context, n *node, reading uint64, request func(*sarama.Broker) (R, error)) (answer R, err error) {
	return askWhile(ctx, n, reading, n.wire.RLocker(), request)
}

// askAlone sends a request while no other is under way to the broker.
func askAlone[R any](ctx context.Context, n *node, reading uint64, request func(*sarama.Broker) (R, error)) (answer R, err error) {
	return askWhile(ctx, n, reading, &n.wire, request)
}

func askWhile[R any](ctx context.Context, n *node, reading uint64, lock sync.Locker, request func(*sarama.Broker) (R, error)) (answer R, err error) {
	var none R
	_, end := span.Call(ctx, "kafka "+nameOf(none), attribute.String("server.address", n.addr), attribute.Int("messaging.kafka.broker.id", int(n.id)))
	defer func() { end(err) }()
	for {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		broker, old, err := n.connection(reading)
		if err != nil {
			return none, err
		}
		answer, err := while(lock, func() (R, error) { return request(broker) })
		if err == nil || !endsConnection(err) {
			return answer, err
		}
		n.lose(broker, err, old && !errors.Is(err, errNoAnswer))
	}
}

func while[R any](lock sync.Locker, request func() (R, error)) (R, error) {
	lock.Lock()
	defer lock.Unlock()
	return request()
}

// nameOf names a request by its answer: OffsetFetch, ListGroups and so on.
func nameOf(answer any) string {
	return strings.TrimSuffix(strings.TrimLeft(path.Ext(fmt.Sprintf("%T", answer)), "."), "Response")
}

// connection returns the connection, which is made if there is none, and whether
// it is of an earlier reading.
func (n *node) connection(reading uint64) (broker *sarama.Broker, old bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.failed = n.connect(reading)
	}
	return n.broker, n.made != reading, n.failed
}

// lose ends a connection on which a request failed, unless another request on it
// failed first and there is a new one already.
func (n *node) lose(broker *sarama.Broker, err error, again bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broker == broker {
		n.disconnect()
	}
	if !again {
		n.failed = err
	}
}

// connect connects unless it is connected.
func (n *node) connect(reading uint64) error {
	if n.broker != nil {
		return nil
	}
	broker, under, conf := sarama.NewBroker(n.addr), &link{dialer: n.conf.Net.Proxy.Dialer}, *n.conf
	conf.Net.Proxy.Dialer = under
	if err := broker.Open(&conf); err != nil {
		return err
	}
	// Waits for the end of the attempt.
	if ok, err := broker.Connected(); err != nil || !ok {
		_ = broker.Close()
		if err == nil {
			err = sarama.ErrNotConnected
		}
		return err
	}
	n.broker, n.link, n.made, n.fetchVersion = broker, under, reading, -1
	return nil
}

// disconnect ends the connection and what sarama runs for it.
func (n *node) disconnect() {
	if n.broker != nil {
		_ = n.broker.Close()
		n.broker = nil
	}
}

// endsConnection reports whether an error is about the connection and not about
// the one request.
func endsConnection(err error) bool {
	var (
		answered sarama.KError
		unsent   sarama.PacketEncodingError
	)
	return !errors.As(err, &answered) && !errors.As(err, &unsent) && !errors.Is(err, sarama.ErrUnsupportedVersion) && !errors.Is(err, errTooLarge)
}

// pick returns the highest version of a request that a Kafka version knows; the
// steps go down and end with a zero version.
func pick(speaks sarama.KafkaVersion, steps ...step) int16 {
	for _, s := range steps {
		if speaks.IsAtLeast(s.since) {
			return s.version
		}
	}
	return 0
}

// step is a version of a request and the Kafka version that brought it.
type step struct {
	since   sarama.KafkaVersion
	version int16
}
