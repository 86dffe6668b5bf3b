//go:build integration

package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// binlogSettings configures an outbox that a connector reads from the binary log.
func binlogSettings(s *databasetest.Shop) string {
	return strings.Replace(settings(s.URL, "binlog_user: debezium", "max_age: 1s"), "    table: outbox\n", "", 1)
}

// connectors creates a table, and users that may read the log.
func connectors(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, "CREATE TABLE outbox (id BIGINT PRIMARY KEY AUTO_INCREMENT, payload LONGTEXT)")
	for _, user := range []string{"debezium", "replica"} {
		s.Run(t, "CREATE USER "+user+"@'%' IDENTIFIED BY ''", "GRANT REPLICATION SLAVE ON *.* TO "+user+"@'%'")
	}
}

// write writes an event of so many bytes.
func write(t *testing.T, s *databasetest.Shop, bytes int) {
	t.Helper()
	s.Run(t, fmt.Sprintf("INSERT INTO outbox (payload) VALUES ('%s')", strings.Repeat("x", bytes)))
}

// lastLog is the file that the server writes, and its size.
func lastLog(t *testing.T, s *databasetest.Shop) (file, size string) {
	t.Helper()
	rows, err := s.Admin.Query("SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		names, _ := rows.Columns()
		into := []any{&file, &size, new(string)}
		if err := rows.Scan(into[:len(names)]...); err != nil {
			t.Fatal(err)
		}
	}
	if rows.Err() != nil || file == "" {
		t.Fatalf("there is no binary log: %v", rows.Err())
	}
	return file, size
}

// connect reads the log as a user, starting with the file that the server writes.
func connect(t *testing.T, s *databasetest.Shop, user string) *databasetest.LogReader {
	t.Helper()
	file, _ := lastLog(t, s)
	return databasetest.ReadLog(t, s.Addr, user, file)
}

// found writes events until outbox_stalled is reported.
func found(t *testing.T, s *databasetest.Shop, next func() signal.Report) signal.Finding {
	t.Helper()
	detector := detect.New()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		write(t, s, 100<<10)
		r := next()
		r.Interval = time.Minute // readings on a busy machine are apart
		detector.Observe(&r)
		if open := detector.Open(); len(open) == 1 {
			return open[0]
		}
	}
	t.Fatal("it was not found")
	return signal.Finding{}
}

func TestRealBinlogIsFollowed(t *testing.T) {
	databasetest.EachLogged(t, func(t *testing.T, s *databasetest.Shop, _ bool) {
		connectors(t, s)
		text := binlogSettings(s)
		first := connect(t, s, "debezium")
		for _, right := range []string{"", "REPLICATION CLIENT", "PROCESS"} {
			if right != "" {
				s.Run(t, "GRANT "+right+" ON *.* TO "+s.Reader())
			}
			r := read(t, text)
			if r.Err == nil || !strings.Contains(r.Err.Error(), "run as an administrator: GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'watcher'@'%';") || !r.Empty() {
				t.Errorf("with the right %q the error is %v", right, r.Err)
			}
			s.Run(t, "REVOKE PROCESS, REPLICATION CLIENT ON *.* FROM "+s.Reader())
		}
		advised := collectors.Examine(t.Context(), load(t, text)[0]).Advice
		if len(advised) == 0 || advised[0].Paste != "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'watcher'@'%';" {
			t.Fatalf("advised is %+v", advised)
		}
		grantAll(t, s, advised)
		next := watch(t, text)
		until(t, "a reader that was sent all", next, func(o signal.LogReader) bool {
			return o.Active && o.Written > 0 && o.Confirmed == o.Written && o.Name == "debezium" && o.Binlog && o.Sent == signal.Unknown
		})
		write(t, s, 200<<10)
		before := until(t, "what was written, and sent", next, func(o signal.LogReader) bool { return o.Written > 200<<10 && o.Confirmed == o.Written })

		first.Stop()
		other := connect(t, s, "replica")
		away := until(t, "no reader, and a replica as another user", next, func(o signal.LogReader) bool {
			write(t, s, 1) // a server that has nothing to send does not see that a reader has gone
			return !o.Active
		})
		if away.Confirmed < before.Written || away.Lost {
			t.Errorf("no reader is left, and it is %+v; before that it was %+v", away, before)
		}
		write(t, s, 200<<10)
		until(t, "log that no connector reads", next, func(o signal.LogReader) bool {
			return o.Lag() > 200<<10 && o.UnconfirmedSince.Known() && o.Confirmed == away.Confirmed
		})
		f := found(t, s, next)
		if cause, _ := f.Evidence.Find("cause"); f.Mode != signal.OutboxStalled || !strings.HasPrefix(cause.Value.String(), "no reader is connected to the binary log as debezium") {
			t.Errorf("found is %+v", f)
		}
		if r := read(t, text); whole(t, r).LogReader.Active || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "user debezium has not read the binary log of database shop since lostorder started watching; users that read it: replica. Does") {
			t.Errorf("to one who has just begun it is %+v, %q", r.Outboxes, r.Warnings)
		}

		other.Stop()
		s.Run(t, "FLUSH BINARY LOGS")
		until(t, "log that was removed", next, func(o signal.LogReader) bool {
			write(t, s, 1) // nor does it remove what one reads that it takes to be there
			file, _ := lastLog(t, s)
			s.Run(t, "PURGE BINARY LOGS TO '"+file+"'")
			return o.Lost
		})
		connect(t, s, "debezium")
		until(t, "a reader that came back", next, func(o signal.LogReader) bool {
			return o.Active && !o.Lost && o.Lag() == 0 && !o.UnconfirmedSince.Known()
		})
	})
}

// A reader that hangs is found because the server stops sending to it, where the server
// counts that. Later the server disconnects it, and then no reader is connected.
func TestRealBinlogReaderThatReceivesNothing(t *testing.T) {
	databasetest.EachLogged(t, func(t *testing.T, s *databasetest.Shop, counts bool) {
		connectors(t, s)
		s.Run(t, "SET GLOBAL net_write_timeout = 3600", "GRANT PROCESS, REPLICATION CLIENT ON *.* TO "+s.Reader())
		reader := connect(t, s, "debezium")
		text := binlogSettings(s)
		blind := watch(t, text)
		until(t, "a reader", blind, func(o signal.LogReader) bool { return o.Active })
		reader.Hold()
		full := func(o signal.LogReader) bool {
			write(t, s, 1<<20)
			return o.Active && o.Confirmed == signal.Unknown
		}
		until(t, "more than is sent", blind, full)
		if o := whole(t, blind()); o.LogReader.Sent != signal.Unknown || o.LogReader.Lag() != signal.Unknown {
			t.Errorf("without the right to count what is sent it is %+v", o.LogReader)
		}
		advice := collectors.Examine(t.Context(), load(t, text)[0]).Advice
		if (len(advice) == 2) != counts {
			t.Fatalf("the server counts what it sends: %v; advised is %+v", counts, advice)
		}
		if counts {
			grantAll(t, s, advice)
			next := watch(t, text)
			until(t, "more than is sent", next, func(o signal.LogReader) bool { return full(o) && o.Sent > 0 })
			f := found(t, s, next)
			if cause, _ := f.Evidence.Find("cause"); !strings.HasPrefix(cause.Value.String(), "the reader of the binary log as debezium receives nothing") {
				t.Errorf("found is %+v", f)
			}
		}
		reader.Stop()
		until(t, "no reader", blind, func(o signal.LogReader) bool { return !o.Active })

		s.Run(t, "SET GLOBAL net_write_timeout = 1")
		connect(t, s, "debezium").Hold()
		until(t, "that the server cuts off what takes nothing", blind, func(o signal.LogReader) bool {
			if o.Active {
				write(t, s, 1<<20)
			}
			return !o.Active && o.Lag().Known()
		})
		if f := found(t, s, blind); f.Mode != signal.OutboxStalled {
			t.Errorf("found is %+v", f)
		}
	})
}

func TestRealBinlogConformance(t *testing.T) {
	databasetest.EachLogged(t, func(t *testing.T, s *databasetest.Shop, _ bool) {
		connectors(t, s)
		write(t, s, 1)
		s.Run(t, "GRANT PROCESS, REPLICATION CLIENT ON *.* TO "+s.Reader())
		connect(t, s, "debezium")
		collectortest.Run(t, func(t *testing.T) collectortest.Env {
			env, url := databasetest.Conform(t, s, "outbox")
			table := env.Fingerprint
			env.Fingerprint = func() string {
				file, size := lastLog(t, s)
				return fmt.Sprint(table(), file, size)
			}
			env.Target = often(t, strings.Replace(binlogSettings(s), s.URL, url, 1)+"    timeout: 2s\n")
			return env
		})
	})
}

func TestRealServerWithoutABinlog(t *testing.T) {
	for name, shop := range map[string]func(testing.TB) *databasetest.Shop{"mariadb": databasetest.MariaDB, "mysql": databasetest.MySQL} {
		t.Run(name, func(t *testing.T) {
			s := shop(t)
			var on bool
			if err := s.Admin.QueryRow("SELECT @@log_bin").Scan(&on); err != nil || on {
				t.Skipf("the server at hand is not without a binary log (%v)", err)
			}
			s.Run(t, "GRANT PROCESS, REPLICATION CLIENT ON *.* TO "+s.Reader())
			s.URL = strings.TrimSuffix(s.URL, s.User) + "information_schema" // which every user may use
			r := read(t, binlogSettings(s))
			if r.Err == nil || !strings.Contains(r.Err.Error(), "read the state of the binary log: the server writes none (log_bin is off)") || !r.Empty() {
				t.Errorf("the error is %v", r.Err)
			}
		})
	}
}
