package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestEmptyClusterIsWholeWithAWarning: a cluster whose topics are hidden from this user
// seems empty, too.
func TestEmptyClusterIsWholeWithAWarning(t *testing.T) {
	s := serve(t)
	r := watch(t, s.settings())
	says := func(want ...string) {
		t.Helper()
		if report := readWhole(t, r); !slices.Equal(report.Warnings, want) {
			t.Errorf("warns %q, want %q", report.Warnings, want)
		}
	}
	if report := readWhole(t, r); !report.Empty() {
		t.Errorf("got\n%s", show(report))
	}
	says("no topic is visible: there is none, or this user has no DESCRIBE right on any")
	createTopic(t, s.client(), 1, "orders")
	says("no consumer group is visible: there is none, or this user has no DESCRIBE right on any")
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	says()
}

func TestDeletedTopicIsNoError(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "payments"), kfake.AllowAutoTopicCreation())
	c := s.client()
	for _, topic := range []string{"orders", "payments"} {
		produce(t, c, order(topic, 0, "o-1"))
		commit(t, c, "billing", topic, map[int32]int64{0: 0})
	}
	r := watch(t, s.settings("order_id: key"))
	readWhole(t, r)
	// It is deleted after the topics were listed and before their ends are read.
	gone := s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "orders", Err: kerr.UnknownTopicOrPartition, Count: -1})
	report := readWhole(t, r)
	if _, ok := queueOf(report, "orders", "billing"); ok {
		t.Errorf("it is still reported:\n%s", show(report))
	}
	mustQueue(t, report, "payments", "billing")
	gone.Remove()
	deleteTopic(t, c, "orders")
	for range 5 {
		if report = readWhole(t, r); len(report.Queues) != 1 {
			t.Fatalf("got\n%s", show(report))
		}
	}
	// Watching it does not create it again.
	if got := fingerprint(t, c); strings.Contains(got, "topic orders/") {
		t.Errorf("the topic came back:\n%s", got)
	}
	createTopic(t, c, 2, "orders")
	c = s.client()
	produce(t, c, order("orders", 1, "o-9"))
	commit(t, c, "billing", "orders", map[int32]int64{1: 0})
	report = readWhole(t, r)
	if q := mustQueue(t, report, "orders", "billing"); q.Ready != 1 || q.Oldest.At(signal.InstantOf(time.Now())) > time.Minute {
		t.Errorf("got\n%s", show(report))
	}
}

func TestPartitionsWithoutALeaderAreCounted(t *testing.T) {
	s := serve(t, kfake.SeedTopics(3, "orders"))
	c := s.client()
	for p := range int32(3) {
		produce(t, c, order("orders", p, "o-1"))
	}
	commit(t, c, "billing", "orders", map[int32]int64{0: 0, 1: 0, 2: 0})
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "orders", Partitions: []int32{1}, Err: kerr.NotLeaderForPartition, Count: 2})
	r := watch(t, s.settings())
	report, err := read(t, r)
	if err == nil || err.Error() != "1 partition: no leader answers for it" {
		t.Errorf("got %v", err)
	}
	q := mustQueue(t, report, "orders", "billing")
	if q.Ready != 2 || q.Partitions[1].End != signal.Unknown || q.Published != signal.Unknown {
		t.Errorf("got\n%s", show(report))
	}
	if q = mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 3 || q.Published != 3 {
		t.Errorf("got %+v", q)
	}
}

// TestPartitionUnknownToABrokerIsNoDeletedTopic: not every broker knows a partition that
// was just created or moved.
func TestPartitionUnknownToABrokerIsNoDeletedTopic(t *testing.T) {
	s := serve(t, kfake.SeedTopics(3, "orders"))
	c := s.client()
	for p := range int32(3) {
		produce(t, c, order("orders", p, "o-1"))
	}
	commit(t, c, "billing", "orders", map[int32]int64{0: 0, 1: 0, 2: 0})
	r := watch(t, s.settings())
	for _, times := range []int{1, 2} { // at the start of the logs, and at both ends
		s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "orders", Partitions: []int32{1}, Err: kerr.UnknownTopicOrPartition, Count: times})
		report, err := read(t, r)
		if err == nil || err.Error() != "1 partition: no leader answers for it" {
			t.Errorf("got %v", err)
		}
		q := mustQueue(t, report, "orders", "billing")
		if p := q.Partitions[1]; p.Start != signal.Unknown || (p.End == signal.Unknown) != (times == 2) {
			t.Errorf("got\n%s", show(report))
		}
		if times == 2 && (q.Ready != 2 || q.Published != signal.Unknown) {
			t.Errorf("got\n%s", show(report))
		}
		if q = mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 3 || q.Published != 3 {
			t.Errorf("got %+v", q)
		}
	}
}

func TestReadingIsPartialWhileOneBrokerOfThreeIsDown(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "orders"))
	c := s.client()
	for p := range int32(6) {
		// Leaders are drawn by chance, and may all be of the two others.
		if err := s.MoveTopicPartition("orders", p, p%3); err != nil {
			t.Fatal(err)
		}
		produce(t, c, order("orders", p, "o-1"))
	}
	for _, group := range []string{"a", "b", "c", "d", "e", "f"} {
		commit(t, c, group, "orders", map[int32]int64{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0})
	}
	r := watch(t, s.settings("timeout: 5s"))
	if report := readWhole(t, r); len(report.Queues) != 6 || report.Queues[0].Ready != 6 {
		t.Fatalf("got\n%s", show(report))
	}
	for name, trouble := range map[string]func(){"refuses": s.proxies[1].Refuse, "hangs": s.proxies[1].Hang} {
		trouble()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var report signal.Report
		err := r.Read(ctx, &report)
		cancel()
		if err == nil || !strings.Contains(err.Error(), "broker 1 ("+s.proxies[1].Addr()+")") {
			t.Errorf("it %s: got %v", name, err)
		}
		if len(report.Queues) == 0 || len(report.Queues) == 6 {
			t.Errorf("it %s: got %d queues of 6", name, len(report.Queues))
		}
		for _, q := range report.Queues {
			if q.Ready <= 0 || q.Ready >= 6 || q.Published != signal.Unknown {
				t.Errorf("it %s: got %+v", name, q)
			}
		}
		s.pass()
		if report := readWhole(t, r); len(report.Queues) != 6 || report.Queues[0].Ready != 6 {
			t.Errorf("after it %s: got\n%s", name, show(report))
		}
	}
}

// TestRestartedBrokerIsReadInTheNextReading: connections that failed since the last
// reading are no error.
func TestRestartedBrokerIsReadInTheNextReading(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	r := watch(t, s.settings())
	readWhole(t, r)
	s.refuse()
	s.pass()
	if report := readWhole(t, r); len(report.Queues) != 1 {
		t.Errorf("got\n%s", show(report))
	}
}

func TestNoTopicIsCreated(t *testing.T) {
	s := serve(t, kfake.AllowAutoTopicCreation(), kfake.SeedTopics(1, "payments"))
	c := s.client()
	commit(t, c, "billing", "payments", map[int32]int64{0: 0})
	before := fingerprint(t, c)
	r := watch(t, s.settings("topics: {include: [orders, payments]}", `dlq: "{topic}.dlq"`, "order_id: key"))
	for range 3 {
		readWhole(t, r)
	}
	if after := fingerprint(t, c); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	certificate, authority := certificate(t)
	secured := serve(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
	plain := serve(t)
	sasl := serve(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "lostorder", password), kfake.Superuser("PLAIN", "lostorder", password))
	other := serve(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "lostorder", password))
	sasl.ControlKey(int16(kmsg.SASLAuthenticate), refuseAs(sasl, "wrong"))
	alert := listen(t, "\x15\x03\x03\x00\x02\x02\x46")
	web := listen(t, "HTTP/1.1 400 Bad Request\r\n\r\n")
	for name, test := range map[string]struct {
		addr   string
		config []string
		want   string
	}{
		"wrong password, PLAIN": {
			sasl.ListenAddrs()[0],
			[]string{"sasl: {username: lostorder, password: wrong-horse-battery}"},
			"SASL authentication failed for user lostorder; check username, password and mechanism in kafka[].sasl",
		},
		"wrong password, SCRAM": {
			sasl.ListenAddrs()[0],
			[]string{"sasl: {mechanism: SCRAM-SHA-256, username: lostorder, password: wrong-horse-battery}"},
			"SASL authentication failed for user lostorder; check username, password and mechanism in kafka[].sasl",
		},
		"no SASL where the port needs it": {
			sasl.ListenAddrs()[0], nil,
			"the broker closed the connection; does the port need TLS (kafka[].tls) or SASL (kafka[].sasl)?",
		},
		"an unsupported mechanism": {
			other.ListenAddrs()[0],
			[]string{"sasl: {mechanism: SCRAM-SHA-512, username: lostorder, password: " + password + "}"},
			"the broker closed the connection; check kafka[].sasl, and whether the port needs TLS (kafka[].tls)",
		},
		"TLS to a plain port": {
			plain.ListenAddrs()[0],
			[]string{"tls: {insecure_skip_verify: true}"},
			"no answer to the TLS handshake within the timeout; if the port has no TLS, omit kafka[].tls",
		},
		"TLS to a port that answers something else": {
			web,
			[]string{"tls: {insecure_skip_verify: true}"},
			"no TLS on this port; omit kafka[].tls, or use the broker's TLS port",
		},
		"plain to a TLS port that hangs up": {
			secured.ListenAddrs()[0], nil,
			"the broker closed the connection; does the port need TLS (kafka[].tls) or SASL (kafka[].sasl)?",
		},
		"plain to a TLS port that sends an alert": {
			alert, nil,
			"the port speaks TLS; set kafka[].tls",
		},
		"an unknown certificate authority": {
			secured.ListenAddrs()[0],
			[]string{"tls: {server_name: localhost}"},
			"the broker's certificate is not trusted (tls: failed to verify certificate: x509: certificate signed by unknown authority); check kafka[].tls.ca_file",
		},
		"a certificate for another host": {
			secured.ListenAddrs()[0],
			[]string{"tls: {ca_file: " + authority + ", server_name: kafka.example.com}"},
			"the broker's certificate is for another host (tls: failed to verify certificate: x509: certificate is valid for localhost, not kafka.example.com); check kafka[].tls.server_name",
		},
		"a missing CA file": {
			secured.ListenAddrs()[0],
			[]string{"tls: {ca_file: /nonexistent/ca.pem}"},
			"read kafka[].tls.ca_file: open /nonexistent/ca.pem: no such file or directory",
		},
		"no such host":         {"kafka.invalid:9092", nil, "no host kafka.invalid: "},
		"no server listens":    {"127.0.0.1:1", nil, "connection refused"},
		"a web server listens": {web, nil, "the port does not speak the Kafka protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, watch(t, settings(t, []string{test.addr}, append(test.config, "timeout: 2s")...)))
			want := "read topics: " + test.addr + ": " + test.want
			if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "horse") {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
	t.Run("and with everything right it reads", func(t *testing.T) {
		readWhole(t, watch(t, settings(t, secured.ListenAddrs(), "tls: {server_name: localhost, ca_file: "+authority+"}")))
		readWhole(t, watch(t, settings(t, sasl.ListenAddrs(), "sasl: {username: lostorder, password: "+password+"}")))
	})
}

func TestErrorNamesEachAddressOnce(t *testing.T) {
	c := settings(t, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"})
	_, err := read(t, watch(t, c))
	if want := "read topics: 127.0.0.1:1: connection refused; 127.0.0.1:2: connection refused"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestMovingLeadersAreFollowed moves partitions and groups between readings.
func TestMovingLeadersAreFollowed(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "orders"))
	c := s.client(kgo.MetadataMinAge(10 * time.Millisecond))
	produce(t, c, order("orders", 3, "o-1"))
	commit(t, c, "billing", "orders", map[int32]int64{3: 0})
	r := watch(t, s.settings())
	for range 5 {
		s.ShufflePartitionLeaders()
		s.RehashCoordinators()
		if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Ready != 1 {
			t.Errorf("got %+v", q)
		}
	}
}

// refuseAs answers as a broker does to a password that is wrong; it repeats it, as
// no broker does.
func refuseAs(s *server, wrong string) func(kmsg.Request) (kmsg.Response, error, bool) {
	return func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		given := string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		if !strings.Contains(given, wrong) && !strings.HasPrefix(given, "n,,n=lostorder,r=") {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		resp.ErrorMessage = new("invalid credentials: " + given)
		return resp, nil, true
	}
}

// listen answers every connection with the same text.
func listen(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, answer)
			go func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

// certificate makes a certificate for localhost that is its own authority.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}
