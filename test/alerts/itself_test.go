//go:build integration

package alerts_test

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	_ "modernc.org/sqlite" // the database

	"github.com/lostorder/lostorder/test/parts/parttest"
)

// TestRealAlertsAboutLostorderItself lets one thing after the other happen to a
// lostorder and to what it watches, and demands that the alert of each fires, mutes what
// it has to, and resolves.
func TestRealAlertsAboutLostorderItself(t *testing.T) {
	t.Parallel()
	w := watching(t)

	w.step("orders late, and the budget with them", func() {
		w.exec("UPDATE orders SET state_since = '2026-01-01 00:00:00' WHERE id = 'A-7'")
		if n := w.fires("LostorderOrderOverdue"); !strings.Contains(n.page, "A-7") {
			t.Errorf("the link does not lead to the order:\n%.300s", n.page)
		}
		for _, window := range []string{"1h", "6h", "1d", "3d"} {
			w.is("LostorderOrderBudgetBurns"+window, "firing", w.firing)
			w.is("LostorderOrderBudgetBurns"+window, "muted by the order that is overdue", w.muted)
		}
		w.exec("DELETE FROM orders WHERE id = 'A-7'")
		w.resolves("LostorderOrderOverdue")
		w.isNot("LostorderOrderBudgetBurns1h", "over, for it is so no more", w.firing)
		w.isNot("LostorderOrderBudgetBurns6h", "over, for it is so no more", w.firing)
	})
	w.step("a partition without a leader", func() {
		fault := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "orders", Partitions: []int32{1}, Err: kerr.NotLeaderForPartition, Count: -1})
		if n := w.fires("LostorderDataStale"); n.Labels["target"] != "main" || n.Receiver != "team" {
			t.Errorf("got %s", n.String())
		}
		fault.Remove()
		w.resolves("LostorderDataStale")
	})
	w.step("a file with a mistake", func() {
		w.configure("\nlifecycle: []\n")
		if n := w.fires("LostorderConfigReloadFailed"); n.Labels["instance"] != w.address {
			t.Errorf("got %s", n.String())
		}
		w.configure("")
		w.resolves("LostorderConfigReloadFailed")
	})
	w.step("more findings than there are alerts", func() {
		w.exec("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59) INSERT INTO many SELECT i, 's' || i, '2026-01-01 00:00:00' FROM n")
		var states, lifecycles strings.Builder
		for i := range 60 {
			fmt.Fprintf(&states, "      s%d: {initial: true, max: 1s, next: [done]}\n", i)
		}
		for i := range 9 { // of 60 findings each
			fmt.Fprintf(&lifecycles, "  - name: many%d\n    source: {database: shop, table: many, columns: {order_id: id, state: state, since: state_since}}\n    states:\n%s      done: {terminal: true}\n    interval: 15s\n    timeout: 1m\n", i, states.String())
		}
		w.configure(lifecycles.String())
		w.fires("LostorderFindingsUnlisted")
		w.configure("")
		w.resolves("LostorderFindingsUnlisted")
	})
	w.step("one target of two is gone", func() {
		w.closeKafka()
		if n := w.fires("LostorderTargetDown"); n.Labels["target"] != "main" {
			t.Errorf("got %s", n.String())
		}
	})
	w.step("and then the other", func() {
		w.hide()
		w.fires("LostorderCannotSee")
		w.is("LostorderTargetDown", "muted by LostorderCannotSee", w.muted)
		w.show()
		w.resolves("LostorderCannotSee")
		w.openKafka()
		w.isNot("LostorderTargetDown", "over", w.firing)
		// That they were out of sight for so long is for the record.
		if n := w.fires("LostorderObservationGap"); n.Receiver != "record" {
			t.Errorf("got %s", n.String())
		}
		w.resolves("LostorderObservationGap")
	})
	w.step("lostorder stands still", func() {
		signalTo(t, w.cmd.Cmd, syscall.SIGSTOP)
		w.fires("LostorderAbsent")
		signalTo(t, w.cmd.Cmd, syscall.SIGCONT)
		w.resolves("LostorderAbsent")
	})
}

// watched is a lostorder that watches a Kafka and a table, and is monitored itself.
type watched struct {
	*monitoring
	address, file, base, database string
	port                          int
	kafka                         *kfake.Cluster
	db                            *sql.DB
	cmd                           *parttest.Program
}

func watching(t *testing.T) *watched {
	t.Helper()
	dir := t.TempDir()
	w := &watched{address: parttest.Free(t), file: filepath.Join(dir, "lostorder.yml"), database: filepath.Join(dir, "shop.db")}
	_, port, err := net.SplitHostPort(parttest.Free(t))
	if err != nil {
		t.Fatal(err)
	}
	if w.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	w.monitoring = monitor(t, w.address)
	w.openKafka()
	t.Cleanup(func() { w.kafka.Close() })
	if w.db, err = sql.Open("sqlite", w.database+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	w.db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = w.db.Close() })
	w.exec("CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT NOT NULL, state_since TEXT NOT NULL)")
	w.exec("CREATE TABLE many (id TEXT PRIMARY KEY, state TEXT NOT NULL, state_since TEXT NOT NULL)")
	for i := range 10 {
		w.exec("INSERT INTO orders VALUES (?, 'placed', datetime('now'))", fmt.Sprintf("A-%d", i))
	}
	w.base = fmt.Sprintf(`kafka:
  - name: main
    brokers: ["127.0.0.1:%d"]
    interval: 1s
    timeout: 5s
databases:
  - name: shop
    url: "sqlite://%s"
lifecycles:
  - name: order
    source: {database: shop, table: orders, columns: {order_id: id, state: state, since: state_since}}
    states:
      placed: {max: 1h, next: [done]}
      done: {terminal: true}
    interval: 1s
    timeout: 5s
`, w.port, w.database)
	write(t, w.file, w.base)
	w.cmd = parttest.Start(t, lostorder(t), "run", "--config.file="+w.file, "--web.listen-address="+w.address)
	// A process that is stopped cannot end.
	t.Cleanup(func() { _ = w.cmd.Process.Signal(syscall.SIGCONT) })
	w.eventually("Prometheus sees both targets", func() (bool, string) {
		var answer struct{ Data struct{ Result []any } }
		w.ask(w.prometheus, "/api/v1/query?query=target:lostorder_collector_up:max==1", &answer)
		return len(answer.Data.Result) == 2, w.say()
	})
	return w
}

// step is one event. It clears earlier notices, and checks that none was sent before the
// event.
func (w *watched) step(what string, happen func()) {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	w.t.Logf("%s %s", time.Now().Format(time.TimeOnly), what)
	w.forget()
	happen()
}

func (w *watched) is(alert, what string, all func() []string) {
	w.t.Helper()
	w.eventually(alert+" is "+what, func() (bool, string) { return slices.Contains(all(), alert), w.say() })
}

func (w *watched) isNot(alert, what string, all func() []string) {
	w.t.Helper()
	w.eventually(alert+" is "+what, func() (bool, string) { return !slices.Contains(all(), alert), w.say() })
}

func (w *watched) exec(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// configure writes the file, with more behind it, and has it loaded.
func (w *watched) configure(more string) {
	w.t.Helper()
	write(w.t, w.file, w.base+more)
	signalTo(w.t, w.cmd.Cmd, syscall.SIGHUP)
}

// openKafka starts a Kafka at the address of the one before.
func (w *watched) openKafka() {
	w.t.Helper()
	var err error
	w.eventually("a Kafka is there", func() (bool, string) {
		w.kafka, err = kfake.NewCluster(kfake.Ports(w.port), kfake.NumBrokers(1), kfake.SeedTopics(2, "orders"))
		return err == nil, fmt.Sprint(err)
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka.ListenAddrs()...), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders"), kgo.DefaultProduceTopic("orders"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(w.t.Context(), kgo.StringRecord("an order")).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
	client.PollFetches(w.t.Context())
	if err := client.CommitUncommittedOffsets(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) closeKafka() { w.kafka.Close() }

// hide takes the database away, and show brings it back.
func (w *watched) hide() { w.rename(w.database, w.database+".hidden") }
func (w *watched) show() { w.rename(w.database+".hidden", w.database) }

func (w *watched) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(from, to); err != nil {
		w.t.Fatal(err)
	}
}

func signalTo(t *testing.T, cmd *exec.Cmd, s os.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
