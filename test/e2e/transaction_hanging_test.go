//go:build integration

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// transactional is a producer with a transactional id. It speaks transaction version 2 where
// the broker does.
func (b *broker) transactional(id string, options ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.addr), kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
	}, options...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(client.Close)
	return client
}

// begins begins a transaction with one message for each order.
func (b *broker) begins(producer *kgo.Client, topic string, orders ...string) {
	b.t.Helper()
	if err := producer.BeginTransaction(); err != nil {
		b.t.Fatal(err)
	}
	b.writes(producer, topic, orders...)
}

func (b *broker) writes(producer *kgo.Client, topic string, orders ...string) {
	b.t.Helper()
	for _, id := range orders {
		if err := producer.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Key: []byte(id)}).FirstErr(); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *broker) ends(producer *kgo.Client, how kgo.TransactionEndTry) {
	b.t.Helper()
	if err := producer.EndTransaction(context.Background(), how); err != nil {
		b.t.Fatal(err)
	}
}

// ended runs the command of a finding that ends a transaction, with Kafka's own tool.
func ended(t *testing.T, command, shown, addr string) {
	t.Helper()
	tool := `exec java -cp "` + server(t, "KAFKA_JARS") + `/*" org.apache.kafka.tools.TransactionsCommand "$@" 2>&1`
	paste(t, "kafka-transactions.sh", tool, []collectors.Advice{{Paste: strings.ReplaceAll(command, shown, addr)}})
}

func TestRealProducerThatDiesInATransactionHangs(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]func(b *broker, id, topic string){
		"transaction version 2": func(b *broker, id, topic string) {
			producer := b.transactional(id, kgo.TransactionTimeout(10*time.Minute))
			b.begins(producer, topic, "o-inside")
			producer.Close()
		},
		"an old client": func(b *broker, id, topic string) {
			c := clientConfig()
			c.Producer.Idempotent, c.Producer.RequiredAcks, c.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
			c.Producer.Transaction.ID, c.Producer.Transaction.Timeout = id, 10*time.Minute
			producer, err := sarama.NewSyncProducer([]string{b.addr}, c)
			if err != nil {
				b.t.Fatal(err)
			}
			if err := producer.BeginTxn(); err != nil {
				b.t.Fatal(err)
			}
			if _, _, err := producer.SendMessage(message(topic, 0, "o-inside")); err != nil {
				b.t.Fatal(err)
			}
			b.t.Cleanup(func() { _ = producer.Close() }) // until then it does nothing more
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kafka(t)
			topic, group, id := b.topic("payments", 1), b.prefix+"-shipping", b.prefix+"-billing"
			b.join(group, topic, pace{})
			committer := b.transactional(id + "-1")
			b.begins(committer, topic, "o-1") // its marker lies between the commit and the next transaction
			b.ends(committer, kgo.TryCommit)
			b.reached(group, topic, 0, 1)
			p := start(t, watchQueues(b))

			dies(b, id, topic)
			b.send(topic, 0, "o-behind")
			f := p.find(signal.TransactionHanging, queue(topic, group))
			p.says(f, "position", "partition 0: open transaction at offset 2, log end 4", "waiting_messages", "2", "transactional_id", id,
				"transaction_timeout", "10m0s", "transaction_state", "open, and its producer is silent", "consumers", "1")
			p.names(f, "o-inside", "o-behind")
			if f.Count != 2 || evidence(f, "producer") == "" || evidence(f, "broker_aborts_it_at") == "" || evidence(f, "producer_last_wrote") == "" {
				t.Errorf("got %s", inJSON(f))
			}
			if held, _ := p.value("lostorder_queue_held_messages"); held != 2 {
				t.Errorf("%v messages are held", held)
			}
			p.silent(maxAge) // no consumer_stalled beside it

			ended(t, evidence(f, "command_to_end_it"), b.addr, b.addr)
			p.closes(f)
			b.reached(group, topic, 0, 4)
		})
	}
}

// TestRealHangingTransactionIsFoundByTheLastStableOffsetAlone: the user may describe the
// topic and the group, and nothing else.
func TestRealHangingTransactionIsFoundByTheLastStableOffsetAlone(t *testing.T) {
	t.Parallel()
	b, sasl := kafka(t), server(t, "KAFKA_SASL_ADDR")
	topic, group := b.topic("payments", 1), b.prefix+"-shipping"
	if results, err := b.admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
		Name: b.prefix, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096, Salt: []byte("salt"), Password: []byte("watcher-secret"),
	}}); err != nil || results[0].ErrorCode != sarama.ErrNoError {
		t.Fatal(err, results)
	}
	for kind, name := range map[sarama.AclResourceType]string{sarama.AclResourceTopic: topic, sarama.AclResourceGroup: group} {
		err := b.admin.CreateACLs([]*sarama.ResourceAcls{{
			Resource: sarama.Resource{ResourceType: kind, ResourceName: name, ResourcePatternType: sarama.AclPatternLiteral},
			Acls:     []*sarama.Acl{{Principal: "User:" + b.prefix, Host: "*", Operation: sarama.AclOperationDescribe, PermissionType: sarama.AclPermissionAllow}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.join(group, topic, pace{})
	b.send(topic, 0, "o-1")
	b.reached(group, topic, 0, 1)
	c := settings{}
	c.kafkaCluster(sasl, b.prefix, objectives(maxAge, absentAfter), fmt.Sprintf("sasl: {mechanism: SCRAM-SHA-256, username: %s, password: watcher-secret}", b.prefix))
	p := start(t, c)
	p.cycles(2)

	producer := b.transactional(b.prefix, kgo.TransactionTimeout(10*time.Minute))
	b.begins(producer, topic, "o-inside")
	f := p.find(signal.TransactionHanging, queue(topic, group))
	p.says(f, "position", "partition 0: open transaction at offset 1, log end 2", "transactional_id", "",
		"command_to_end_it", fmt.Sprintf("kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition 0 --start-offset 1", sasl, topic))
	if f.Severity != signal.Warning || !strings.HasPrefix(evidence(f, "transaction_state"), "unknown") {
		t.Errorf("got %s", inJSON(f))
	}
	ended(t, evidence(f, "command_to_end_it"), sasl, b.addr)
	p.closes(f)
}

func TestRealTransactionsThatEndAreNotHanging(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(b *broker, topic string, p *program){
		"a long transaction whose producer writes": func(b *broker, topic string, p *program) {
			producer := b.transactional(b.prefix, kgo.TransactionTimeout(10*time.Minute))
			b.begins(producer, topic, "o-0")
			for began := time.Now(); time.Since(began) < 3*watchFor; {
				b.writes(producer, topic, "o-1")
				p.silent(interval)
			}
			b.ends(producer, kgo.TryCommit)
		},
		"an aborted transaction": func(b *broker, topic string, p *program) {
			producer := b.transactional(b.prefix)
			b.begins(producer, topic, "o-0", "o-1")
			b.ends(producer, kgo.TryAbort)
			p.silent(watchFor)
		},
		"short transactions, as Kafka Streams has them": func(b *broker, topic string, p *program) {
			producer := b.transactional(b.prefix)
			for began := time.Now(); time.Since(began) < 3*watchFor; {
				b.begins(producer, topic, "o-0", "o-1", "o-2")
				b.ends(producer, kgo.TryCommit)
				p.silent(interval) // no faster than a consumer on a busy machine
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := kafka(t)
			topic, group := b.topic("payments", 1), b.prefix+"-shipping"
			b.join(group, topic, pace{})
			b.send(topic, 0, "o-first")
			b.reached(group, topic, 0, 1)
			c := settings{}
			// A transaction may take seconds on a busy machine.
			c.kafkaCluster(b.addr, b.prefix, objectives(3*maxAge, 3*absentAfter))
			p := start(t, c)
			p.cycles(2)
			live(b, topic, p)
			p.silent(watchFor)
		})
	}
}
