//go:build integration

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/IBM/sarama"
)

// ownBroker is an Apache Kafka that one test may stop and start without affecting others.
type ownBroker struct {
	t          *testing.T
	addr       string
	jars       string
	properties string
	log        string
	cmd        *exec.Cmd
}

// startKafka formats and starts the test's own broker, even if KAFKA_ADDR names one of the
// user's: a test must not stop that one.
func startKafka(t *testing.T) *ownBroker {
	t.Helper()
	jars := os.Getenv("KAFKA_JARS")
	if jars == "" {
		t.Fatal("KAFKA_JARS is not set: this test stops and starts its own broker; " +
			"set it to the folder with the jars of an Apache Kafka (its libs), or run test/parts/run go test … without KAFKA_ADDR")
	}
	dir := t.TempDir()
	k := &ownBroker{t: t, addr: stablePort(t), jars: jars, properties: filepath.Join(dir, "server.properties"), log: filepath.Join(dir, "kafka.log")}
	controller := stablePort(t)
	rewrite(t, k.properties, strings.Join([]string{
		"process.roles=broker,controller", "node.id=1",
		"controller.quorum.bootstrap.servers=" + controller, "controller.listener.names=CONTROLLER",
		"listeners=PLAINTEXT://" + k.addr + ",CONTROLLER://" + controller,
		"log.dirs=" + filepath.Join(dir, "data"),
		"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=5", "group.initial.rebalance.delay.ms=0",
	}, "\n"))
	format := k.java("kafka.tools.StorageTool", "format", "--standalone", "--config", k.properties, "--cluster-id", "lostorder-tests-000001")
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("format the broker's folder: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		k.stop(syscall.SIGKILL)
		if text, err := os.ReadFile(k.log); err == nil && t.Failed() {
			t.Logf("end of the broker's log:\n%s", text[max(0, len(text)-4000):])
		}
	})
	k.start()
	return k
}

func (k *ownBroker) java(args ...string) *exec.Cmd {
	return exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-Xmx400m", "-cp", filepath.Join(k.jars, "*")}, args...)...)
}

// start starts the broker and waits until it answers.
func (k *ownBroker) start() {
	k.t.Helper()
	log, err := os.OpenFile(k.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	k.cmd = k.java("kafka.Kafka", k.properties)
	k.cmd.Stdout, k.cmd.Stderr = log, log
	if err := k.cmd.Start(); err != nil {
		k.t.Fatalf("start the broker: %v", err)
	}
	eventually(k.t, "the broker answers", func() (bool, string) {
		client, err := sarama.NewClient([]string{k.addr}, clientConfig())
		if err != nil {
			return false, err.Error()
		}
		return client.Close() == nil, "it does not say good-bye"
	})
}

// stop stops the broker and waits until it has ended.
func (k *ownBroker) stop(s syscall.Signal) {
	if k.cmd == nil {
		return
	}
	_ = k.cmd.Process.Signal(s)
	_ = k.cmd.Wait()
	k.cmd = nil
}

// stablePort returns an address that stays free while the broker is down: below the ports of
// outgoing connections and above those of test/parts/run.
func stablePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 30000+rand.IntN(2000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free between 30000 and 31999")
	return ""
}

// freePort returns an address on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	return stablePort(t)
}
