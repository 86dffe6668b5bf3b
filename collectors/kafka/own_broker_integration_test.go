//go:build integration

package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ownKafka is a controller and a broker of a test's own, each a process. The broker listens
// on ::1 only; Kafka 4.3 cannot format the folder of a controller that does.
type ownKafka struct {
	addr       string
	controller *exec.Cmd
}

func startOwnKafka(t *testing.T) *ownKafka {
	t.Helper()
	jars, dir := address(t, "KAFKA_JARS"), t.TempDir()
	k := &ownKafka{addr: freePort(t, "[::1]")}
	quorum := freePort(t, "127.0.0.1")
	run := func(node int, role, format, listener string) *exec.Cmd {
		name := filepath.Join(dir, role)
		properties := strings.Join([]string{
			"process.roles=" + role, fmt.Sprintf("node.id=%d", node), "log.dirs=" + name + ".data", "listeners=" + listener,
			"controller.quorum.bootstrap.servers=" + quorum, "controller.listener.names=CONTROLLER",
			"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1", "broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=500",
		}, "\n")
		if err := os.WriteFile(name, []byte(properties), 0o600); err != nil {
			t.Fatal(err)
		}
		java := func(args ...string) *exec.Cmd {
			return exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-Xmx300m", "-cp", filepath.Join(jars, "*")}, args...)...)
		}
		if out, err := java("kafka.tools.StorageTool", "format", format, "--config", name, "--cluster-id", "lostorder-tests-000006").CombinedOutput(); err != nil {
			t.Fatalf("format the folder of the %s: %v\n%s", role, err, out)
		}
		cmd := java("kafka.Kafka", name)
		log, err := os.Create(name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			end(cmd)
			_ = log.Close()
			if text, err := os.ReadFile(name + ".log"); err == nil && t.Failed() {
				t.Logf("end of the log of the %s:\n%s", role, text[max(0, len(text)-2000):])
			}
		})
		return cmd
	}
	k.controller = run(2, "controller", "--standalone", "CONTROLLER://"+quorum)
	run(1, "broker", "--no-initial-controllers", "PLAINTEXT://"+k.addr)
	for until := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		c, err := net.Dial("tcp", k.addr)
		if err == nil {
			_ = c.Close()
			return k
		}
		if time.Now().After(until) {
			t.Fatalf("the broker does not listen: %v", err)
		}
	}
}

func end(c *exec.Cmd) {
	_ = c.Process.Kill()
	_ = c.Wait()
}

// freePort returns an address of a host that is free.
func freePort(t *testing.T, host string) string {
	t.Helper()
	for range 100 {
		if l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", host, 30000+rand.IntN(2000))); err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatalf("no port of %s is free between 30000 and 31999", host)
	return ""
}

// TestRealKafkaOverIPv6OutlivesItsController: brokers answer from what they know while no
// controller does, so that readings stay whole.
func TestRealKafkaOverIPv6OutlivesItsController(t *testing.T) {
	k := startOwnKafka(t)
	c := client(t, []string{k.addr})
	createTopic(t, c, 1, "orders")
	for range 3 {
		produce(t, c, order("orders", 0, "o"))
	}
	commit(t, c, "billing", "orders", map[int32]int64{0: 1})
	r := watch(t, settings(t, []string{k.addr}))
	if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 2 {
		t.Fatalf("got %+v", q)
	}
	end(k.controller)
	// Three times as long as a controller would wait before it declares a broker dead.
	for until := time.Now().Add(6 * time.Second); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 2 {
			t.Fatalf("without a controller: got %+v", q)
		}
	}
	produce(t, c, order("orders", 0, "o"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 3})
	if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 1 || q.Published != 4 {
		t.Errorf("without a controller: got %+v", q)
	}
}
