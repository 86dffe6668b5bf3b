//go:build integration

package e2e_test

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	streamed "github.com/rabbitmq/rabbitmq-stream-go-client/pkg/amqp"
	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/stream"

	"github.com/lostorder/lostorder/internal/signal"
)

// streams connects to the port of the stream protocol.
func (b *rabbit) streams() *stream.Environment {
	b.t.Helper()
	host, text, err := net.SplitHostPort(server(b.t, b.prefix+"_STREAM_ADDR"))
	if err != nil {
		b.t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		b.t.Fatal(err)
	}
	escaped := url.PathEscape(url.QueryEscape(b.vhost)) // the client puts it into an address, and takes it out in two ways
	environment, err := stream.NewEnvironment(stream.NewEnvironmentOptions().
		SetHost(host).SetPort(port).SetUser(b.user).SetPassword(b.password).SetVHost(escaped))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = environment.Close() })
	return environment
}

// follow reads a stream from its beginning over the stream protocol. A hanging reader
// grants no more credit after the first messages.
func (b *rabbit) follow(environment *stream.Environment, name string, hangs bool) *stream.Consumer {
	b.t.Helper()
	options := stream.NewConsumerOptions().SetConsumerName(name).SetOffset(stream.OffsetSpecification{}.First()).SetManualCommit()
	if hangs {
		options = options.SetInitialCredits(1).SetCreditStrategy(stream.ManualCreditStrategy)
	}
	reader, err := environment.NewConsumer(name, func(stream.ConsumerContext, *streamed.Message) {}, options)
	if err != nil {
		b.t.Fatal(err)
	}
	return reader
}

// workOnStream reads a stream from its beginning over AMQP.
func (b *rabbit) workOnStream(name string, do func(amqp.Delivery) error) *worker {
	b.t.Helper()
	return b.consume(name, 10, amqp.Table{"x-stream-offset": "first"}, do)
}

// TestRealRabbitStreamsAreNotQueues: messages in a stream are not a backlog. RabbitMQ 4
// reports the lag of readers that use the stream protocol. Streams without readers, with
// former readers, and streams that are truncated open no finding. A reader that stands still
// while messages arrive is a stalled consumer: by its acknowledgements over AMQP, by its lag
// over the stream protocol. RabbitMQ 3.10 does not show it.
func TestRealRabbitStreamsAreNotQueues(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		environment := b.streams()
		names := []string{"unread", "by-amqp", "held-by-amqp", "followed", "left-behind", "cut"}
		for _, name := range names[:5] {
			b.declare(name, "stream")
		}
		b.declare("cut", "stream", "x-max-length-bytes", 20_000, "x-stream-max-segment-size-bytes", 5_000)
		for _, name := range names {
			b.send(name, orders(1)...) // in a chunk of its own, which is all that one who hangs asks for
			b.shows(name, `"messages_ready":1`)
		}
		b.workOnStream("by-amqp", ack(0))
		b.workOnStream("held-by-amqp", hold)
		b.follow(environment, "followed", false)
		b.follow(environment, "left-behind", true)
		cut := b.follow(environment, "cut", false)
		p := start(t, b.watch(fmt.Sprintf("objectives: [{max_age: %[1]s, absent_after: %[1]s}]", rabbitAge)))
		n := 0
		stop := repeat(t, 20*time.Millisecond, func() error {
			n++
			for _, name := range names {
				if err := b.write(name, fmt.Sprint("o-", n)); err != nil {
					return err
				}
			}
			return nil
		})
		if b.prefix == "RABBITMQ" {
			p.find(signal.ConsumerStalled, b.subject("held-by-amqp"))
			p.find(signal.ConsumerStalled, b.subject("left-behind"))
		}
		p.silent(2 * rabbitAge)
		if err := cut.Close(); err != nil {
			t.Fatal(err)
		}
		p.silent(rabbitAge)
		stop()
		b.send("cut", orders(2000)...)
		eventually(t, "the broker cuts the stream", func() (bool, string) {
			return b.ready("cut") < 2000, fmt.Sprint(b.ready("cut"))
		})
		// The lag counts chunks: the last message is a chunk of its own again.
		b.shows("left-behind", fmt.Sprintf(`"messages_ready":%d`, n+1))
		b.send("left-behind", "o-last")

		for name, consumers := range map[string]float64{"unread": 0, "by-amqp": 1, "held-by-amqp": 1, "followed": 1, "left-behind": 1, "cut": 0} {
			b.sees(p, "lostorder_queue_consumers", consumers, name)
		}
		ready := func(name string) (float64, bool) {
			return p.value("lostorder_queue_messages", "messaging_message_state=ready", "messaging_destination_name="+b.name(name))
		}
		if b.prefix == "RABBITMQ" {
			b.sees(p, "lostorder_queue_messages", 0, "followed", "messaging_message_state=ready")
			b.sees(p, "lostorder_queue_messages", float64(n+1), "left-behind", "messaging_message_state=ready")
		} else if _, known := ready("left-behind"); known {
			t.Error("RabbitMQ 3.10 does not report the lag of readers, but there is a series")
		}
		for _, name := range []string{"unread", "by-amqp", "held-by-amqp", "cut"} {
			if waiting, known := ready(name); known {
				t.Errorf("%v messages are shown as a backlog of %s, which is unknown", waiting, name)
			}
		}
		p.silent(2 * rabbitAge)
	})
}

// ready returns the number of messages in a queue as the broker reports it.
func (b *rabbit) ready(queue string) (n int) {
	b.t.Helper()
	text := b.call("GET", "/api/queues/"+url.PathEscape(b.vhost)+"/"+url.PathEscape(queue)+"?columns=messages_ready", "")
	if _, err := fmt.Sscanf(text, `{"messages_ready":%d}`, &n); err != nil {
		b.t.Fatalf("%v in %s", err, text)
	}
	return n
}
