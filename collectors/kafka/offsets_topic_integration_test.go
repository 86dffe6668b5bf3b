//go:build integration

package kafka_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// java runs one of Kafka's own tools.
func java(t *testing.T, class string, args ...string) string {
	t.Helper()
	args = append([]string{"-cp", address(t, "KAFKA_JARS") + "/*", "org.apache.kafka.tools." + class, "--bootstrap-server", address(t, "KAFKA_ADDR")}, args...)
	out, err := exec.CommandContext(within(t), "java", args...).CombinedOutput() //nolint:gosec // the tools of Kafka, with our own arguments
	if err != nil && !strings.Contains(string(out), "TimeoutException") {
		t.Fatalf("%s: %v\n%s", class, err, out)
	}
	return string(out)
}

// javaGroup is a group of Kafka's console consumer on a topic of one partition.
type javaGroup struct {
	t *testing.T
	shop
	protocol string
}

// consume reads until nothing has come for long, and commits; again where that was too short to
// join. It returns the moves that readings have shown meanwhile.
func (g javaGroup) consume(r signalReader, reset string, until int64) (moves []signal.OffsetMove) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		g.consumeOnce(reset)
		report := readWhole(g.t, r)
		if q, ok := queueOf(report, g.topic, g.topic); ok {
			if moves = append(moves, q.OffsetMoves...); len(q.Partitions) > 0 && q.Partitions[0].Committed == until {
				return moves
			}
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("the group did not commit %d; got\n%s", until, show(report))
		}
	}
}

func (g javaGroup) consumeOnce(reset string) {
	g.t.Helper()
	java(g.t, "consumer.ConsoleConsumer", "--topic", g.topic, "--group", g.topic, "--timeout-ms", "6000",
		"--command-property", "group.protocol="+g.protocol, "--command-property", "auto.offset.reset="+reset)
}

// join joins the group with a client that commits when it is asked.
func (g javaGroup) join() *kgo.Client {
	g.t.Helper()
	opts := []kgo.Opt{kgo.DisableAutoCommit()}
	if g.protocol == "consumer" {
		opts = append(opts, kgo.ServerSideBalancer())
	}
	return g.member(g.t, g.topic, opts...)
}

func (g javaGroup) command(args ...string) {
	g.t.Helper()
	java(g.t, "consumer.group.ConsumerGroupCommand", append(args, "--group", g.topic, "--topic", g.topic)...)
}

func (g javaGroup) produce(n int) {
	g.t.Helper()
	for range n {
		produce(g.t, g.client, order(g.topic, 0, "o-1"))
	}
}

// followed reads until the group is seen without members twice.
func (g javaGroup) followed(r signalReader) signal.Queue {
	g.t.Helper()
	until(g.t, r, "a group without members", func(r signal.Report) bool {
		q, ok := queueOf(r, g.topic, g.topic)
		return ok && q.GroupState == "Empty"
	})
	return mustQueue(g.t, readWhole(g.t, r), g.topic, g.topic)
}

// moves takes three readings and returns the moves in them: what a record shows is reported
// one reading later.
func (g javaGroup) moves(r signalReader) (all []signal.OffsetMove) {
	g.t.Helper()
	for range 3 {
		report := readWhole(g.t, r)
		if q, ok := queueOf(report, g.topic, g.topic); ok {
			all = append(all, q.OffsetMoves...)
		}
		if warns(report, "commits.topic") {
			g.t.Errorf("got\n%s", show(report))
		}
	}
	return all
}

func TestRealMoveOfAnOffsetIsFoundInTheOffsetsTopic(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			open := func(t *testing.T) (javaGroup, signalReader) {
				t.Parallel()
				g := javaGroup{t, open(t, 1), protocol}
				r := watch(t, g.watched(t, address(t, "KAFKA_ADDR"), "commits: {topic: true}", "order_id: key"))
				g.produce(10)
				readWhole(t, r) // from here on it follows
				m := g.join()
				consume(t, m, 10)
				if err := m.CommitUncommittedOffsets(within(t)); err != nil {
					t.Fatal(err)
				}
				m.CloseAllowingRebalance()
				if q := g.followed(r); q.PositionKept != 7*24*time.Hour || time.Until(q.PositionUntil.Time()) > q.PositionKept {
					t.Errorf("the offsets are kept for %s, until %s", q.PositionKept, q.PositionUntil.Time())
				}
				return g, r
			}
			t.Run("an operator resets it over a backlog", func(t *testing.T) {
				g, r := open(t)
				g.produce(5)
				g.command("--reset-offsets", "--to-latest", "--execute")
				moves := g.moves(r)
				if len(moves) != 1 || moves[0].By != signal.MovedByOutsider || moves[0].From != 10 || moves[0].To != 15 || !moves[0].Confirmed || len(moves[0].Sample) == 0 || !moves[0].At.Known() {
					t.Errorf("got %+v", moves)
				}
			})
			t.Run("benign: an operator resets it without backlog", func(t *testing.T) {
				g, r := open(t)
				g.command("--reset-offsets", "--to-latest", "--execute")
				if moves := g.moves(r); len(moves) > 0 {
					t.Errorf("got %+v", moves)
				}
			})
			t.Run("it is deleted, and a consumer resumes at the end", func(t *testing.T) {
				g, r := open(t)
				g.produce(5)
				g.command("--delete-offsets")
				readWhole(t, r)
				if moves := append(g.consume(r, "latest", 15), g.moves(r)...); len(moves) > 0 {
					t.Errorf("decided before a message shows that the client sends epochs: %+v", moves)
				}
				g.produce(1)
				if moves := append(g.consume(r, "latest", 16), g.moves(r)...); len(moves) != 1 || moves[0].By != signal.MovedToEnd || moves[0].From != 10 || moves[0].To != 15 {
					t.Errorf("got %+v", moves)
				}
			})
			t.Run("benign: it is deleted, and a consumer reads from the start", func(t *testing.T) {
				g, r := open(t)
				g.produce(5)
				g.command("--delete-offsets")
				readWhole(t, r)
				if moves := append(g.consume(r, "earliest", 15), g.moves(r)...); len(moves) > 0 {
					t.Errorf("got %+v", moves)
				}
			})
			t.Run("unknown: offsets are committed in transactions", func(t *testing.T) {
				g, r := open(t)
				g.produce(5)
				tx, err := kgo.NewGroupTransactSession(append(member(g.topic, g.topic), kgo.SeedBrokers(address(t, "KAFKA_ADDR")), kgo.TransactionalID(g.topic))...)
				if err != nil {
					t.Fatal(err)
				}
				if err := tx.Begin(); err != nil {
					t.Fatal(err)
				}
				tx.PollFetches(within(t))
				if _, err := tx.End(within(t), kgo.TryCommit); err != nil {
					t.Fatal(err)
				}
				tx.Close()
				g.followed(r)
				g.produce(5)
				g.command("--reset-offsets", "--to-latest", "--execute")
				if moves := g.moves(r); len(moves) > 0 {
					t.Errorf("got %+v", moves)
				}
			})
			t.Run("benign: a member skips by seek and commits", func(t *testing.T) {
				g, r := open(t)
				g.produce(5)
				c := g.join()
				consume(t, c, 1)
				c.CommitOffsetsSync(within(t), map[string]map[int32]kgo.EpochOffset{g.topic: {0: {Epoch: -1, Offset: 15}}},
					func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
						if err != nil || answer.Topics[0].Partitions[0].ErrorCode != 0 {
							t.Errorf("commit: %v, %+v", err, answer)
						}
					})
				c.CloseAllowingRebalance()
				if moves := g.moves(r); len(moves) > 0 {
					t.Errorf("got %+v", moves)
				}
			})
		})
	}
}

func TestRealOffsetsTopicNeedsItsRights(t *testing.T) {
	s := open(t, 1)
	produce(t, s.client, order(s.topic, 0, "o-1"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	user, password := "u-"+s.topic, "watcher-secret"
	addUser(t, s.client, user, password)
	for _, op := range []kmsg.ACLOperation{kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationRead} {
		allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, op)
	}
	allow(t, s.client, user, kmsg.ACLResourceTypeGroup, s.topic, kmsg.ACLOperationDescribe)
	cfg := s.watched(t, address(t, "KAFKA_SASL_ADDR"), "commits: {topic: true}",
		"sasl: {mechanism: SCRAM-SHA-256, username: "+user+", password: "+password+"}")
	asks := func(what string, is func(r signal.Report) bool) {
		t.Helper()
		until(t, watch(t, cfg), what, func(r signal.Report) bool {
			_, seen := queueOf(r, s.topic, s.topic)
			return seen && is(r)
		})
	}
	read := func(r signal.Report) bool {
		return warns(r, "not authorized to read __consumer_offsets", "--operation Read --operation Describe --topic __consumer_offsets")
	}
	kept := func(r signal.Report) bool {
		return warns(r, "not authorized to read offsets.retention.minutes", "--operation DescribeConfigs --cluster")
	}
	asks("both commands", func(r signal.Report) bool { return read(r) && kept(r) })
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, "__consumer_offsets", kmsg.ACLOperationDescribe)
	asks("the topic is listed and may not be read", func(r signal.Report) bool { return read(r) })
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, "__consumer_offsets", kmsg.ACLOperationRead)
	allow(t, s.client, user, kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationDescribeConfigs)
	asks("all is read", func(r signal.Report) bool { return len(r.Warnings) == 0 })
}
