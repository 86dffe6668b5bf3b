//go:build integration

package kafka_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/signal"
)

// address returns an address that test/parts/run puts into the environment.
func address(t testing.TB, variable string) string {
	t.Helper()
	addr := os.Getenv(variable)
	if addr == "" {
		t.Fatalf("%s is not set; run: test/parts/run --parts=kafka,kafkacluster,kerberos go test -tags=integration ./collectors/kafka/", variable)
	}
	return addr
}

func open(t *testing.T, partitions int32) shop {
	t.Helper()
	c := client(t, []string{address(t, "KAFKA_ADDR")})
	name := fmt.Sprintf("%s-%x", strings.Map(func(r rune) rune {
		if strings.ContainsRune("/_:,", r) {
			return '-'
		}
		return r
	}, t.Name()), time.Now().UnixNano())
	createTopic(t, c, partitions, name)
	t.Cleanup(func() { deleteTopic(t, c, name) })
	return shop{name, c}
}

// watched returns the config that watches this shop alone.
func (s shop) watched(t *testing.T, addr string, lines ...string) kafka.Config {
	t.Helper()
	return settings(t, []string{addr}, append(lines, "topics: {include: '"+s.topic+".*'}")...)
}

func (s shop) member(t *testing.T, group string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, []string{address(t, "KAFKA_ADDR")}, append(member(group, s.topic), opts...)...)
}

func TestRealGroupsAreReadWithoutChangingThem(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{"classic": nil, "848": {kgo.ServerSideBalancer()}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 3)
			for p := range int32(3) {
				produce(t, s.client, order(s.topic, p, "o-1"), order(s.topic, p, "o-2"))
			}
			consumer := s.member(t, s.topic, opts...)
			consume(t, consumer, 6)
			if err := consumer.CommitRecords(within(t), &kgo.Record{Topic: s.topic, Partition: 0, Offset: 1}, &kgo.Record{Topic: s.topic, Partition: 1, Offset: 0}); err != nil {
				t.Fatal(err)
			}
			r := watch(t, s.watched(t, address(t, "KAFKA_ADDR")))
			q := mustQueue(t, until(t, r, "a group that owns all", func(r signal.Report) bool {
				q, ok := queueOf(r, s.topic, s.topic)
				return ok && q.Consumers == 1 && q.GroupState == "Stable" && q.Oldest.Bound == signal.Measured
			}), s.topic, s.topic)
			if q.Ready != 1 || q.Uncommitted != 2 || q.Partitions[2].Assignment != signal.Assigned || q.Oldest.At(signal.InstantOf(time.Now())) > time.Minute {
				t.Errorf("got %+v", q)
			}
			before := fingerprint(t, s.client)
			for range 20 {
				readWhole(t, r)
			}
			if after := fingerprint(t, s.client); ofTopic(after, s.topic) != ofTopic(before, s.topic) {
				t.Errorf("was\n%s\nis\n%s", before, after)
			}
			consumer.CloseAllowingRebalance()
			until(t, r, "no member", func(r signal.Report) bool {
				q, ok := queueOf(r, s.topic, s.topic)
				return ok && q.Consumers == 0 && q.Partitions[0].Assignment == signal.Unassigned && q.GroupState == "Empty"
			})
		})
	}
}

// ofTopic keeps the lines of a fingerprint that are about a topic or its groups.
func ofTopic(fingerprint, topic string) string {
	var kept []string
	for line := range strings.SplitSeq(fingerprint, "\n") {
		if strings.Contains(line, topic) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func TestRealGroupThatOnlyCommitsHasUnknownConsumers(t *testing.T) {
	s := open(t, 2)
	produce(t, s.client, order(s.topic, 0, "o-1"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	q := mustQueue(t, readWhole(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR")))), s.topic, s.topic)
	if q.Consumers != signal.Unknown || len(q.Partitions) != 1 || q.Ready != 1 {
		t.Errorf("got %+v", q)
	}
}

func TestRealTransactionMarkersAreNoBacklog(t *testing.T) {
	s := open(t, 2)
	tx := client(t, []string{address(t, "KAFKA_ADDR")}, kgo.TransactionalID(s.topic))
	transaction(t, tx, kgo.TryCommit, order(s.topic, 0, "o-1"), order(s.topic, 1, "o-2"))
	transaction(t, tx, kgo.TryAbort, order(s.topic, 0, "o-3"))
	transaction(t, tx, kgo.TryCommit, order(s.topic, 1, "o-4"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 1, 1: 1})
	r := watch(t, s.watched(t, address(t, "KAFKA_ADDR"), append(impatient, "order_id: key")...))
	q := mustQueue(t, until(t, r, "a sample", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Partitions[0].NothingToDeliver && len(q.Sample) > 0
	}), s.topic, s.topic)
	if q.Partitions[1].NothingToDeliver || len(q.Sample) != 1 || q.Sample[0].ID != "o-4" {
		t.Errorf("got %+v", q)
	}
}

func TestRealCommitBelowTheLogStartIsReported(t *testing.T) {
	s := open(t, 1)
	for range 10 {
		produce(t, s.client, order(s.topic, 0, "o-1"))
	}
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 3})
	deleteRecords(t, s.client, s.topic, 0, 7)
	q := mustQueue(t, readWhole(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR")))), s.topic, s.topic)
	if p := q.Partitions[0]; p.Committed != 3 || p.Start != 7 || p.End != 10 || q.Ready != 3 {
		t.Errorf("got %+v", q)
	}
}

func TestRealAgeOfTheHeadIsMeasured(t *testing.T) {
	s := open(t, 1)
	now := time.Now().Truncate(time.Millisecond)
	for i := range 300 {
		produce(t, s.client, orderAt(s.topic, 0, "o", now.Add(time.Duration(i-300)*time.Minute)))
	}
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 100})
	q := mustQueue(t, until(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR"))), "a measured age", func(r signal.Report) bool {
		q, _ := queueOf(r, s.topic, s.topic)
		return q.Oldest.Bound == signal.Measured
	}), s.topic, s.topic)
	if age := q.Oldest.At(signal.InstantOf(now)); age > 200*time.Minute || age < 190*time.Minute {
		t.Errorf("the head is said to be %s old", age)
	}
}

func TestRealDeadLetterQueueIsPaired(t *testing.T) {
	s := open(t, 1)
	createTopic(t, s.client, 1, s.topic+".dlq")
	t.Cleanup(func() { deleteTopic(t, s.client, s.topic+".dlq") })
	produce(t, s.client, order(s.topic+".dlq", 0, "o-1"), order(s.topic+".dlq", 0, "o-2"))
	d := deadLetters(readWhole(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR"), "order_id: key"))))[s.topic+".dlq"]
	if d.Messages != 2 || d.Arrived != 2 || !slices.Equal(d.Sources, []string{s.topic}) || len(d.Sample) != 2 || !d.Oldest.Known() {
		t.Errorf("got %+v", d)
	}
}

func TestRealTransactionMarkersAreNoDeadLetters(t *testing.T) {
	s := open(t, 1)
	dlq := s.topic + ".dlq"
	createTopic(t, s.client, 2, dlq)
	t.Cleanup(func() { deleteTopic(t, s.client, dlq) })
	tx := client(t, []string{address(t, "KAFKA_ADDR")}, kgo.TransactionalID(s.topic))
	transaction(t, tx, kgo.TryAbort, order(dlq, 0, "o-1"))
	transaction(t, tx, kgo.TryCommit, order(dlq, 1, "o-2"))
	r := watch(t, s.watched(t, address(t, "KAFKA_ADDR")))
	holds := func(want signal.Count) func(signal.Report) bool {
		return func(r signal.Report) bool { return deadLetters(r)[dlq].Messages == want }
	}
	until(t, r, "the message of the transaction that was committed", holds(2)) // with its marker
	commit(t, s.client, s.topic, dlq, map[int32]int64{1: 1})
	until(t, r, "only invisible messages", holds(0))
}

func TestRealSecurityErrorsNameTheSetting(t *testing.T) {
	s := open(t, 1)
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	plain, sasl, secured := address(t, "KAFKA_ADDR"), address(t, "KAFKA_SASL_ADDR"), address(t, "KAFKA_TLS_ADDR")
	ca := "tls: {ca_file: " + address(t, "KAFKA_TLS_CA") + "}"
	for name, test := range map[string]struct {
		addr   string
		config []string
		want   []string // one of them, in the error; none: it is read
	}{
		"PLAIN":                            {sasl, []string{"sasl: {username: lostorder, password: lostorder-secret}"}, nil},
		"SCRAM-SHA-256":                    {sasl, []string{"sasl: {mechanism: SCRAM-SHA-256, username: lostorder, password: lostorder-secret}"}, nil},
		"SCRAM-SHA-512":                    {sasl, []string{"sasl: {mechanism: SCRAM-SHA-512, username: lostorder, password: lostorder-secret}"}, nil},
		"TLS":                              {secured, []string{ca}, nil},
		"wrong password":                   {sasl, []string{"sasl: {username: lostorder, password: wrong-horse}"}, []string{"SASL authentication failed for user lostorder; check username, password and mechanism in kafka[].sasl"}},
		"wrong SCRAM password":             {sasl, []string{"sasl: {mechanism: SCRAM-SHA-512, username: lostorder, password: wrong-horse}"}, []string{"SASL authentication failed for user lostorder; check username, password and mechanism in kafka[].sasl"}},
		"no SASL":                          {sasl, nil, []string{"or SASL (kafka[].sasl)"}},
		"SASL to a plain port":             {plain, []string{"sasl: {username: lostorder, password: lostorder-secret}"}, []string{"the broker does not accept SASL on this port", "check kafka[].sasl"}},
		"TLS to a plain port":              {plain, []string{ca}, []string{"no TLS on this port"}},
		"plain to a TLS port":              {secured, nil, []string{"the port speaks TLS", "does the port need TLS"}},
		"an unknown certificate authority": {secured, []string{"tls: {enabled: true}"}, []string{"certificate is not trusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, watch(t, s.watched(t, test.addr, append(test.config, "timeout: 4s")...)))
			switch {
			case test.want == nil && err != nil:
				t.Errorf("got %v", err)
			case test.want != nil && (err == nil || !slices.ContainsFunc(test.want, func(want string) bool { return strings.Contains(err.Error(), want) })):
				t.Errorf("got %v, want one of %q", err, test.want)
			case err != nil && (strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "lostorder-secret")):
				t.Errorf("a password is named: %v", err)
			}
		})
	}
}

// TestRealLeastRightsSuffice gives a user the rights that the README asks for, and no
// more.
func TestRealLeastRightsSuffice(t *testing.T) {
	s := open(t, 1)
	produce(t, s.client, order(s.topic, 0, "o-1"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	user, password := "u-"+s.topic, "watcher-secret"
	addUser(t, s.client, user, password)
	cfg := s.watched(t, address(t, "KAFKA_SASL_ADDR"), append(impatient, "order_id: key",
		"sasl: {mechanism: SCRAM-SHA-256, username: "+user+", password: "+password+"}")...)
	r := watch(t, cfg)
	if report := until(t, r, "a reading", func(signal.Report) bool { return true }); !report.Empty() {
		t.Errorf("a user without rights sees\n%s", show(report))
	}
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationDescribe)
	allow(t, s.client, user, kmsg.ACLResourceTypeGroup, s.topic, kmsg.ACLOperationDescribe)
	report := until(t, r, "warnings that name what is not allowed", func(r signal.Report) bool {
		warnings := strings.Join(r.Warnings, "\n")
		return strings.Contains(warnings, "grant READ on topics "+s.topic) && strings.Contains(warnings, "grant DESCRIBE_CONFIGS on topics "+s.topic)
	})
	if q := mustQueue(t, report, s.topic, s.topic); q.Ready != 1 {
		t.Errorf("got\n%s", show(report))
	}
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationRead)
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationDescribeConfigs)
	until(t, watch(t, cfg), "an order that waits", func(r signal.Report) bool {
		q, _ := queueOf(r, s.topic, s.topic)
		return len(q.Sample) == 1 && len(r.Warnings) == 0
	})
}

func addUser(t *testing.T, c *kgo.Client, user, password string) {
	t.Helper()
	salted, err := pbkdf2.Key(sha256.New, password, []byte("salt"), 4096, 32)
	if err != nil {
		t.Fatal(err)
	}
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	up := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
	up.Name, up.Mechanism, up.Iterations, up.Salt, up.SaltedPassword = user, 1, 4096, []byte("salt"), salted
	req.Upsertions = append(req.Upsertions, up)
	resp, err := req.RequestWith(within(t), c)
	if err != nil || resp.Results[0].ErrorCode != 0 {
		t.Fatalf("add user: %v %+v", err, resp)
	}
}

func allow(t *testing.T, c *kgo.Client, user string, kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) {
	t.Helper()
	req := kmsg.NewPtrCreateACLsRequest()
	one := kmsg.NewCreateACLsRequestCreation()
	one.ResourceType, one.ResourceName, one.ResourcePatternType = kind, name, kmsg.ACLResourcePatternTypeLiteral
	one.Principal, one.Host, one.Operation, one.PermissionType = "User:"+user, "*", op, kmsg.ACLPermissionTypeAllow
	req.Creations = append(req.Creations, one)
	resp, err := req.RequestWith(within(t), c)
	if err != nil || resp.Results[0].ErrorCode != 0 {
		t.Fatalf("add ACL: %v %+v", err, resp)
	}
}

func TestRealBatchThatDecompressesToHundredsOfMegabytesIsABacklog(t *testing.T) {
	s := open(t, 4)
	for partition, bomb := range bombs(t) {
		produceBatch(t, s.client, s.topic, partition, bomb)
	}
	produce(t, s.client, order(s.topic, 3, "o-2"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0, 1: 0, 2: 0, 3: 0})
	holdsBombs(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR"), append(impatient, "order_id: key")...)), s.topic, s.topic)
}

func TestRealCommitBeyondTheLogEndIsAWarning(t *testing.T) {
	s := open(t, 1)
	commitBeyondEnd(t, s.client, func(lines ...string) signalReader { return watch(t, s.watched(t, address(t, "KAFKA_ADDR"), lines...)) }, s.topic)
}

func TestRealOffsetsThatALivingGroupLeftOverAreAWarning(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{"classic": nil, "KIP-848": {kgo.ServerSideBalancer()}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 1)
			b := s.topic + ".b"
			createTopic(t, s.client, 1, b)
			t.Cleanup(func() { deleteTopic(t, s.client, b) })
			leaveTopic(t, s.client, watch(t, s.watched(t, address(t, "KAFKA_ADDR"))), s.topic, s.topic, b, func(topics ...string) *kgo.Client {
				return client(t, []string{address(t, "KAFKA_ADDR")}, append(member(s.topic, topics...), opts...)...)
			})
		})
	}
}

func TestRealDeadLetterQueuesOfFrameworksArePaired(t *testing.T) {
	s := open(t, 1)
	names := []string{s.topic + ".dlt", s.topic + "-DLT", s.topic + ".dead-letter"}
	unpaired := s.topic + ".b.DLQ.old"
	createTopic(t, s.client, 1, append(names, unpaired)...)
	t.Cleanup(func() {
		for _, name := range append(names, unpaired) {
			deleteTopic(t, s.client, name)
		}
	})
	report := until(t, watch(t, s.watched(t, address(t, "KAFKA_ADDR"))), "all of them", func(r signal.Report) bool { return len(r.DeadLetters) == 3 })
	for _, name := range names {
		if d := deadLetters(report)[name]; !slices.Equal(d.Sources, []string{s.topic}) {
			t.Errorf("got\n%s", show(report))
		}
	}
	if !warns(report, unpaired, "'{topic}.b.DLQ.old'") {
		t.Errorf("got\n%s", show(report))
	}
}

func TestRealOpenTransactionThatHoldsBackAGroupIsReported(t *testing.T) {
	s := open(t, 1)
	tx := client(t, []string{address(t, "KAFKA_ADDR")}, kgo.TransactionalID(s.topic))
	holdTransaction(t, s.client, tx, watch(t, s.watched(t, address(t, "KAFKA_ADDR"), impatient...)), s.topic)
}

func TestRealMissingTopicForFailuresIsSuggested(t *testing.T) {
	s := open(t, 1)
	retry, dlt := s.topic+"-retry-5m", s.topic+"-dlt"
	createTopic(t, s.client, 1, retry)
	t.Cleanup(func() { deleteTopic(t, s.client, retry) })
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	r := watch(t, s.watched(t, address(t, "KAFKA_ADDR")))
	suggests := func(want bool) func(signal.Report) bool {
		return func(r signal.Report) bool {
			q, ok := queueOf(r, s.topic, s.topic)
			return ok && (q.Unpaired != nil && q.Unpaired.Retries == retry) == want
		}
	}
	until(t, r, "a missing dead letter queue", suggests(true))
	createTopic(t, s.client, 1, dlt)
	t.Cleanup(func() { deleteTopic(t, s.client, dlt) })
	until(t, r, "the dead letter queue", suggests(false))
}
