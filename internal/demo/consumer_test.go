package demo

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A fault heals by starting the consumer again. The play ends before the shop does, and
// what waits must not look lost for as long as the shop lingers.
func TestConsumerOutlivesThePlayThatStartedIt(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topicOrders))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	handled := make(chan string, 1)
	c := &consumer{
		brokers: cluster.ListenAddrs(), group: "email", topic: topicOrders,
		handle: func(_ context.Context, r *kgo.Record) error { handled <- string(r.Value); return nil },
	}
	play, end := context.WithCancel(t.Context())
	if err := c.join(play); err != nil {
		t.Fatal(err)
	}
	defer c.leave()
	end()

	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic(topicOrders))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := producer.ProduceSync(t.Context(), kgo.StringRecord("an order")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-handled:
	case <-time.After(time.Minute):
		t.Error("the consumer ended with the play")
	}
}
