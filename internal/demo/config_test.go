package demo

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/fakesqs"
)

func TestConfigHasEverySourceAtTheShopsPace(t *testing.T) {
	server, err := fakesqs.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	s := &Shop{slower: 3, brokers: []string{"127.0.0.1:9092"}, dir: "/tmp/shop", warehouse: &warehouse{server: server}}
	text, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sqs:\n", "kafka:\n", "databases:\n", "outboxes:\n", "lifecycles:\n", "reconciliations:\n", `brokers: ["127.0.0.1:9092"]`, "interval: " + (3 * pollInterval).String()} {
		if !strings.Contains(text, want) {
			t.Errorf("the config lacks %q", want)
		}
	}
	if strings.Contains(text, "rabbitmq:") {
		t.Error("the config has a RabbitMQ although the shop has none")
	}
}

func TestConfigQuotesTheUsersOwnRabbitMQ(t *testing.T) {
	server, err := fakesqs.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	rabbit := &Rabbit{management: &url.URL{Scheme: "http", Host: "localhost:15672"}, user: "shop", password: `a"b${HOME}`, amqp: &url.URL{Path: "/"}}
	s := &Shop{slower: 1, brokers: []string{"127.0.0.1:9092"}, warehouse: &warehouse{server: server}, packing: &packing{rabbit: rabbit, prefix: "demo."}}
	text, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rabbitmq:\n", `password: "a\"b$${HOME}"`, `queues: {include: ["demo\\..*"]}`, "absent_after: " + rabbitAbsent.Round(time.Second).String()} {
		if !strings.Contains(text, want) {
			t.Errorf("the config lacks %q in\n%s", want, text[:600])
		}
	}
}
