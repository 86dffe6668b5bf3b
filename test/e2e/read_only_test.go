//go:build integration

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// quick sets the shortest interval for the targets of a config.
func quick(c settings) settings {
	for _, entries := range c {
		for i := range entries {
			entries[i] = strings.ReplaceAll(entries[i], schedule(), "interval: 100ms\n    timeout: 20s")
		}
	}
	return c
}

// state returns everything of the test on the broker: topics with their settings and ends,
// and all groups that use them.
func (b *broker) state() string {
	b.t.Helper()
	topics, err := b.admin.ListTopics()
	if err != nil {
		b.t.Fatal(err)
	}
	mine := map[string][]int32{}
	state := map[string]any{}
	for name, detail := range topics {
		if !strings.HasPrefix(name, b.prefix) {
			continue
		}
		state["topic "+name] = detail
		for p := range detail.NumPartitions {
			mine[name] = append(mine[name], p)
			state[fmt.Sprintf("log %s %d", name, p)] = []int64{b.begin(name, p), b.end(name, p)}
		}
	}
	groups, err := b.admin.ListConsumerGroups()
	if err != nil {
		b.t.Fatal(err)
	}
	for group := range groups {
		if strings.HasPrefix(group, "e2e-") && !strings.HasPrefix(group, b.prefix) {
			continue // of another test, which may come and go
		}
		var offsets *sarama.OffsetFetchResponse
		eventually(b.t, "offsets are read", func() (bool, string) {
			offsets, err = b.admin.ListConsumerGroupOffsets(group, mine)
			return err == nil, fmt.Sprint(err)
		})
		for topic, partitions := range mine {
			for _, p := range partitions {
				if block := offsets.GetBlock(topic, p); block != nil && block.Offset >= 0 {
					state[fmt.Sprintf("commit %s %s %d", group, topic, p)] = block.Offset
				}
			}
		}
	}
	if len(mine) == 0 {
		b.t.Fatal("there is nothing to compare")
	}
	return inJSON(state)
}

// TestRealKafkaIsOnlyRead: fifty readings, including order ids and dead letters,
// change nothing in the cluster.
func TestRealKafkaIsOnlyRead(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, dlq, group := b.topic("orders", 3), b.topic("orders.dlq", 1), b.prefix+"-billing"
	missing := b.prefix + "-missing"
	for i := range 30 {
		b.send(topic, int32(i%3), fmt.Sprint("o-", i))
	}
	m := b.join(group, topic, pace{})
	for p := range int32(3) {
		b.reached(group, topic, p, 10)
	}
	m.leave()
	b.send(topic, 1, "o-30", "o-31")
	b.send(dlq, 0, "d-1")
	before := b.state()

	c := settings{}
	c.kafkaCluster(b.addr, b.prefix, "objectives: [{max_age: 1s}]")
	c.add("kafka", "name: missing", fmt.Sprintf("brokers: [%q]", b.addr), fmt.Sprintf("topics: {include: [%q]}", missing), fmt.Sprintf("dlq: [%q]", missing+"-dead"), schedule())
	p := start(t, quick(c))
	p.lenient = true // messages wait without a consumer, so that lostorder reads order ids
	p.cycles(50)
	if len(p.findings()) != 2 {
		t.Errorf("it found nothing to read: %s", inJSON(p.findings()))
	}
	p.stop()
	if after := b.state(); after != before {
		t.Errorf("the cluster was changed:\n%s\nis now\n%s", before, after)
	}
	topics, err := b.admin.ListTopics()
	if err != nil {
		t.Fatal(err)
	}
	for name := range topics {
		if strings.HasPrefix(name, missing) {
			t.Errorf("topic %s was created", name)
		}
	}
}

// TestRealPostgresIsOnlyRead: the server counts every row written to any table of the
// database, and every transaction. Catalogs are left out, because the server itself writes
// to them when it analyses a table.
func TestRealPostgresIsOnlyRead(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	for i := range 200 {
		s.commit(fmt.Sprint("e-", i), fmt.Sprint("o-", i), "", 0)
		s.place(fmt.Sprint("o-", i), "placed", 0)
	}
	type count struct{ written, transactions, locks int64 }
	read := func() (n count) {
		t.Helper()
		err := s.Admin.QueryRow("SELECT (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables) + temp_files, xact_commit + xact_rollback, conflicts + deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n.written, &n.transactions, &n.locks)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The server's statistics are about a second late.
	var before count
	eventually(t, "the server has counted what the test wrote", func() (bool, string) {
		then := before
		before = read()
		return before.written == then.written && before.written >= 400, fmt.Sprintf("%+v", before)
	})
	c := settings{}
	s.watchOutbox(c)
	s.watchOrders(c)
	p := start(t, quick(c))
	p.lenient = true
	p.cycles(50)
	p.stop() // whose connections hand in their counts at their end
	eventually(t, "the server has counted the readings", func() (bool, string) {
		now := read()
		return now.transactions >= before.transactions+100, fmt.Sprintf("%+v after %+v", now, before)
	})
	if after := read(); after.written != before.written || after.locks != before.locks {
		t.Errorf("the database was changed: %+v after %+v", after, before)
	}
	var left string
	eventually(t, "its connections end", func() (bool, string) {
		err := s.Admin.QueryRow("SELECT coalesce(string_agg(state, ','), '') FROM pg_stat_activity WHERE usename = $1", s.User).Scan(&left)
		return err == nil && left == "", left
	})
}

// TestRealConditionThatWritesIsRefused: the READ ONLY transaction refuses a write
// that the user has the right to.
func TestRealConditionThatWritesIsRefused(t *testing.T) {
	t.Parallel()
	s := postgres(t)
	s.commit("e-1", "o-1", "", time.Hour)
	s.Run(t, "CREATE FUNCTION touch() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO outbox (id, order_id, created_at) VALUES ('x', 'x', now()); RETURN true; END $$",
		"CREATE FUNCTION harmless() RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN touch(); END $$", // which it claims to be
		"GRANT INSERT ON outbox TO "+s.User)
	c := settings{}
	s.watchDatabase(c, s.URL)
	c.add("outboxes", "name: relay", "database: postgres", "table: outbox", `pending: "harmless()"`, schedule())
	p := start(t, c)
	red := p.becomes("outbox/relay", false, "read-only transaction")
	t.Log(red.Error)
	p.cycles(4)
	if n := s.pending(); n != 1 {
		t.Errorf("%d rows: a predicate of the config wrote one", n)
	}
}
