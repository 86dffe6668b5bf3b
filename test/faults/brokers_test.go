//go:build integration

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	amqp "github.com/rabbitmq/amqp091-go"
)

// newKafka is a Kafka with a group that left four messages and one that has read everything.
func newKafka(t *testing.T) *server {
	t.Helper()
	jars := os.Getenv("KAFKA_JARS")
	if jars == "" {
		t.Fatal("KAFKA_JARS is not set: run test/parts/run --parts=kafka go test …")
	}
	dir := t.TempDir()
	s := &server{t: t, name: "Kafka", target: "kafka/kafka", addr: freePort(t)}
	// The broker sends clients to the proxy.
	s.proxy = newProxyAt(t, s.name, freePort(t), s.addr)
	controller, properties := freePort(t), filepath.Join(dir, "server.properties")
	write(t, properties, strings.Join([]string{
		"process.roles=broker,controller", "node.id=1",
		"controller.quorum.bootstrap.servers=" + controller, "controller.listener.names=CONTROLLER",
		"listeners=PLAINTEXT://" + s.addr + ",CONTROLLER://" + controller, "advertised.listeners=PLAINTEXT://" + s.proxy.Listen,
		"log.dirs=" + filepath.Join(dir, "data"),
		"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1", "group.initial.rebalance.delay.ms=0",
	}, "\n"))
	java := func(args ...string) *exec.Cmd {
		return exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-Xmx400m", "-cp", filepath.Join(jars, "*")}, args...)...)
	}
	finish(t, nil, java("kafka.tools.StorageTool", "format", "--standalone", "--config", properties, "--cluster-id", "lostorder-tests-000002"))
	s.command = func() *exec.Cmd { return java("kafka.Kafka", properties) }
	config := sarama.NewConfig()
	config.Version, config.Producer.Return.Successes, config.Net.DialTimeout, config.Metadata.Retry.Max = sarama.V3_6_0_0, true, 2*time.Second, 1
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.ready = func() error {
		client, err := sarama.NewClient([]string{s.proxy.Listen}, config)
		if err != nil {
			return err
		}
		return client.Close()
	}
	s.run()
	eventually(t, "the topics of Kafka are there", func() string {
		for topic, committed := range map[string]int64{"orders": 1, "done": 5} {
			if err := fillKafka(s.proxy.Listen, config, topic, committed); err != nil {
				return err.Error()
			}
		}
		return ""
	})
	return s
}

// fillKafka makes a topic of five messages. A group that no longer has members committed some.
func fillKafka(addr string, config *sarama.Config, topic string, committed int64) error {
	client, err := sarama.NewClient([]string{addr}, config)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return err
	}
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false); err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return err
	}
	if err := client.RefreshMetadata(topic); err != nil {
		return err
	}
	if end, err := client.GetOffset(topic, 0, sarama.OffsetNewest); err != nil {
		return err
	} else if end < 5 {
		producer, err := sarama.NewSyncProducerFromClient(client)
		if err != nil {
			return err
		}
		for i := range 5 - end {
			if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(fmt.Sprint(i))}); err != nil {
				return err
			}
		}
	}
	// A member, because a group that commits without members needs none.
	group, err := sarama.NewConsumerGroupFromClient(topic+"-group", client)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = group.Consume(ctx, []string{topic}, &member{committed, cancel})
	if err = errors.Join(err, group.Close()); err != nil {
		return err
	}
	got, err := admin.ListConsumerGroupOffsets(topic+"-group", map[string][]int32{topic: {0}})
	if err != nil {
		return err
	}
	if block := got.GetBlock(topic, 0); block == nil || block.Offset != committed {
		return fmt.Errorf("the group of %s has committed %v, want %d", topic, block, committed)
	}
	return nil
}

// member is a consumer that leaves its group when it has processed some messages.
type member struct {
	most  int64
	leave context.CancelFunc
}

func (*member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		if message.Offset < m.most {
			session.MarkMessage(message, "")
		}
		if message.Offset+1 >= m.most {
			session.Commit()
			m.leave()
			return nil
		}
	}
	return nil
}

// newRabbitMQ is a RabbitMQ with a queue of five messages without a consumer, and an empty one.
func newRabbitMQ(t *testing.T) *server {
	t.Helper()
	const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	if _, err := os.Stat(program); err != nil {
		t.Fatal("there is no RabbitMQ in /usr/lib/rabbitmq: run test/parts/run --parts=rabbitmq310 go test …")
	}
	dir, as := folder(t, "rabbitmq")
	epmd, distribution, plain := freePort(t), freePort(t), freePort(t)
	s := &server{t: t, name: "RabbitMQ", target: "rabbitmq/rabbit", addr: freePort(t)}
	for name, text := range map[string]string{
		"enabled_plugins": "[rabbitmq_management].",
		"rabbitmq.conf": strings.Join([]string{
			"listeners.tcp.1 = " + plain, "management.tcp.ip = 127.0.0.1", "management.tcp.port = " + port(s.addr),
			"default_user = watcher", "default_pass = " + secret, "loopback_users = none", "log.console = true", "log.file = false", "collect_statistics_interval = 1000",
		}, "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // the server's user reads it
			t.Fatal(err)
		}
	}
	environment := append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+port(epmd))
	names := exec.Command("epmd", "-address", "127.0.0.1") // not left to RabbitMQ, which would leave it running
	names.Env, names.SysProcAttr = environment, as
	if err := names.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = names.Process.Kill(); _ = names.Wait() })
	s.command = func() *exec.Cmd {
		cmd := exec.Command(program)
		cmd.SysProcAttr, cmd.Dir = as, dir
		cmd.Env = append(environment, "RABBITMQ_NODENAME=faults"+port(plain)+"@localhost", "RABBITMQ_DIST_PORT="+port(distribution),
			"RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "db"), "RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"), "RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"),
			"RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "enabled_plugins"),
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}")
		return cmd
	}
	s.ready = func() error {
		request, err := http.NewRequest(http.MethodGet, "http://"+s.addr+"/api/queues", nil)
		if err != nil {
			return err
		}
		request.SetBasicAuth("watcher", secret)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return errors.New(answer.Status)
		}
		return nil
	}
	s.run()
	connection, err := amqp.Dial(fmt.Sprintf("amqp://watcher:%s@%s/", secret, plain))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	channel, err := connection.Channel()
	if err == nil {
		err = channel.Confirm(false)
	}
	for _, queue := range []string{"orders", "idle"} {
		if err == nil {
			_, err = channel.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "classic"})
		}
	}
	for range 5 {
		var sent *amqp.DeferredConfirmation
		if err == nil {
			sent, err = channel.PublishWithDeferredConfirm("", "orders", false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("{}")})
		}
		if err == nil {
			_, err = sent.WaitContext(t.Context())
		}
	}
	if err != nil {
		t.Fatalf("fill RabbitMQ: %v", err)
	}
	s.proxy = newProxy(t, s.name, s.addr)
	return s
}

// newSQS is SQS as moto emulates it, with a message in a dead letter queue. It keeps everything in
// memory.
func newSQS(t *testing.T) *server {
	t.Helper()
	python := os.Getenv("MOTO_PYTHON")
	if python == "" {
		t.Fatal("MOTO_PYTHON is not set: run test/parts/run --parts=sqs go test …, without SQS_ENDPOINT")
	}
	s := &server{t: t, name: "SQS", target: "sqs/sqs", addr: freePort(t)}
	s.command = func() *exec.Cmd {
		host, p, _ := net.SplitHostPort(s.addr)
		return exec.Command(python, "-m", "moto.server", "-H", host, "-p", p)
	}
	endpoint := "http://" + s.addr
	client := awssqs.New(awssqs.Options{Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	s.ready = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, err := client.ListQueues(ctx, &awssqs.ListQueuesInput{})
		return err
	}
	s.refill = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		dlq, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("orders-dlq")})
		if err == nil {
			_, err = client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("orders"), Attributes: map[string]string{
				"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:orders-dlq","maxReceiveCount":3}`,
			}})
		}
		if err == nil {
			_, err = client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: dlq.QueueUrl, MessageBody: aws.String("{}")})
		}
		if err != nil {
			t.Fatalf("fill SQS: %v", err)
		}
	}
	s.run()
	s.refill()
	s.proxy = newProxy(t, s.name, s.addr)
	return s
}
