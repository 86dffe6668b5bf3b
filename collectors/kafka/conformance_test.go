package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
)

const password = "correct-horse-battery"

func TestConformance(t *testing.T) {
	collectortest.Run(t, func(t *testing.T) collectortest.Env {
		s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(2, "orders", "orders.dlq"), kfake.EnableSASL(),
			kfake.Superuser("SCRAM-SHA-256", "lostorder", password))
		c := s.client(kgo.SASL(scram.Auth{User: "lostorder", Pass: password}.AsSha256Mechanism()))
		produce(t, c, order("orders", 0, "o-1"), order("orders", 1, "o-2"), order("orders.dlq", 0, "o-3"))
		commit(t, c, "billing", "orders", map[int32]int64{0: 1, 1: 0})
		commit(t, c, "shipping", "orders", map[int32]int64{0: 0, 1: 0})
		return collectortest.Env{
			Target: kafka.Target(every(s.settings("order_id: key", "sasl: {mechanism: SCRAM-SHA-256, username: lostorder, password: "+password+"}",
				"timeout: 2s"), 20*time.Millisecond)),
			Hang: s.hang, Break: s.refuse, Heal: s.pass,
			Partial: func() {
				s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: "shipping", Err: kerr.GroupAuthorizationFailed, Count: -1})
			},
			Missing:     "shipping",
			Fingerprint: func() string { return fingerprint(t, c) },
			Secrets:     []string{password},
		}
	})
}

// every shortens the interval below what the file allows.
func every(c kafka.Config, interval time.Duration) kafka.Config {
	c.Interval = config.Duration(interval)
	return c
}
