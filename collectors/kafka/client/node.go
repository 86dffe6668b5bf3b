package client

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// Node is one broker and the connection to it.
type Node struct {
	ID      int32
	Addr    string
	cluster *Cluster

	mu     sync.Mutex     // guards the next three while requests are under way
	broker *sarama.Broker // nil while there is no connection
	made   uint64         // the reading in which the connection was made
	// failed is why the broker is asked nothing more in this reading.
	failed error
	// link is the connection under sarama's, for requests that sarama does not know.
	link *link
	// versions are the highest versions of the requests that the broker knows, by their keys;
	// nil before it was asked.
	versions map[int16]int16
	// requests counts those that went over the link by themselves.
	requests int32
	// wire is held while a request is under way, and guards throttle.
	wire sync.Mutex
	throttle
	// OneGroup: the broker is too old to be asked for the commits of several
	// groups at once.
	OneGroup bool
}

// Ask sends one request to a broker. Where a connection of an earlier reading has failed
// since (the broker was restarted), it connects again, once. Requests only read, so
// sending one twice is harmless.
//
// sarama has one request under way to a broker at a time, and so have ours, which share
// its connection.
func Ask[R any](ctx context.Context, n *Node, request func(*sarama.Broker) (R, error)) (answer R, err error) {
	var none R
	_, end := span.Call(ctx, "kafka "+nameOf(none), attribute.String("server.address", n.Addr), attribute.Int("messaging.kafka.broker.id", int(n.ID)))
	defer func() { end(err) }()
	for {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		broker, old, err := n.connection()
		if err != nil {
			return none, err
		}
		answer, err := alone(ctx, n, broker, request)
		if err == nil || !endsConnection(err) {
			return answer, err
		}
		n.lose(broker, err, old && !errors.Is(err, errNoAnswer) && !refused(err))
	}
}

// alone sends a request while no other is under way to the broker, and not before its
// quota allows one.
func alone[R any](ctx context.Context, n *Node, broker *sarama.Broker, request func(*sarama.Broker) (R, error)) (answer R, err error) {
	n.wire.Lock()
	defer n.wire.Unlock()
	if err := n.wait(ctx); err != nil {
		return answer, err
	}
	if answer, err = request(broker); err == nil {
		n.heed(broker, throttleOf(answer))
	}
	return answer, err
}

// nameOf names a request by its answer: OffsetFetch, ListGroups and so on.
func nameOf(answer any) string {
	return strings.TrimSuffix(strings.TrimLeft(path.Ext(fmt.Sprintf("%T", answer)), "."), "Response")
}

// connection returns the connection, which is made if there is none, and whether
// it is of an earlier reading.
func (n *Node) connection() (broker *sarama.Broker, old bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.failed = n.connect()
	}
	return n.broker, n.made != n.cluster.reading, n.failed
}

// lose ends a connection on which a request failed, unless another request on it
// failed first and there is a new one already.
func (n *Node) lose(broker *sarama.Broker, err error, again bool) {
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
func (n *Node) connect() error {
	if n.broker != nil {
		return nil
	}
	broker, under, conf := sarama.NewBroker(n.Addr), &link{dialer: n.cluster.conf.Net.Proxy.Dialer}, *n.cluster.conf
	conf.Net.Proxy.Dialer = under
	if conf.Net.SASL.Mechanism == sarama.SASLTypeGSSAPI {
		if err := readable(&conf.Net.SASL.GSSAPI); err != nil {
			return err
		}
	}
	if err := broker.Open(&conf); err != nil {
		return err
	}
	// Waits for the end of the attempt.
	if ok, err := broker.Connected(); err != nil || !ok {
		_ = broker.Close()
		if err == nil {
			err = sarama.ErrNotConnected
		}
		if provider, ok := conf.Net.SASL.TokenProvider.(*tokens); ok && errors.Is(err, sarama.ErrSASLAuthenticationFailed) {
			provider.forget()
		}
		return err
	}
	n.broker, n.link, n.made, n.versions = broker, under, n.cluster.reading, nil
	return nil
}

// disconnect ends the connection and what sarama runs for it.
func (n *Node) disconnect() {
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
	// The broker ends the connection itself when it refuses to authenticate it again.
	return refused(err) || !errors.As(err, &answered) && !errors.As(err, &unsent) && !errors.Is(err, sarama.ErrUnsupportedVersion) && !errors.Is(err, ErrTooLarge)
}
